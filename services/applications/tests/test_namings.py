"""The assessor's own word on an application: awaited, shown to the applicant, denied (E12, Q5)."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from applications.domain.application import State
from applications.handlers import drafts, quota, records, submission
from applications.handlers.records import EndFact
from applications.handlers.submission import Withdraw
from chassis.handling import PoisonMessageError
from messages.applications import (
    ApplicationAccepted,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    EligibilityLost,
)
from messages.assessor_quota import NamingDenied, NamingRequested
from messages.values import Reason

from .builders import ASSESSOR, NOW, SELF_EVALUATION, STEEL, TODAY, report
from .builders_events import KEY, abnormal_operations, item_refused, item_reserved
from .harness import ApplicationsHarness

UNTIL = date(2026, 4, 27)
DENIED = Reason(
    rule="E12", article="第十四条第（一）项、第三十一条、第三十二条", code="naming-denied", text="未受托评价本申报"
)


def naming_requested(submission: int = 1) -> NamingRequested:
    fields = {"application_id": KEY, "assessor": ASSESSOR, "year": 2026, "unit": STEEL, "answer_by": UNTIL}
    return NamingRequested.model_validate({**fields, "submission": submission})


def naming_denied(submission: int = 1) -> NamingDenied:
    return NamingDenied(
        application_id=KEY,
        assessor=ASSESSOR,
        unit=STEEL,
        submission=submission,
        denied_on=TODAY,
        reasons=(DENIED,),
    )


@pytest.mark.rule("Q5", "E12")
async def test_an_application_says_that_it_waits_for_its_assessors_word_and_until_when(
    awaiting_item: ApplicationsHarness,
) -> None:
    assert await awaiting_item.handle(quota.await_word, naming_requested(), NOW) == []
    waiting = await awaiting_item.application(KEY)
    assert (waiting.state, waiting.stage, waiting.awaits_word_until) == (State.SUBMITTED, "awaiting_assessor", UNTIL)

    (said,) = await awaiting_item.handle(quota.accept_with_item, item_reserved(), NOW)
    assert isinstance(said, ApplicationAccepted)
    accepted = await awaiting_item.application(KEY)
    assert (accepted.stage, accepted.awaits_word_until) == ("accepted", None)


@pytest.mark.rule("Q5", "A5")
async def test_what_waits_for_a_word_can_be_withdrawn_and_waits_no_more(awaiting_item: ApplicationsHarness) -> None:
    await awaiting_item.handle(quota.await_word, naming_requested(), NOW)

    withdrawn = await awaiting_item.perform(submission.withdraw_application, Withdraw(KEY), NOW)

    assert [type(each) for each in withdrawn.events] == [ApplicationWithdrawn]
    ended = await awaiting_item.application(KEY)
    assert (ended.stage, ended.awaits_word_until) == ("withdrawn", None)
    assert await awaiting_item.handle(quota.await_word, naming_requested(), NOW) == []
    assert await awaiting_item.handle(quota.stop_denied, naming_denied(), NOW) == []
    assert (await awaiting_item.application(KEY)).state is State.WITHDRAWN


@pytest.mark.rule("E12", "A6")
async def test_a_denial_returns_what_waits_with_its_reason_and_it_may_come_again_with_another_evaluation(
    awaiting_item: ApplicationsHarness,
) -> None:
    await awaiting_item.handle(quota.await_word, naming_requested(), NOW)

    (refused,) = await awaiting_item.handle(quota.stop_denied, naming_denied(), NOW)

    assert isinstance(refused, ApplicationRefused)
    assert refused.reasons == (DENIED,)
    assert (await awaiting_item.standing()).open == ()
    await awaiting_item.perform(drafts.file_report, drafts.FileReport(KEY, report(), SELF_EVALUATION), NOW)
    outcome = await awaiting_item.submit(KEY)
    assert [type(each) for each in outcome.events] == [ApplicationSubmitted, ApplicationAccepted]


@pytest.mark.rule("E12", "V10")
async def test_a_denial_of_an_accepted_application_ends_its_eligibility_once_and_the_unit_may_apply_anew(
    awaiting_item: ApplicationsHarness,
) -> None:
    await awaiting_item.handle(quota.accept_with_item, item_reserved(), NOW)

    (lost,) = await awaiting_item.handle(quota.stop_denied, naming_denied(), NOW)

    assert isinstance(lost, EligibilityLost)
    assert lost.reasons == (DENIED,)
    assert (await awaiting_item.application(KEY)).stage == "eligibility_lost"
    assert (await awaiting_item.standing()).open == ()
    assert await awaiting_item.handle(quota.stop_denied, naming_denied(), NOW) == []


@pytest.mark.rule("Q5", "Q6")
@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_in_whatever_order_its_answers_arrive_a_denied_application_goes_no_further(
    awaiting_item: ApplicationsHarness, order: tuple[int, ...]
) -> None:
    """Requested, reserved and then denied, as assessor-quota published it."""
    steps = [
        (quota.await_word, naming_requested()),
        (quota.accept_with_item, item_reserved()),
        (quota.stop_denied, naming_denied()),
    ]
    for at in (*order, *order):
        handler, event = steps[at]
        await awaiting_item.handle(handler, event, NOW)  # type: ignore[arg-type]

    ended = await awaiting_item.application(KEY)
    assert ended.stage in {"refused", "eligibility_lost"}
    assert ended.refusals == (DENIED,)
    assert (await awaiting_item.standing()).open == ()


@pytest.mark.rule("Q5", "Q6")
@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_in_whatever_order_a_denial_that_refuses_is_one_refusal(
    awaiting_item: ApplicationsHarness, order: tuple[int, ...]
) -> None:
    steps = [
        (quota.await_word, naming_requested()),
        (quota.refuse_without_item, item_refused().model_copy(update={"reasons": (DENIED,)})),
        (quota.stop_denied, naming_denied()),
    ]
    for at in (*order, *order):
        handler, event = steps[at]
        await awaiting_item.handle(handler, event, NOW)  # type: ignore[arg-type]

    assert [type(each) for each in awaiting_item.published].count(ApplicationRefused) == 1
    assert (await awaiting_item.application(KEY)).refusals == (DENIED,)


@pytest.mark.rule("Q5", "A6")
async def test_a_late_request_or_denial_of_an_earlier_submission_touches_no_later_one(
    awaiting_item: ApplicationsHarness,
) -> None:
    await awaiting_item.handle(records.record_fact, abnormal_operations(), NOW)
    await awaiting_item.perform(records.end_fact, EndFact("f-1", TODAY), NOW)
    await awaiting_item.submit(KEY)

    assert await awaiting_item.handle(quota.await_word, naming_requested(1), NOW) == []
    assert await awaiting_item.handle(quota.stop_denied, naming_denied(1), NOW) == []

    waiting = await awaiting_item.application(KEY)
    assert (waiting.submissions, waiting.stage, waiting.awaits_word_until) == (2, "submitted", None)


async def test_a_word_on_what_was_never_filed_is_parked(handlers: ApplicationsHarness) -> None:
    with pytest.raises(PoisonMessageError):
        await handlers.handle(quota.stop_denied, naming_denied(), NOW)
