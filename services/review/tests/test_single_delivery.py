"""Events told once, in every order: what stops or suspends a case does so by itself, not by its repeat."""

from __future__ import annotations

from itertools import permutations

import pytest
from messages.review import CaseClosed, CaseSuspended, Stage
from review.handlers.applications import close_withdrawn_case, open_case, stop_ineligible_case
from review.handlers.assessors import record_sanction
from review.handlers.units import record_ban

from .builders import ASSESSOR, accepted, ineligible, removed, sanctioned, withdrawn
from .harness import Message, ReviewHarness

ENDS: dict[str, Message] = {
    "removed": (record_ban, removed()),
    "lost": (stop_ineligible_case, ineligible()),
    "withdrawn": (close_withdrawn_case, withdrawn()),
}
ENDED_AS = {"removed": ("ineligible", "B2"), "lost": ("ineligible", "E4"), "withdrawn": ("withdrawn", "A5")}
ACCEPTED: Message = (open_case, accepted(by=ASSESSOR))
SANCTIONED: Message = (record_sanction, sanctioned())


def closings(handlers: ReviewHarness) -> list[tuple[str, str]]:
    said = [each for each in handlers.published if isinstance(each, CaseClosed)]
    return [(each.outcome, each.reasons[0].rule) for each in said]


async def state(handlers: ReviewHarness) -> Stage | None:
    case = await handlers.store().cases.get("app-1")
    return None if case is None else case.state


@pytest.mark.rule("A5", "B2", "V10")
@pytest.mark.parametrize("name", ENDS)
async def test_what_was_heard_before_the_acceptance_ends_the_case_as_it_is_opened(
    handlers: ReviewHarness, name: str
) -> None:
    await handlers.do(*ENDS[name])
    assert await state(handlers) is None

    await handlers.do(*ACCEPTED)

    assert await state(handlers) is Stage.CLOSED
    assert closings(handlers) == [ENDED_AS[name]]


@pytest.mark.rule("A5", "B2", "V10")
@pytest.mark.parametrize("name", ENDS)
async def test_what_is_heard_after_the_acceptance_ends_the_case_at_once(handlers: ReviewHarness, name: str) -> None:
    await handlers.do(*ACCEPTED)
    assert await state(handlers) is Stage.CONSULTING

    await handlers.deliver(*ENDS[name])

    assert await state(handlers) is Stage.CLOSED
    assert closings(handlers) == [ENDED_AS[name]]


@pytest.mark.rule("A5", "B2", "V10")
@pytest.mark.parametrize("order", list(permutations(["accepted", *ENDS])))
async def test_of_several_ends_the_first_that_meets_the_case_is_the_only_one(
    handlers: ReviewHarness, order: tuple[str, ...]
) -> None:
    before = order[: order.index("accepted")]
    for number, name in enumerate(order, start=1):
        await handlers.deliver(*(ACCEPTED if name == "accepted" else ENDS[name]))

        heard = order[:number]
        if "accepted" not in heard:
            assert (await state(handlers), closings(handlers)) == (None, [])
        elif len(heard) == 1:
            assert (await state(handlers), closings(handlers)) == (Stage.CONSULTING, [])
        else:
            assert await state(handlers) is Stage.CLOSED
            # Of what was heard before the case was opened, the ban of its unit weighs most, the withdrawal least.
            known = [each for each in ENDS if each in before]
            first = known[0] if known else order[order.index("accepted") + 1]
            assert closings(handlers) == [ENDED_AS[first]]


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", list(permutations([ACCEPTED, SANCTIONED])))
async def test_a_sanction_suspends_the_case_by_itself_in_either_order(
    handlers: ReviewHarness, order: tuple[Message, ...]
) -> None:
    *earlier, (handler, message) = order
    for each in earlier:
        await handlers.do(*each)
    await (handlers.do if handler is open_case else handlers.deliver)(handler, message)

    assert (await handlers.case()).suspended_by == sanctioned().document_number
    assert [each.case_id for each in handlers.published if isinstance(each, CaseSuspended)] == ["app-1"]


@pytest.mark.rule("S2", "B2")
async def test_a_case_that_ends_as_it_is_opened_is_not_suspended_as_well(handlers: ReviewHarness) -> None:
    await handlers.do(*SANCTIONED)
    await handlers.do(*ENDS["withdrawn"])

    await handlers.do(*ACCEPTED)

    assert closings(handlers) == [("withdrawn", "A5")]
    assert not any(isinstance(each, CaseSuspended) for each in handlers.published)
