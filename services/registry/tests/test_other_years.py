"""A list holds the cases and removals of its own year and level (L1, L2)."""

from __future__ import annotations

from datetime import date

import pytest
from messages.review import CaseCleared
from messages.values import Level
from registry.domain.clearances import ClearanceState

from services.registry.tests.builders import COPPER, DAIRY, SOLAR, STEEL, case_cleared, decision, unit
from services.registry.tests.harness import RegistryHandlers

OWN = case_cleared("app-2026-1", unit(STEEL))
OTHERS: tuple[CaseCleared, ...] = (
    case_cleared("app-2027-1", unit(DAIRY), year=2027),
    case_cleared("app-2026-9", unit(SOLAR)).model_copy(
        update={"level": Level.NATION, "notice_id": "notice-nation-2026-1"}
    ),
)


@pytest.mark.rule("L1")
async def test_a_list_is_composed_of_its_year_and_level_alone(handlers: RegistryHandlers) -> None:
    await handlers.clear(*OTHERS, OWN)
    await handlers.remove(decision(unit(COPPER), ground="D1", number="移出7号", day=date(2026, 8, 1)))
    await handlers.remove(decision(unit(DAIRY), ground="D1", number="移出8号", day=date(2027, 1, 20)))

    closed = await handlers.close()

    assert {line.source for line in await handlers.lines()} >= {"app-2026-1"}
    assert sorted(line.unit.uscc for line in await handlers.lines()) == [STEEL, COPPER]
    assert closed.counts["removal"] == 1
    for each in OTHERS:
        assert (await handlers.store().clearances.require(each.case_id)).state is ClearanceState.WAITING


@pytest.mark.rule("L1", "L2")
async def test_an_announcement_lists_the_cases_of_its_list_alone(handlers: RegistryHandlers) -> None:
    await handlers.clear(*OTHERS, OWN)
    await handlers.close()
    await handlers.announce()

    listed = await handlers.store().listings.find()
    assert [(each.case_id, each.list_number) for each in listed] == [("app-2026-1", 1)]
    await handlers.close(2027, date(2027, 9, 10))
    await handlers.announce(2027, date(2027, 9, 15), "内工信节能字〔2027〕88号")
    listed = await handlers.store().listings.find(sort=[("_id", 1)])
    assert [(each.case_id, each.list_number) for each in listed] == [("app-2026-1", 1), ("app-2027-1", 2)]
