"""Lists and bans on the real database, changed by two processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta

import pytest
from chassis.handling import Refusal
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.values import Level, UnitRef
from registry.domain.bans import bans_on
from registry.domain.chain import verify
from registry.domain.clearances import ClearanceState
from registry.domain.lists import ListState, announcement_of
from registry.handlers.announcing import AnnounceList, announce_list
from registry.handlers.assessors import record_sanction, update_flags
from registry.handlers.cases import add_line
from registry.handlers.closing import CloseList, close_list
from registry.handlers.removals import record_removal
from registry.jobs import assessors_with_pending_flags
from registry.store import AGGREGATES, INDEXES, Store
from stdnum.cn import uscc as gb32100

from services.registry.tests.builders import (
    ASSESSOR,
    CLOSING,
    DAIRY,
    SOLAR,
    STEEL,
    at,
    case_cleared,
    decision,
    sanction,
    unit,
)

pytestmark = pytest.mark.connected

ROUNDS = 12
SEASON = 500
"""A region's lists have some hundreds of lines at most."""


@pytest.fixture
async def two(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    """Two processes of the registry on one database."""
    async with committer_cluster(
        servers, "registry", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(at(CLOSING))
    ) as opened:
        yield opened


@pytest.mark.rule("L2", "B2")
async def test_a_removal_and_an_announcement_at_the_same_moment_never_leave_a_banned_unit_listed(
    two: CommitterCluster[Store],
) -> None:
    others = organisations(ROUNDS)
    for year, struck in enumerate(others, start=2026):
        await two.perform(0, add_line, case_cleared(f"app-{year}", struck, year=year))
        await two.perform(0, close_list, CloseList(Level.REGION, year))

        await asyncio.gather(
            two.perform(0, announce_list, AnnounceList(Level.REGION, year, f"{year}年1号")),
            two.perform(1, record_removal, decision(struck)),
            return_exceptions=True,
        )

    assert await banned_units_listed(two.read()) == []
    assert len(await two.read().removals.find()) == ROUNDS


async def banned_units_listed(store: Store) -> list[str]:
    banned = {each.uscc for each in await store.ban_records.find() if bans_on(each, CLOSING)}
    held = await store.listings.find({"shown_until": date.max})
    return [each.unit_key for each in held if each.uscc in banned]


@pytest.mark.rule("L3", "L5")
async def test_two_processes_announcing_at_once_announce_once(two: CommitterCluster[Store]) -> None:
    for number, uscc in enumerate((STEEL, DAIRY, SOLAR)):
        await two.perform(0, add_line, case_cleared(f"app-{number}", unit(uscc)))
    await asyncio.gather(*(two.perform(each, close_list, CloseList(Level.REGION, 2026)) for each in (0, 1, 0, 1)))

    answers = await asyncio.gather(
        *(two.perform(each, announce_list, AnnounceList(Level.REGION, 2026, "2026年1号")) for each in (0, 1, 0, 1))
    )

    assert answers == [answers[0]] * 4
    (announced,) = await two.read().lists.find()
    assert announcement_of(announced).number == 1
    assert await two.published() == {
        "registry.list.closed.v1": 1,
        "registry.list.announced.v1": 1,
        "registry.unit.listed.v1": 3,
    }


@pytest.mark.rule("L3")
async def test_of_two_document_numbers_at_once_one_announces_and_the_other_finds_nothing(
    two: CommitterCluster[Store],
) -> None:
    await two.perform(0, add_line, case_cleared())
    await two.perform(0, close_list, CloseList(Level.REGION, 2026))

    answers = await asyncio.gather(
        *(two.perform(each, announce_list, AnnounceList(Level.REGION, 2026, f"{each}号")) for each in (0, 1)),
        return_exceptions=True,
    )

    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == ["nothing-to-announce"]


@pytest.mark.rule("S2")
async def test_a_sanction_that_crosses_an_announcement_flags_each_title_once(two: CommitterCluster[Store]) -> None:
    others = organisations(ROUNDS)
    for number, each in enumerate(others):
        await two.perform(0, add_line, case_cleared(f"app-{number}", each, assessor=ASSESSOR))
    await two.perform(0, close_list, CloseList(Level.REGION, 2026))
    sanctioned = sanction(CLOSING + timedelta(days=1))  # dated after this day, so that the announcement stands

    await asyncio.gather(
        two.perform(0, announce_list, AnnounceList(Level.REGION, 2026, "2026年1号")),
        two.perform(1, record_sanction, sanctioned),
    )
    while items := await assessors_with_pending_flags(two.read(), at(CLOSING)):
        await asyncio.gather(*(two.perform(n, update_flags, item) for n in (0, 1, 0) for item in items))

    assert (await two.published())["registry.unit.flagged.v1"] == ROUNDS
    assert len(await two.read().listings.find({"flagged": True})) == ROUNDS


@pytest.mark.rule("L3")
async def test_a_whole_season_is_announced_in_one_commit(two: CommitterCluster[Store]) -> None:
    await asyncio.gather(
        *(two.perform(n % 2, add_line, case_cleared(f"app-{n}", each)) for n, each in enumerate(organisations(SEASON)))
    )
    await two.perform(0, close_list, CloseList(Level.REGION, 2026))

    await two.perform(0, announce_list, AnnounceList(Level.REGION, 2026, "2026年1号"))

    store = two.read()
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
