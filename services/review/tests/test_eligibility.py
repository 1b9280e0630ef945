from __future__ import annotations

from itertools import permutations

import pytest
from messages.review import CaseClosed, CaseOpened, PublicNoticeConcluded, Stage
from messages.values import UnitRef
from review.domain.record import verify_chain
from review.handlers.applications import close_withdrawn_case, open_case, stop_ineligible_case
from review.handlers.objections import resolve_objection
from review.handlers.units import record_ban, settle_listed_case

from .builders import ASSESSOR, COPPER, STEEL, accepted, ineligible, listed, removed, sanctioned, unit, withdrawn
from .harness import Deliver, Message, ReviewHarness
from .test_notice import DAY_AFTER, decision, in_notice
from .test_suspension import SANCTIONED

ACCEPTED: Message = (open_case, accepted())
LOST: Message = (stop_ineligible_case, ineligible())


def closings(handlers: ReviewHarness) -> list[CaseClosed]:
    return [each for each in handlers.published if isinstance(each, CaseClosed)]


@pytest.mark.rule("V10")
@pytest.mark.parametrize("order", list(permutations([ACCEPTED, LOST])))
async def test_a_lost_eligibility_closes_the_case_with_its_reasons_in_whatever_order(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    (closed,) = closings(handlers)
    assert (closed.outcome, closed.reasons) == ("ineligible", ineligible().reasons)
    assert sum(isinstance(each, CaseOpened) for each in handlers.published) == 1
    assert (await handlers.case()).state is Stage.CLOSED


@pytest.mark.rule("V10", "B2")
@pytest.mark.parametrize(
    "order",
    list(
        permutations(
            [ACCEPTED, LOST, (record_ban, removed()), (close_withdrawn_case, withdrawn())],
        )
    ),
)
async def test_whatever_else_ends_it_the_case_is_closed_once(deliver: Deliver, order: tuple[Message, ...]) -> None:
    handlers = await deliver(*order)

    assert len(closings(handlers)) == 1


@pytest.mark.rule("V10")
async def test_another_application_of_the_unit_goes_on(deliver: Deliver) -> None:
    handlers = await deliver((stop_ineligible_case, ineligible("app-of-last-year")), ACCEPTED)

    assert (await handlers.case()).state is Stage.CONSULTING


@pytest.mark.rule("V10", "S2")
async def test_a_suspended_case_is_stopped_as_well(deliver: Deliver) -> None:
    handlers = await deliver((open_case, accepted(by=ASSESSOR)), SANCTIONED, LOST)

    assert (await handlers.case()).state is Stage.CLOSED
    assert sanctioned().document_number == (await handlers.case()).suspended_by


@pytest.mark.rule("V10")
async def test_a_case_is_stopped_after_it_was_cleared_and_its_record_says_why(handlers: ReviewHarness) -> None:
    notice_id, one, other = await in_notice(handlers)
    handlers.today = DAY_AFTER
    await handlers.conclude(notice_id)

    (closed,) = await handlers.do(stop_ineligible_case, ineligible(one, unit(STEEL)))

    assert isinstance(closed, CaseClosed)
    assert (closed.case_id, closed.outcome, closed.closed_on) == (one, "ineligible", DAY_AFTER)
    assert (await handlers.case(other)).state is Stage.CLEARED
    entries = await handlers.store().records.find({"case_id": one}, sort=[("number", 1)])
    assert verify_chain(entries, (await handlers.case(one)).head) is None
    assert (entries[-1].rule, entries[-1].evidence["state"], entries[-1].reason) == (
        "E4",
        "cleared",
        "存在偷税漏税行为",
    )


@pytest.mark.rule("V10", "V9")
async def test_stopped_during_its_notice_it_is_not_cleared_and_its_objection_can_still_be_decided(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, _ = await in_notice(handlers)
    await handlers.object(notice_id, one)
    await handlers.do(stop_ineligible_case, ineligible(one, unit(STEEL)))
    handlers.today = DAY_AFTER

    concluded, *_ = await handlers.conclude(notice_id)
    await handlers.do(resolve_objection, decision(notice_id, upheld=True))

    assert isinstance(concluded, PublicNoticeConcluded)
    assert (concluded.cleared, concluded.waiting) == (1, 0)
    assert len([each for each in closings(handlers) if each.case_id == one]) == 1


@pytest.mark.rule("V10")
@pytest.mark.parametrize("of", [unit(STEEL), unit(COPPER)])
async def test_once_listed_a_lost_eligibility_is_the_registers_matter(handlers: ReviewHarness, of: UnitRef) -> None:
    notice_id, one, other = await in_notice(handlers)
    handlers.today = DAY_AFTER
    await handlers.conclude(notice_id)
    case_id = one if of.uscc == STEEL else other
    await handlers.do(settle_listed_case, listed(case_id, of))

    assert await handlers.do(stop_ineligible_case, ineligible(case_id, of)) == []
    assert (await handlers.case(case_id)).state is Stage.LISTED
