"""Lists and bans on the real database, asked by two processes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.clock import FixedClock
from chassis.committer import Committer
from chassis.handling import Handler, Refusal
from chassis.metrics import Metrics
from chassis.mongo import Database, open_database
from chassis.road import CommandRoad
from chassis.testing.stack import Stand
from chassis.unit import reading
from messages.values import Level, UnitRef
from registry.domain.bans import bans_on
from registry.domain.chain import verify
from registry.domain.clearances import ClearanceState
from registry.domain.lists import ListState, placed_at
from registry.handlers.announcing import AnnounceList, announce_list
from registry.handlers.assessors import note_sanction, settle_flags
from registry.handlers.cases import add_line
from registry.handlers.closing import CloseList, close_list
from registry.handlers.removals import record_removal
from registry.jobs import unsettled_assessors
from registry.store import AGGREGATES, INDEXES, Store
from stdnum.cn import uscc as gb32100

from services.registry.tests.kit import ASSESSOR, CLOSING, DAIRY, SOLAR, STEEL, at, cleared, decision, sanction, unit

pytestmark = pytest.mark.connected

ROUNDS = 12
SEASON = 500
"""A region's lists have some hundreds of lines at most."""


@dataclass
class Processes:
    """Two processes of the registry on one database."""

    database: Database
    roads: tuple[CommandRoad, CommandRoad]

    async def perform(self, process: int, handler: Handler[Any, Any], command: object) -> object:
        return await self.roads[process].perform(uuid4().hex, "", lambda work, now: handler(command, Store(work), now))

    def look(self) -> Store:
        return Store(reading(self.database))

    async def said(self) -> Counter[str]:
        kept = await self.database.find("outbox", {})
        return Counter(entry["h"]["ce-type"] for document in kept for entry in document["events"])


@pytest.fixture
async def two(stand: Stand) -> AsyncIterator[Processes]:
    mine = await stand.database("registry")
    database = open_database(mine.url, mine.name)
    await database.prepare(INDEXES)
    committers = [
        Committer(database, "registry", AGGREGATES, clock=FixedClock(at(CLOSING)), metrics=Metrics()) for _ in range(2)
    ]
    for each in committers:
        each.start()
    yield Processes(database, (CommandRoad(committers[0]), CommandRoad(committers[1])))
    for each in committers:
        await each.stop()
    await database.close()


@pytest.mark.rule("L2", "B2")
async def test_a_removal_and_an_announcement_at_the_same_moment_never_leave_a_banned_unit_listed(
    two: Processes,
) -> None:
    others = organisations(ROUNDS)
    for year, struck in enumerate(others, start=2026):
        await two.perform(0, add_line, cleared(f"app-{year}", struck, year=year))
        await two.perform(0, close_list, CloseList(Level.REGION, year))

        await asyncio.gather(
            two.perform(0, announce_list, AnnounceList(Level.REGION, year, f"{year}年1号")),
            two.perform(1, record_removal, decision(struck)),
            return_exceptions=True,
        )

    assert await banned_and_listed(two.look()) == []
    assert len(await two.look().removals.find()) == ROUNDS


async def banned_and_listed(store: Store) -> list[str]:
    banned = {each.uscc for each in await store.standings.find() if bans_on(each, CLOSING)}
    held = await store.listings.find({"shown_until": date.max})
    return [each.unit_key for each in held if each.uscc in banned]


@pytest.mark.rule("L3", "L5")
async def test_two_processes_announcing_at_once_announce_once(two: Processes) -> None:
    for number, uscc in enumerate((STEEL, DAIRY, SOLAR)):
        await two.perform(0, add_line, cleared(f"app-{number}", unit(uscc)))
    await asyncio.gather(*(two.perform(each, close_list, CloseList(Level.REGION, 2026)) for each in (0, 1, 0, 1)))

    answers = await asyncio.gather(
        *(two.perform(each, announce_list, AnnounceList(Level.REGION, 2026, "2026年1号")) for each in (0, 1, 0, 1))
    )

    assert answers == [answers[0]] * 4
    (announced,) = await two.look().lists.find()
    assert placed_at(announced).number == 1
    assert await two.said() == {
        "registry.list.closed.v1": 1,
        "registry.list.announced.v1": 1,
        "registry.unit.listed.v1": 3,
    }


@pytest.mark.rule("L3")
async def test_of_two_document_numbers_at_once_one_announces_and_the_other_finds_nothing(two: Processes) -> None:
    await two.perform(0, add_line, cleared())
    await two.perform(0, close_list, CloseList(Level.REGION, 2026))

    answers = await asyncio.gather(
        *(two.perform(each, announce_list, AnnounceList(Level.REGION, 2026, f"{each}号")) for each in (0, 1)),
        return_exceptions=True,
    )

    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == ["nothing-to-announce"]


@pytest.mark.rule("S2")
async def test_a_sanction_that_crosses_an_announcement_flags_each_title_once(two: Processes) -> None:
    others = organisations(ROUNDS)
    for number, each in enumerate(others):
        await two.perform(0, add_line, cleared(f"app-{number}", each, assessor=ASSESSOR))
    await two.perform(0, close_list, CloseList(Level.REGION, 2026))
    sanctioned = sanction(CLOSING + timedelta(days=1))  # dated after this day, so that the announcement stands

    await asyncio.gather(
        two.perform(0, announce_list, AnnounceList(Level.REGION, 2026, "2026年1号")),
        two.perform(1, note_sanction, sanctioned),
    )
    while items := await unsettled_assessors(two.look(), at(CLOSING)):
        await asyncio.gather(*(two.perform(n, settle_flags, item) for n in (0, 1, 0) for item in items))

    assert (await two.said())["registry.unit.flagged.v1"] == ROUNDS
    assert len(await two.look().listings.find({"flagged": True})) == ROUNDS


@pytest.mark.rule("L3")
async def test_a_whole_season_is_announced_in_one_commit(two: Processes) -> None:
    await asyncio.gather(
        *(two.perform(n % 2, add_line, cleared(f"app-{n}", each)) for n, each in enumerate(organisations(SEASON)))
    )
    await two.perform(0, close_list, CloseList(Level.REGION, 2026))

    await two.perform(0, announce_list, AnnounceList(Level.REGION, 2026, "2026年1号"))

    store = two.look()
    (announced,) = await store.lists.find()
    assert (announced.state, len(announced.lines), verify([announced]).intact) == (ListState.ANNOUNCED, SEASON, True)
    assert len(await store.listings.find()) == len(await store.units.find()) == SEASON
    assert {each.state for each in await store.clearances.find()} == {ClearanceState.ANNOUNCED}
    outbox = await two.database.find("outbox", {})
    assert sorted(len(document["events"]) for document in outbox) == [1, SEASON + 1]


def organisations(count: int) -> list[UnitRef]:
    """Invented organisations with valid codes."""
    check: Callable[[str], str] = gb32100.calc_check_digit
    bodies = [f"91150100{number:09d}" for number in range(1, count + 1)]
    return [unit().model_copy(update={"uscc": body + check(body)}) for body in bodies]
