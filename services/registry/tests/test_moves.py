"""Titles follow an organisation that has moved to another prefecture, from that day on (R1, R36)."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from messages.applications import UnitMoved
from messages.values import Prefecture
from registry.domain.locations import Location, Residence
from registry.handlers import moves

from services.registry.tests.api_calls import announce, announce_list, close_list
from services.registry.tests.builders import DAIRY, STEEL, at
from services.registry.tests.harness import RegistryHandlers

MOVED_ON = date(2027, 3, 1)
HOHHOT, BAOTOU, WUHAI = Prefecture.HOHHOT, Prefecture.BAOTOU, Prefecture.WUHAI


def moved(
    former: Prefecture = HOHHOT, prefecture: Prefecture = BAOTOU, on: date = MOVED_ON, sequence: int = 1
) -> UnitMoved:
    return UnitMoved(
        uscc=STEEL, former=former, prefecture=prefecture, moved_on=on, document_number="1号", sequence=sequence
    )


@pytest.mark.rule("R1")
async def test_a_title_is_found_where_its_unit_has_moved_and_before_that_where_it_was(
    api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    await announce_list(api, regional_officer)
    clock.move_to(at(date(2027, 4, 1)))
    await api.perform(moves.follow_move, moved())

    async def shown(prefecture: Prefecture, day: str = "") -> list[tuple[str, str]]:
        answer = await api.anonymous().get(f"/v1/units?prefecture={prefecture}{day and f'&as_of={day}'}")
        return [(each["uscc"], each["prefecture"]) for each in answer.json()["items"]]

    assert await shown(BAOTOU) == [(STEEL, BAOTOU)]
    assert await shown(HOHHOT) == [(DAIRY, HOHHOT)]
    assert await shown(BAOTOU, "2027-02-28") == []
    assert await shown(HOHHOT, "2027-02-28") == [(STEEL, HOHHOT), (DAIRY, HOHHOT)]
    assert await shown(BAOTOU, "2027-03-01") == [(STEEL, BAOTOU)]
    assert len((await api.anonymous().get("/v1/units")).json()["items"]) == 2
    for day, prefecture in (("2027-02-28", HOHHOT), ("2027-03-01", BAOTOU)):
        unit = (await api.anonymous().get(f"/v1/units/{STEEL}?as_of={day}")).json()
        assert unit["prefecture"] == prefecture


@pytest.mark.rule("R1")
async def test_a_title_announced_after_the_move_is_where_its_unit_is(
    api: ApiHarness[Any], regional_officer: ApiClient, clock: FixedClock
) -> None:
    """The case went on where it was submitted; its title belongs where the unit is."""
    clock.move_to(at(date(2027, 4, 1)))
    await api.perform(moves.follow_move, moved())
    await close_list(api, regional_officer)
    await announce(api, regional_officer)

    found = (await api.anonymous().get(f"/v1/units?prefecture={BAOTOU}")).json()["items"]
    assert [each["uscc"] for each in found] == [STEEL]


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_moves_in_any_order_and_twice_end_where_the_last_one_led(
    handlers: RegistryHandlers, order: tuple[int, ...]
) -> None:
    events = [
        moved(HOHHOT, BAOTOU, date(2027, 1, 1), 1),
        moved(BAOTOU, WUHAI, date(2027, 2, 1), 2),
        moved(WUHAI, HOHHOT, date(2027, 3, 1), 3),
    ]
    for number in (*order, *order):
        await handlers.handle(moves.follow_move, events[number], at(date(2027, 4, 1)))

    location = await handlers.store().locations.require(STEEL)
    residence = Residence(HOHHOT).after(location.moves)
    assert [residence.on(date(2027, month, 15)) for month in (1, 2, 3)] == [BAOTOU, WUHAI, HOHHOT]
    assert residence.on(date(2026, 12, 31)) is HOHHOT
    assert residence.after(location.moves) == residence


def test_a_move_from_elsewhere_does_not_concern_a_title() -> None:
    """Its case was submitted after the move, in the prefecture where it is."""
    after = Residence(BAOTOU).after(Location(STEEL).with_move(moved()).moves)
    assert after == Residence(BAOTOU)
