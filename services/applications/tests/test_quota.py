"""What assessor-quota says: items given and refused, and who may be named in a report."""

from __future__ import annotations

import pytest
from applications import handlers
from applications.domain.application import State
from applications.handlers import EndFact, Withdraw
from chassis.handling import PoisonMessageError
from messages.applications import (
    ApplicationAccepted,
    ApplicationRefused,
    ApplicationSubmitted,
)
from messages.assessor_quota import AssessorSanctioned, QuotaItemReserved, SanctionRevoked

from .neighbours import (
    BAN,
    KEY,
    REASON,
    abnormal,
    reserved,
    unreserved,
)
from .story import (
    ALONE,
    ASSESSOR,
    NOW,
    TODAY,
    Desk,
    registered,
    report,
)


@pytest.mark.rule("E12")
async def test_an_assessors_report_waits_for_its_item_and_is_then_accepted(waiting: Desk) -> None:
    assert [type(each) for each in waiting.bench.published] == [ApplicationSubmitted]
    assert (await waiting.application(KEY)).stage == "submitted"

    said = await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW)

    assert [type(each) for each in said] == [ApplicationAccepted]
    assert (await waiting.application(KEY)).state is State.ACCEPTED


@pytest.mark.rule("E12")
@pytest.mark.rule("Q1")
async def test_without_an_item_it_is_returned_with_the_quotas_reasons_and_may_come_again(waiting: Desk) -> None:
    said = await waiting.bench.handle(handlers.refuse_unreserved, unreserved(), NOW)

    assert isinstance(said[0], ApplicationRefused)
    assert said[0].reasons == (REASON,)
    assert (await waiting.standing()).open == ()
    await waiting.bench.perform(handlers.file_report, handlers.FileReport(KEY, report(), ALONE), NOW)
    outcome = await waiting.submitted(KEY)
    assert [type(each) for each in outcome.events] == [ApplicationSubmitted, ApplicationAccepted]


async def test_an_item_for_one_that_waits_no_more_changes_nothing(waiting: Desk) -> None:
    await waiting.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)

    assert await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW) == []
    assert await waiting.bench.handle(handlers.refuse_unreserved, unreserved(), NOW) == []
    assert (await waiting.application(KEY)).state is State.WITHDRAWN


async def test_an_item_for_what_was_never_filed_is_parked(desk: Desk) -> None:
    with pytest.raises(PoisonMessageError):
        await desk.bench.handle(handlers.accept_reserved, reserved(), NOW)


@pytest.mark.rule("E12")
async def test_whoever_names_an_assessor_waits_for_an_item(waiting: Desk) -> None:
    assert (await waiting.application(KEY)).needs_item
    assert (await waiting.application(KEY)).state is State.SUBMITTED


@pytest.mark.rule("Q1")
@pytest.mark.rule("E12")
async def test_a_late_answer_to_a_submission_that_was_returned_since_is_none_to_the_next_one(waiting: Desk) -> None:
    await waiting.bench.handle(handlers.record_fact, abnormal(), NOW)
    await waiting.bench.perform(handlers.end_fact, EndFact("f-1", TODAY), NOW)
    await waiting.submitted(KEY)
    submissions = [each.submission for each in waiting.bench.published if isinstance(each, ApplicationSubmitted)]
    first, second = submissions
    assert (first, second) == (1, 2)

    for late in (reserved(), unreserved()):
        handler = handlers.accept_reserved if isinstance(late, QuotaItemReserved) else handlers.refuse_unreserved
        assert await waiting.bench.handle(handler, late.model_copy(update={"submission": first}), NOW) == []
    assert (await waiting.application(KEY)).state is State.SUBMITTED

    answer = reserved().model_copy(update={"submission": second})
    assert [type(each) for each in await waiting.bench.handle(handlers.accept_reserved, answer, NOW)] == [
        ApplicationAccepted
    ]


@pytest.mark.rule("S1")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
async def test_a_revoked_sanction_leaves_a_registered_assessor_in_whatever_order_it_is_heard(
    desk: Desk, order: tuple[int, ...]
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
    heard = [
        (handlers.record_assessor, registered()),
        (handlers.know_sanction, sanction),
        (handlers.know_sanction, revocation),
    ]

    for at in order:
        handler, event = heard[at]
        await desk.bench.handle(handler, event, NOW)

    known = await desk.bench.store().assessors.require(ASSESSOR.uscc)
    assert (known.registered, known.ban) == (True, None)
