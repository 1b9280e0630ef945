"""Lists and bans on the real database, changed by two processes at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import date

import pytest
from chassis.handling import Refusal
from chassis.scheduling import Job
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.due_jobs import drain
from devkit.private_servers import PrivateServers
from messages.values import Level, UnitRef
from registry.domain.bans import bans_on
from registry.domain.clearances import ClearanceState
from registry.domain.list_acts import ActState, ListAct
from registry.domain.lists import ListState, announcement_of
from registry.handlers.announcing import AnnounceList, begin_announcing
from registry.handlers.assessors import record_sanction
from registry.handlers.cases import add_line
from registry.handlers.closing import CloseList, begin_closing
from registry.handlers.list_acts import LINES_PER_STEP
from registry.handlers.removals import record_removal
from registry.handlers.verifying import verify_chain
from registry.jobs import JOBS
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


@pytest.fixture
async def two(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    """Two processes of the registry on one database."""
    async with committer_cluster(
        servers, "registry", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(at(CLOSING))
    ) as opened:
        yield opened


async def run_jobs(two: CommitterCluster[Store], process: int, *, polls: int | None = None) -> None:
    """Run the jobs at one process; an item that is taken there and elsewhere has its effect once."""

    async def handle(job: Job[Store], item: object) -> bool:
        await two.executors[process].execute(job.inbox_id(item), "", job.call(item, two.store))
        return True

    await drain(JOBS, two.read, lambda: at(CLOSING), handle, polls)


async def close(two: CommitterCluster[Store], year: int = 2026) -> None:
    await two.perform(0, begin_closing, CloseList(Level.REGION, year))
    await run_jobs(two, 0)


async def latest_act(store: Store) -> ListAct:
    return (await store.list_acts.find(sort=[("act_id", -1)], limit=1))[0]


@pytest.mark.rule("L2", "B2")
async def test_a_removal_and_an_announcement_at_the_same_moment_never_leave_a_banned_unit_listed(
    two: CommitterCluster[Store],
) -> None:
    others = organisations(ROUNDS)
    for year, struck in enumerate(others, start=2026):
        await two.perform(0, add_line, case_cleared(f"app-{year}", struck, year=year))
        await close(two, year)

        await two.perform(0, begin_announcing, AnnounceList(Level.REGION, year, f"{year}年1号"))
        await asyncio.gather(run_jobs(two, 0), two.perform(1, record_removal, decision(struck)))

    assert await banned_units_listed(two.read()) == []
    assert len(await two.read().removals.find()) == ROUNDS


async def banned_units_listed(store: Store) -> list[str]:
    last_number = (await store.chain_heads.require("region")).last_number
    banned = {each.uscc for each in await store.ban_records.find() if bans_on(each, CLOSING, last_number)}
    held = await store.listings.find({"shown_until": date.max})
    return [each.unit_key for each in held if each.uscc in banned]


@pytest.mark.rule("L3", "L5")
async def test_two_processes_announcing_at_once_announce_once(two: CommitterCluster[Store]) -> None:
    for number, uscc in enumerate((STEEL, DAIRY, SOLAR)):
        await two.perform(0, add_line, case_cleared(f"app-{number}", unit(uscc)))
    for begin, command in (
        (begin_closing, CloseList(Level.REGION, 2026)),
        (begin_announcing, AnnounceList(Level.REGION, 2026, "2026年1号")),
    ):
        refs = await asyncio.gather(*(two.perform(each, begin, command) for each in (0, 1, 0, 1)))
        assert refs == [refs[0]] * 4
        await asyncio.gather(run_jobs(two, 0), run_jobs(two, 1))

    (announced,) = await two.read().lists.find()
    assert announcement_of(announced).number == 1
    assert await two.published() == {
        "registry.list.closed.v1": 1,
        "registry.list.announced.v1": 1,
        "registry.unit.listed.v1": 3,
    }


@pytest.mark.rule("L3")
async def test_of_two_document_numbers_at_once_one_announces_and_the_other_is_told_so(
    two: CommitterCluster[Store],
) -> None:
    await two.perform(0, add_line, case_cleared())
    await close(two)

    answers = await asyncio.gather(
        *(two.perform(each, begin_announcing, AnnounceList(Level.REGION, 2026, f"{each}号")) for each in (0, 1)),
        return_exceptions=True,
    )

    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == ["list-act-under-way"]


@pytest.mark.rule("S2", "L2")
@pytest.mark.parametrize("steps_before", range(4))
async def test_a_sanction_that_crosses_an_announcement_flags_each_title_once_or_stops_the_list(
    two: CommitterCluster[Store], steps_before: int
) -> None:
    """The sanction is committed somewhere between the first step and the last: no title escapes it."""
    others = organisations(ROUNDS)
    for number, each in enumerate(others):
        await two.perform(0, add_line, case_cleared(f"app-{number}", each, assessor=ASSESSOR))
    await close(two)
    await two.perform(0, begin_announcing, AnnounceList(Level.REGION, 2026, "2026年1号"))
    await run_jobs(two, 0, polls=steps_before)

    await asyncio.gather(run_jobs(two, 0), two.perform(1, record_sanction, sanction(CLOSING)))
    await run_jobs(two, 1)

    act, store = await latest_act(two.read()), two.read()
    titles = await store.listings.find()
    assert len(titles) == (0 if act.state is ActState.REFUSED else ROUNDS)
    assert all(each.flagged for each in titles)
    assert (await two.published()).get("registry.unit.flagged.v1", 0) == len(titles)


@pytest.mark.rule("L3")
async def test_a_whole_season_is_announced_in_bounded_commits_and_goes_on_at_another_process_after_a_kill(
    two: CommitterCluster[Store],
) -> None:
    await asyncio.gather(
        *(two.perform(n % 2, add_line, case_cleared(f"app-{n}", each)) for n, each in enumerate(organisations(SEASON)))
    )
    await close(two)
    await two.perform(0, begin_announcing, AnnounceList(Level.REGION, 2026, "2026年1号"))
    await run_jobs(two, 0, polls=2)
    unfinished = await latest_act(two.read())
    assert (unfinished.state, unfinished.done) == (ActState.PREPARING, 2 * LINES_PER_STEP)
    assert await two.published() == {"registry.list.closed.v1": 1}

    await asyncio.gather(run_jobs(two, 1), run_jobs(two, 0, polls=2))

    store = two.read()
    (announced,) = await store.lists.find()
    assert (announced.state, announced.lines) == (ListState.ANNOUNCED, SEASON)
    assert (await verify_chain(Level.REGION, two.read)).intact
    assert len(await store.listings.find()) == len(await store.units.find()) == SEASON
    assert {each.state for each in await store.clearances.find()} == {ClearanceState.ANNOUNCED}
    assert (await two.published())["registry.unit.listed.v1"] == SEASON
    outbox = await two.database.find("outbox", {})
    assert max(len(document["events"]) for document in outbox) <= LINES_PER_STEP


@pytest.mark.rule("L3")
async def test_a_list_whose_steps_are_handled_while_the_last_is_saved_is_that_of_steps_one_by_one(
    servers: PrivateServers, two: CommitterCluster[Store]
) -> None:
    async with committer_cluster(
        servers, "registry", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(at(CLOSING))
    ) as other:
        for cluster in (two, other):
            for number, each in enumerate(organisations(SEASON), start=1):
                await cluster.perform(0, add_line, case_cleared(f"app-{number:03d}", each))
            await close(cluster)
            await cluster.perform(0, begin_announcing, AnnounceList(Level.REGION, 2026, "2026年1号"))
        await run_jobs(two, 0)
        assert await other.poll(0, JOBS[0], FixedClock(at(CLOSING))) > 2 * SEASON // LINES_PER_STEP

        assert await _left_by_an_announcement(other) == await _left_by_an_announcement(two)


async def _left_by_an_announcement(cluster: CommitterCluster[Store]) -> object:
    store = cluster.read()
    titles = sorted((each.case_id, each.list_number) for each in await store.listings.find())
    units = sorted((each.key, str(each.names)) for each in await store.units.find())
    lists = [(each.list_id, announcement_of(each).digest) for each in await store.lists.find()]
    return titles, units, lists, (await latest_act(store)).state, await cluster.published()


def organisations(count: int) -> list[UnitRef]:
    """Invented organisations with valid codes."""
    check: Callable[[str], str] = gb32100.calc_check_digit
    bodies = [f"91150100{number:09d}" for number in range(1, count + 1)]
    return [unit().model_copy(update={"uscc": body + check(body)}) for body in bodies]
