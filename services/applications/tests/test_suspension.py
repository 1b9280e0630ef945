"""S2, S4: an application is shown as suspended while its case is, and may be withdrawn all the same."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from applications.handlers import progress, quota, submission
from applications.handlers.submission import Withdraw
from messages import review
from messages.applications import ApplicationWithdrawn
from messages.assessor_quota import AssessorAmended, LegalRepresentativeChanged
from messages.values import Reason, UnitType

from .builders import ASSESSOR, CASE, NOW, PERSON, TODAY, assessor_registered
from .builders_events import KEY
from .harness import ApplicationsHarness

DOCUMENT = "内工信通〔2026〕3号"
OPENED = review.CaseOpened(**CASE, opened_on=TODAY, sequence=1)
SUSPENDED = review.CaseSuspended(**CASE, document_number=DOCUMENT, suspended_on=date(2026, 5, 2), sequence=2)
RESUMED = review.CaseResumed(**CASE, resumed_on=date(2026, 5, 9), sequence=3)
AGAIN = review.CaseSuspended(**CASE, document_number="内工信通〔2026〕8号", suspended_on=date(2026, 6, 2), sequence=4)
CLOSED = review.CaseClosed(
    **CASE,
    outcome="withdrawn",
    reasons=(Reason(rule="A5", article="第十四条", code="application-withdrawn", text="撤回"),),
    closed_on=date(2026, 6, 3),
    initial_review_accepted=False,
    sequence=5,
)


async def follow(handlers: ApplicationsHarness, *events: review.Case) -> None:
    for event in events:
        handler = progress.follow_closing if isinstance(event, review.CaseClosed) else progress.follow_case
        await handlers.handle(handler, event, NOW)


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", list(permutations([OPENED, SUSPENDED])))
async def test_it_is_shown_as_suspended_with_the_document_in_whatever_order(
    in_review: ApplicationsHarness, order: tuple[review.Case, ...]
) -> None:
    await follow(in_review, *order)

    found = await in_review.application(KEY)
    assert (found.stage, found.suspended_by) == ("suspended", DOCUMENT)


@pytest.mark.rule("S4")
@pytest.mark.parametrize("order", list(permutations([OPENED, SUSPENDED, RESUMED])))
async def test_once_resumed_it_stands_where_it_stood_in_whatever_order(
    in_review: ApplicationsHarness, order: tuple[review.Case, ...]
) -> None:
    await follow(in_review, *order, *order)

    found = await in_review.application(KEY)
    assert (found.stage, found.suspended_by) == ("opened", None)
    assert [each.stage for each in found.steps] == ["opened", "suspended", "resumed"]


@pytest.mark.rule("S2", "S4")
@pytest.mark.parametrize("order", list(permutations([OPENED, SUSPENDED, RESUMED, AGAIN])))
async def test_the_word_said_last_counts_whichever_was_heard_last(
    in_review: ApplicationsHarness, order: tuple[review.Case, ...]
) -> None:
    await follow(in_review, *order)

    assert (await in_review.application(KEY)).suspended_by == AGAIN.document_number


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", list(permutations([OPENED, SUSPENDED, CLOSED])))
async def test_a_case_that_ended_is_suspended_no_more(
    in_review: ApplicationsHarness, order: tuple[review.Case, ...]
) -> None:
    await follow(in_review, *order)

    found = await in_review.application(KEY)
    assert (found.stage, found.suspended_by) == ("closed", None)


@pytest.mark.rule("S2")
async def test_what_review_says_meanwhile_is_kept_and_does_not_hide_the_suspension(
    in_review: ApplicationsHarness,
) -> None:
    answered = review.ConsultationAnswered(
        **CASE, department="market_regulation", opinion="agree", answered_on=date(2026, 5, 4), sequence=6
    )
    await follow(in_review, OPENED, AGAIN, answered)

    found = await in_review.application(KEY)
    assert (found.stage, found.steps[-1].stage) == ("suspended", "consultation_answered")


@pytest.mark.rule("A5", "S2", "Q5")
async def test_a_suspended_application_can_be_withdrawn_and_no_acceptance_is_claimed(
    in_review: ApplicationsHarness,
) -> None:
    await follow(in_review, OPENED, SUSPENDED)

    outcome = await in_review.perform(submission.withdraw_application, Withdraw(KEY), NOW)

    (event,) = outcome.events
    assert isinstance(event, ApplicationWithdrawn)
    assert event.initial_review_accepted is False
    found = await in_review.application(KEY)
    assert (found.stage, found.suspended_by) == ("withdrawn", None)


AMENDED = AssessorAmended(
    assessor_uscc=ASSESSOR.uscc, name="新名评价中心", scope=(UnitType.PARK,), amended_on=TODAY, sequence=2
)
CHANGED = LegalRepresentativeChanged(
    assessor_uscc=ASSESSOR.uscc,
    name="再改评价中心",
    former=PERSON,
    representative=PERSON,
    changed_on=TODAY,
    document_number="变更1号",
    carried=(),
    sequence=3,
)


@pytest.mark.rule("E12", "Q4")
@pytest.mark.parametrize("order", list(permutations([assessor_registered(), AMENDED, CHANGED])))
async def test_who_may_be_named_goes_by_the_latest_entry_in_whatever_order(
    order: tuple[AssessorAmended | LegalRepresentativeChanged, ...],
) -> None:
    handlers = ApplicationsHarness()
    for event in order:
        handler = quota.record_representative if event is CHANGED else quota.record_assessor
        await handlers.handle(handler, event, NOW)  # type: ignore[arg-type]

    known = await handlers.store().assessors.require(ASSESSOR.uscc)
    assert (known.registered, known.name, known.scope) == (True, "再改评价中心", (UnitType.PARK,))
