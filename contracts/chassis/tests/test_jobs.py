from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from chassis.clock import FixedClock
from chassis.handling import HandlerResult
from chassis.observability.metrics import Metrics
from chassis.persistence.leases import LeaseLostError, Leases
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import read_only_unit
from chassis.scheduling import scheduler
from chassis.scheduling.job import Job
from chassis.scheduling.scheduler import JobScheduler
from chassis.tasks import run_periodically
from chassis.transactions.group_committer import GroupCommitter
from devkit import sample
from devkit.sample import Store, Touch, TouchCounter, touch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def due(store: Store, now: datetime) -> Sequence[Touch]:
    """Find three reminders from noon on, whether they were sent or not."""
    await store.notices.find()
    return [Touch(name) for name in ("a", "b", "c")] if now >= NOW else []


async def remind(item: Touch, store: Store, now: datetime) -> HandlerResult:
    if item.notice == "b":
        raise ValueError("bug")
    return await touch(item, store, now)


JOB = Job("remind", due, lambda item: item.notice, remind, Store, timedelta(seconds=1))


class Rig:
    def __init__(self, database: Database, holder: str, clock: FixedClock) -> None:
        self.metrics = Metrics()
        self.committer = GroupCommitter(database, sample.SERVICE, sample.AGGREGATES, clock=clock, metrics=self.metrics)
        self.leases = Leases(database, holder)
        self.runner = JobScheduler(database, self.leases, [JOB], self.committer, clock=clock, metrics=self.metrics)

    def runs(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value("green_job_runs_total", {"job": "remind", "outcome": outcome})


@pytest.fixture
async def rigs(database: Database) -> AsyncIterator[tuple[Rig, Rig]]:
    clock = FixedClock(NOW)
    made = (Rig(database, "one", clock), Rig(database, "two", clock))
    for each in made:
        each.committer.start()
    yield made
    for each in made:
        await each.committer.stop()


async def test_each_due_item_is_done_once_however_often_the_job_looks(
    rigs: tuple[Rig, Rig], database: Database
) -> None:
    rig = rigs[0]

    assert [await rig.runner.poll(JOB), await rig.runner.poll(JOB)] == [2, 0]
    assert await Store(read_only_unit(database)).notices.get("a") == TouchCounter(1, ("",))
    assert rig.runs("known") == 2


async def test_an_item_that_fails_does_not_keep_the_others_and_is_tried_at_the_next_look(
    rigs: tuple[Rig, Rig],
) -> None:
    rig = rigs[0]
    await rig.runner.poll(JOB)
    await rig.runner.poll(JOB)

    assert rig.runs("failed") == 2


async def test_one_of_two_runners_looks_while_the_lease_holds(rigs: tuple[Rig, Rig]) -> None:
    first, second = await asyncio.gather(*(rig.runner.poll(JOB) for rig in rigs))

    assert sorted((first, second)) == [0, 2]


async def test_a_lease_is_held_by_one_renewed_by_it_and_free_after_its_time(database: Database) -> None:
    one, two = Leases(database, "one"), Leases(database, "two")

    assert await one.acquire("x", 0.3)
    assert not await two.acquire("x", 0.3)
    assert await one.acquire("x", 0.3)
    await asyncio.sleep(0.5)
    assert await two.acquire("x", 10)
    assert not await one.acquire("x", 10)


async def test_a_lease_is_renewed_while_the_work_goes_on_so_that_nobody_else_begins_it(database: Database) -> None:
    one, two = Leases(database, "one"), Leases(database, "two")
    busy = 0
    most = 0

    async def work(seconds: float = 0) -> int:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(seconds)
        busy -= 1
        return 1

    async def ask() -> int | None:
        await asyncio.sleep(0.5)
        async with asyncio.timeout(20):
            while (done := await two.run_under_lease("x", 2.0, work)) is None:  # noqa: ASYNC110 - a lease tells nobody
                await asyncio.sleep(0.02)
        return done

    assert await asyncio.gather(one.run_under_lease("x", 2.0, partial(work, 3.0)), ask()) == [1, 1]
    assert most == 1


async def test_work_whose_lease_is_lost_is_cancelled(database: Database) -> None:
    one, two = Leases(database, "one"), Leases(database, "two")
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    working = asyncio.create_task(one.run_under_lease("x", 0.3, work))
    await asyncio.sleep(0.05)
    await database.update("leases", {"_id": "x"}, [{"$set": {"until": "$$NOW"}}])
    assert await two.acquire("x", 60)
    with pytest.raises(LeaseLostError):
        await working

    assert ended == ["cancelled"]


async def test_a_job_that_takes_longer_than_its_lease_is_looked_at_by_one_runner_at_a_time(
    rigs: tuple[Rig, Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "LEASED", 1.9)
    looks: list[datetime] = []

    async def mails(_store: Store, now: datetime) -> Sequence[Touch]:
        looks.append(now)
        await asyncio.sleep(3.0)
        return []

    slow = Job("mail", mails, lambda item: item.notice, remind, Store, timedelta(seconds=1))
    for rig in rigs:
        rig.runner._look_every = 0.1
    looking = asyncio.create_task(rigs[0].runner.poll(slow))
    await asyncio.sleep(0.5)
    while not looking.done():
        await rigs[1].runner.poll(slow)
        await asyncio.sleep(0.1)

    assert len(looks) == 1


async def test_many_who_ask_at_once_leave_one_holder(database: Database) -> None:
    taken = await asyncio.gather(*(Leases(database, f"h{n}").acquire("new", 60) for n in range(10)))

    assert taken.count(True) == 1


async def test_a_loop_goes_on_after_a_look_that_failed() -> None:
    looks: list[int] = []

    async def look() -> int:
        looks.append(1)
        raise ValueError("bug")

    task = asyncio.create_task(run_periodically(0.01, look))
    await asyncio.sleep(0.1)
    task.cancel()

    assert len(looks) > 2
