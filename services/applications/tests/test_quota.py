"""Events of assessor-quota: items reserved and refused, and the assessors that a report may name."""

from __future__ import annotations

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
)
from messages.assessor_quota import AssessorSanctioned, QuotaItemReserved, SanctionRevoked

from .builders import ASSESSOR, NOW, SELF_EVALUATION, TODAY, assessor_registered, report
from .builders_events import (
    BAN,
    KEY,
    REASON,
    abnormal_operations,
    item_refused,
    item_reserved,
)
from .harness import ApplicationsHarness


@pytest.mark.rule("E12")
async def test_an_assessors_report_waits_for_its_item_and_is_then_accepted(awaiting_item: ApplicationsHarness) -> None:
    assert [type(each) for each in awaiting_item.published] == [ApplicationSubmitted]
    assert (await awaiting_item.application(KEY)).stage == "submitted"

    events = await awaiting_item.handle(quota.accept_with_item, item_reserved(), NOW)

    assert [type(each) for each in events] == [ApplicationAccepted]
    assert (await awaiting_item.application(KEY)).state is State.ACCEPTED


@pytest.mark.rule("E12")
@pytest.mark.rule("Q1")
async def test_without_an_item_it_is_returned_with_the_quotas_reasons_and_may_come_again(
    awaiting_item: ApplicationsHarness,
) -> None:
    events = await awaiting_item.handle(quota.refuse_without_item, item_refused(), NOW)

    assert isinstance(events[0], ApplicationRefused)
    assert events[0].reasons == (REASON,)
    assert (await awaiting_item.standing()).open == ()
    await awaiting_item.perform(drafts.file_report, drafts.FileReport(KEY, report(), SELF_EVALUATION), NOW)
    outcome = await awaiting_item.submit(KEY)
    assert [type(each) for each in outcome.events] == [ApplicationSubmitted, ApplicationAccepted]


async def test_an_item_for_one_that_waits_no_more_changes_nothing(awaiting_item: ApplicationsHarness) -> None:
    await awaiting_item.perform(submission.withdraw_application, Withdraw(KEY), NOW)

    assert await awaiting_item.handle(quota.accept_with_item, item_reserved(), NOW) == []
    assert await awaiting_item.handle(quota.refuse_without_item, item_refused(), NOW) == []
    assert (await awaiting_item.application(KEY)).state is State.WITHDRAWN


async def test_an_item_for_what_was_never_filed_is_parked(handlers: ApplicationsHarness) -> None:
    with pytest.raises(PoisonMessageError):
        await handlers.handle(quota.accept_with_item, item_reserved(), NOW)


@pytest.mark.rule("E12")
async def test_whoever_names_an_assessor_waits_for_an_item(awaiting_item: ApplicationsHarness) -> None:
    assert (await awaiting_item.application(KEY)).needs_item
    assert (await awaiting_item.application(KEY)).state is State.SUBMITTED


@pytest.mark.rule("Q1")
@pytest.mark.rule("E12")
async def test_a_late_answer_to_a_submission_that_was_returned_since_is_none_to_the_next_one(
    awaiting_item: ApplicationsHarness,
) -> None:
    await awaiting_item.handle(records.record_fact, abnormal_operations(), NOW)
    await awaiting_item.perform(records.end_fact, EndFact("f-1", TODAY), NOW)
    await awaiting_item.submit(KEY)
    submissions = [each.submission for each in awaiting_item.published if isinstance(each, ApplicationSubmitted)]
    first, second = submissions
    assert (first, second) == (1, 2)

    for late in (item_reserved(), item_refused()):
        handler = quota.accept_with_item if isinstance(late, QuotaItemReserved) else quota.refuse_without_item
        assert await awaiting_item.handle(handler, late.model_copy(update={"submission": first}), NOW) == []
    assert (await awaiting_item.application(KEY)).state is State.SUBMITTED

    answer = item_reserved().model_copy(update={"submission": second})
    assert [type(each) for each in await awaiting_item.handle(quota.accept_with_item, answer, NOW)] == [
        ApplicationAccepted
    ]


@pytest.mark.rule("S1")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
async def test_a_revoked_sanction_leaves_a_registered_assessor_in_whatever_order_it_is_heard(
    handlers: ApplicationsHarness, order: tuple[int, ...]
) -> None:
    sanction = AssessorSanctioned(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        ban=BAN,
        document_number="内工信罚〔2026〕1号",
        reasons=(REASON,),
        sequence=2,
    )
    revocation = SanctionRevoked(
        assessor_uscc=ASSESSOR.uscc, name=ASSESSOR.name, revoked_on=TODAY, document_number="2号", sequence=3
    )
    steps = [
        (quota.record_assessor, assessor_registered()),
        (quota.record_sanction, sanction),
        (quota.record_sanction, revocation),
    ]

    for at in order:
        handler, event = steps[at]
        await handlers.handle(handler, event, NOW)

    known = await handlers.store().assessors.require(ASSESSOR.uscc)
    assert (known.registered, known.ban) == (True, None)
