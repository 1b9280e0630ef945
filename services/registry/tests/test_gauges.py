"""Titles, lines of the list and removals, as the region follows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from chassis.persistence.unit_of_work import read_only_unit
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from messages.values import UnitType
from registry.domain.clearances import ClearanceState
from registry.domain.removals import RemovalState
from registry.gauges import GAUGES
from registry.store import Store

from services.registry.tests.api_calls import REMOVAL, announce_list, close_list
from services.registry.tests.builders import STEEL, at, unit


async def read(api: ApiHarness[Any], name: str, now: datetime) -> dict[tuple[str, ...], float]:
    gauge = next(each for each in GAUGES if each.name == name)
    return dict(await gauge.read(Store(read_only_unit(api.memory)), now))


async def test_lines_of_this_years_list_are_counted_by_state(
    api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    before = await read(api, "registry_list_lines", clock.now())
    await close_list(api, regional_officer)
    closed = await read(api, "registry_list_lines", clock.now())

    assert before.keys() == {(state,) for state in ClearanceState}
    assert before[ClearanceState.WAITING,] == closed[ClearanceState.FROZEN,] > 0
    assert closed[ClearanceState.WAITING,] == 0
    assert sum((await read(api, "registry_list_lines", at(date(2030, 1, 1)))).values()) == 0


async def test_titles_shown_today_fall_with_a_removal_which_is_counted(
    api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    await announce_list(api, regional_officer)
    listed = await read(api, "registry_titles", clock.now())
    clock.move_to(at(date(2027, 3, 1)))
    removal = REMOVAL | {"unit": unit(STEEL).model_dump(mode="json"), "decided_on": "2027-02-20"}
    assert (await regional_officer.post("/v1/removals", json=removal)).status_code == 201

    assert listed.keys() == {(each,) for each in UnitType}
    left = await read(api, "registry_titles", clock.now())
    assert listed[UnitType.FACTORY,] - left[UnitType.FACTORY,] == 1
    counted = await read(api, "registry_removals", clock.now())
    assert counted.keys() == {(each,) for each in RemovalState}
    assert sum(counted.values()) == 1
