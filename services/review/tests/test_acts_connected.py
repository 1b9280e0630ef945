"""Acts on a batch on the real database: interrupted, resumed, raced and read while they go on."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from chassis.transactions.work import job_inbox_id
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.review import Stage
from messages.values import Level, Role
from review.api import router
from review.domain.act import ActState
from review.domain.case import Case
from review.domain.ranking import Batch
from review.domain.record import verify_chain
from review.handlers import act_steps
from review.handlers.act_steps import next_steps, take_step
from review.handlers.acts import STEP
from review.handlers.notice import ConcludeNotice, OpenNotice, conclude_notice, open_notice
from review.handlers.ranking import RankBatch, rank_batch
from review.jobs import JOBS
from review.store import AGGREGATES, INDEXES, Store

from .builders import OPENED, REGION, SEED, accepted, at, opened_case, score, unit
from .harness import AFTER_FORWARDING
from .test_notice import DAY_AFTER, NOTICE_DAY

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

CASES = 3 * STEP
SELECTED = CASES * 3 // 5


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(at(AFTER_FORWARDING))


@pytest.fixture
async def two(servers: PrivateServers, clock: FixedClock) -> AsyncIterator[CommitterCluster[Store]]:
    """Two processes of review on one database."""
    async with whole_batch(servers, clock) as opened:
        yield opened


@asynccontextmanager
async def whole_batch(servers: PrivateServers, clock: FixedClock) -> AsyncIterator[CommitterCluster[Store]]:
    async with committer_cluster(
        servers, "review", Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock
    ) as opened:
        await opened.perform(0, put_batch, [scored(number) for number in range(CASES)])
        yield opened


def scored(number: int) -> Case:
    """A case of which three in five are over the pass mark, several with one score."""
    event = accepted(f"app-{number:04d}", unit(name=f"示例{number}有限公司"))
    return opened_case(event, state=Stage.SCORED, score=score(str(50 + number % 50)))


async def put_batch(cases: list[Case], store: Store, _now: object) -> list[Any]:
    store.batches.save("region-2026", Batch("region-2026", Level.REGION, 2026, SEED, OPENED))
    for case in cases:
        store.cases.save(case.case_id, case)
    return []


class JobsProcess:
    """A process of the jobs; a new one knows nothing of an act but what the database holds."""

    def __init__(self, cluster: CommitterCluster[Store], clock: FixedClock, process: int = 0) -> None:
        self._cluster, self._clock, self._process = cluster, clock, process
        act_steps._rankings.forget()

    async def go_on(self, steps: int | None = None) -> int:
        """Take steps until nothing is due, or so many; return how many."""
        taken = 0
        while taken != steps and (due := await next_steps(self._cluster.read(), self._clock.now())):
            for step in due:
                await self._cluster.perform(self._process, take_step, step, job_inbox_id("carry-on-acts", step.key))
                taken += 1
        return taken


async def result(cluster: CommitterCluster[Store]) -> object:
    """Whatever the acts of the batch have left: cases, lines, events."""
    store = cluster.read()
    cases = [(case.case_id, case.state, case.rank, case.closing) for case in await store.cases.find()]
    rankings = [(each.digest, each.left_out, each.reproducible) for each in await store.rankings.find()]
    lines = [(line.case_id, line.position, line.rank, line.outcome) for line in await store.ranking_lines.find()]
    notices = [(each.digest, each.shown, each.state) for each in await store.notices.find()]
    return cases, rankings, lines, notices, await cluster.published()


async def perform_all(
    cluster: CommitterCluster[Store], clock: FixedClock, go_on: Callable[[], Awaitable[None]]
) -> None:
    """Rank the batch, open its notice and conclude it."""
    clock.move_to(at(AFTER_FORWARDING))
    await cluster.perform(0, rank_batch, RankBatch("act-1", Level.REGION, 2026, REGION))
    await go_on()
    clock.move_to(at(NOTICE_DAY))
    await cluster.perform(0, open_notice, OpenNotice("act-2", Level.REGION, 2026, None, REGION))
    await go_on()
    clock.move_to(at(DAY_AFTER))
    await cluster.perform(0, conclude_notice, ConcludeNotice("act-3", "notice-region-2026-1", REGION))
    await go_on()


@pytest.mark.rule("V8", "V9", "V10")
async def test_acts_whose_process_dies_after_every_step_end_as_those_that_are_never_interrupted(
    servers: PrivateServers, two: CommitterCluster[Store], clock: FixedClock
) -> None:
    await perform_all(two, clock, lambda: _never_interrupted(two, clock))
    async with whole_batch(servers, clock) as other:
        await perform_all(other, clock, lambda: _dying_after_every_step(other, clock))
        interrupted = await result(other)

    assert interrupted == await result(two)
    assert await two.published() == {
        "review.case.closed.v1": CASES - SELECTED,
        "review.notice.opened.v1": 1,
        "review.batch.draw-revealed.v1": 1,
        "review.batch.draw-committed.v1": 1,
        "review.case.notice-entered.v1": SELECTED,
        "review.notice.concluded.v1": 1,
        "review.case.cleared.v1": SELECTED,
    }
    for case in (await two.read().cases.find())[::37]:
        entries = await two.read().records.find({"case_id": case.case_id}, sort=[("number", 1)])
        assert verify_chain(entries, case.head) is None
        assert len(entries) == (3 if case.state is Stage.CLEARED else 1)


async def _never_interrupted(cluster: CommitterCluster[Store], clock: FixedClock) -> None:
    assert await JobsProcess(cluster, clock).go_on() > CASES // STEP


async def _dying_after_every_step(cluster: CommitterCluster[Store], clock: FixedClock) -> None:
    while await JobsProcess(cluster, clock).go_on(steps=1):
        pass


@pytest.mark.rule("V8", "V9", "V10")
async def test_acts_whose_steps_are_handled_while_the_last_is_saved_end_as_those_taken_one_by_one(
    servers: PrivateServers, two: CommitterCluster[Store], clock: FixedClock
) -> None:
    await perform_all(two, clock, lambda: _never_interrupted(two, clock))
    async with whole_batch(servers, clock) as other:
        act_steps._rankings.forget()
        await perform_all(other, clock, lambda: _by_the_scheduler(other, clock))
        ahead = await result(other)

    assert ahead == await result(two)


async def _by_the_scheduler(cluster: CommitterCluster[Store], clock: FixedClock) -> None:
    job = next(each for each in JOBS if each.name == "carry-on-acts")
    assert await cluster.poll(0, job, clock) > CASES // STEP


@pytest.mark.rule("V8")
async def test_two_processes_that_take_the_steps_of_one_act_at_once_take_each_once(
    two: CommitterCluster[Store], clock: FixedClock
) -> None:
    await two.perform(0, rank_batch, RankBatch("act-1", Level.REGION, 2026, REGION))

    await asyncio.gather(*(JobsProcess(two, clock, process).go_on() for process in (0, 1)))

    act = await two.read().acts.require("act-1")
    assert (act.state, act.applied, act.published, act.left_out) == (ActState.DONE, CASES, CASES, 0)
    assert await two.published() == {"review.case.closed.v1": CASES - SELECTED}


@pytest.mark.rule("V8", "V9")
async def test_readers_see_an_act_whole_or_not_at_all_while_it_goes_on(
    two: CommitterCluster[Store], clock: FixedClock
) -> None:
    async with api_harness(
        "review", router, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock, database=two.database
    ) as api:
        ranked = await _views(api, two, clock, rank_batch, RankBatch("act-1", Level.REGION, 2026, REGION))
        clock.move_to(at(NOTICE_DAY))
        opening = OpenNotice("act-2", Level.REGION, 2026, None, REGION)
        shown = await _views(api, two, clock, open_notice, opening)

    before, selected, public = {"scored": 200}, {"ranked": 120, "closed": 80}, {"in_notice": 120, "closed": 80}
    assert ranked == {
        "first page": [before, selected],
        "last page": [before, selected],
        "scored": [200, 0],
        "selected": [0, 200],
        "one case": [("scored", 0), ("ranked", 1)],
        "rankings": [404, 200],
        "notices": [0],
    }
    assert shown == {
        "first page": [selected, public],
        "last page": [selected, public],
        "scored": [0],
        "selected": [200, 0],
        "one case": [("ranked", 1), ("in_notice", 2)],
        "rankings": [200],
        "notices": [0, 1],
    }


async def _views(
    api: ApiHarness[Store],
    cluster: CommitterCluster[Store],
    clock: FixedClock,
    handler: Callable[..., Any],
    command: object,
) -> dict[str, list[object]]:
    """Perform an act and read without pause meanwhile; return the different answers of each reading, in their order."""
    region, seen = api.client_as(Role.REGIONAL_OFFICER), dict[str, list[object]]()

    async def read_all() -> None:
        for name, reading in READINGS.items():
            if (answer := await reading(region)) not in seen.setdefault(name, []):
                seen[name].append(answer)

    await read_all()
    await cluster.perform(0, handler, command)
    acting = asyncio.create_task(JobsProcess(cluster, clock).go_on())
    while not acting.done():
        await read_all()
    await acting
    await read_all()
    return seen


async def _page(region: ApiClient, *, last: bool = False, state: str | None = None) -> list[str]:
    """Read the states of the cases on one page."""
    after = {"after": base64.urlsafe_b64encode(f'["app-{CASES - 201:04d}"]'.encode()).decode()} if last else {}
    params = {"limit": "200"} | after | ({"state": state} if state else {})
    return [item["state"] for item in (await region.get("/v1/cases", params=params)).json()["items"]]


async def _one_case(region: ApiClient) -> tuple[str, int]:
    state = (await region.get("/v1/cases/app-0049")).json()["state"]
    record = (await region.get("/v1/cases/app-0049/record")).json()
    again = (await region.get("/v1/cases/app-0049")).json()["state"]
    assert record["intact"]
    # The act may be decided between two of these requests; then the next round reads anew.
    return (state, len(record["entries"])) if state == again else await _one_case(region)


async def _count_notices(region: ApiClient) -> int:
    return len((await region.get("/v1/notices")).json()["items"])


async def _status_of_rankings(region: ApiClient) -> int:
    return (await region.get("/v1/batches/2026/ranking")).status_code


READINGS: dict[str, Callable[[ApiClient], Awaitable[object]]] = {}


def reading(name: str) -> Callable[[Callable[[ApiClient], Awaitable[object]]], None]:
    return lambda read: READINGS.update({name: read})


@reading("first page")
async def _first_page(region: ApiClient) -> object:
    return dict(Counter(await _page(region)))


@reading("last page")
async def _last_page(region: ApiClient) -> object:
    return dict(Counter(await _page(region, last=True)))


@reading("scored")
async def _scored(region: ApiClient) -> object:
    return len(await _page(region, state="scored"))


@reading("selected")
async def _selected(region: ApiClient) -> object:
    return len(await _page(region, state="ranked"))


READINGS["one case"] = _one_case
READINGS["rankings"] = _status_of_rankings
READINGS["notices"] = _count_notices
