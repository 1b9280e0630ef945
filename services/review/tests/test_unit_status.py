from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from messages.review import CaseClosed, CaseOpened, Stage
from messages.values import UnitType
from review.handlers.applications import close_withdrawn_case, open_case
from review.handlers.units import record_ban, settle_listed_case

from .builders import (
    COPPER,
    STEEL,
    accepted,
    listed,
    removed,
    unit,
    withdrawn,
)
from .harness import Deliver, Message, ReviewHarness
from .test_notice import DAY_AFTER, in_notice

ACCEPTED: Message = (open_case, accepted())
REMOVED: Message = (record_ban, removed())
WITHDRAWN: Message = (close_withdrawn_case, withdrawn())


@pytest.mark.rule("B2")
@pytest.mark.parametrize("order", list(permutations([ACCEPTED, REMOVED])))
async def test_a_removed_units_open_case_is_stopped_in_whatever_order_it_is_heard(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    closed = [each for each in handlers.published if isinstance(each, CaseClosed)]
    assert [each.outcome for each in closed] == ["ineligible"]
    assert (closed[0].reasons[0].rule, closed[0].reasons[0].article) == ("B2", "第二十五条")
    assert "2029-04-20" in closed[0].reasons[0].text
    assert sum(isinstance(each, CaseOpened) for each in handlers.published) == 1


@pytest.mark.rule("B1")
async def test_the_ban_lies_on_the_code_so_that_a_removed_park_stops_its_managing_body_too(deliver: Deliver) -> None:
    park = unit().model_copy(update={"unit_type": UnitType.PARK, "park_name": "示例园区"})

    handlers = await deliver((record_ban, removed(park)), ACCEPTED)

    assert [each.outcome for each in handlers.published if isinstance(each, CaseClosed)] == ["ineligible"]


@pytest.mark.rule("A5")
@pytest.mark.parametrize("order", list(permutations([ACCEPTED, WITHDRAWN])))
async def test_a_withdrawn_application_closes_its_case_in_whatever_order_it_is_heard(
    deliver: Deliver, order: tuple[Message, ...]
) -> None:
    handlers = await deliver(*order)

    closed = [each for each in handlers.published if isinstance(each, CaseClosed)]
    assert [each.outcome for each in closed] == ["withdrawn"]


@pytest.mark.rule("B2")
@pytest.mark.parametrize("order", list(permutations([ACCEPTED, REMOVED, WITHDRAWN])))
async def test_a_case_is_closed_once_whatever_ends_it(deliver: Deliver, order: tuple[Message, ...]) -> None:
    handlers = await deliver(*order)

    assert sum(isinstance(each, CaseClosed) for each in handlers.published) == 1
    assert (await handlers.case()).state is Stage.CLOSED


@pytest.mark.rule("B2")
async def test_another_units_case_and_another_application_go_on(handlers: ReviewHarness) -> None:
    await handlers.open(accepted("app-1", unit(STEEL)))
    await handlers.open(accepted("app-2", unit(COPPER)))
    await handlers.do(close_withdrawn_case, withdrawn("app-9", unit(COPPER)))

    await handlers.deliver(record_ban, removed(unit(STEEL)))

    assert (await handlers.case("app-1")).state is Stage.CLOSED
    assert (await handlers.case("app-2")).state is Stage.CONSULTING


@pytest.mark.rule("B2", "B1")
async def test_every_unit_type_of_the_unit_is_stopped(handlers: ReviewHarness) -> None:
    for number, kind in enumerate(("factory", "supply_chain")):
        await handlers.open(accepted(f"app-{number}", unit(STEEL, unit_type=type(unit().unit_type)(kind))))

    await handlers.deliver(record_ban, removed(unit(STEEL)))

    assert {(await handlers.case(f"app-{number}")).state for number in range(2)} == {Stage.CLOSED}


@pytest.mark.rule("B2")
async def test_a_removal_without_a_ban_or_with_one_long_over_stops_nothing(handlers: ReviewHarness) -> None:
    case_id = await handlers.open()

    await handlers.deliver(record_ban, removed(ban=False))
    await handlers.deliver(record_ban, removed(on=date(2022, 3, 1)))

    assert (await handlers.case(case_id)).state is Stage.CONSULTING


@pytest.mark.rule("B2")
async def test_a_ban_of_an_earlier_year_that_still_runs_stops_a_new_case(deliver: Deliver) -> None:
    handlers = await deliver((record_ban, removed(on=date(2024, 9, 1))), ACCEPTED)

    assert (await handlers.case()).state is Stage.CLOSED


@pytest.mark.rule("V10", "B2")
async def test_ineligibility_after_the_notice_still_stops_a_cleared_case(handlers: ReviewHarness) -> None:
    notice_id, one, other = await in_notice(handlers)
    handlers.today = DAY_AFTER
    await handlers.conclude(notice_id)

    (closed,) = await handlers.deliver(record_ban, removed(unit(STEEL), on=DAY_AFTER))

    assert isinstance(closed, CaseClosed)
    assert closed.case_id == one
    assert (await handlers.case(other)).state is Stage.CLEARED


@pytest.mark.rule("V10")
async def test_once_listed_the_case_is_done_and_a_removal_is_the_registers_matter(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    handlers.today = DAY_AFTER
    await handlers.conclude(notice_id)

    for _ in range(2):
        await handlers.do(settle_listed_case, listed(one, unit(STEEL)))
    said = await handlers.deliver(record_ban, removed(unit(STEEL), on=DAY_AFTER))

    assert said == []
    assert (await handlers.case(one)).state is Stage.LISTED


async def test_a_unit_listed_before_this_system_has_no_case_here() -> None:
    assert await ReviewHarness().do(settle_listed_case, listed("case-of-2021")) == []
