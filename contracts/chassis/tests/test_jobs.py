from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
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
from chassis.transactions.transaction import BatchTransaction
from devkit import sample
from devkit.clock import FixedClock
from devkit.sample import Store, Touch, TouchCounter, touch

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def due(store: Store, now: datetime) -> Sequence[Touch]:
    """Three reminders from noon on, sent or not."""
    await store.notices.find()
    return [Touch(name) for name in ("a", "b", "c")] if now >= NOW else []


async def remind(item: Touch, store: Store, now: datetime) -> HandlerResult:
    if item.notice == "b":
        raise ValueError("bug")
    return await touch(item, store, now)


JOB = Job("remind", due, lambda item: item.notice, remind, timedelta(seconds=1))


class SchedulerHarness:
    def __init__(self, database: Database, holder: str, clock: FixedClock) -> None:
        self.metrics = Metrics()
        self.committer = GroupCommitter(
            BatchTransaction(database, sample.SERVICE, sample.AGGREGATES, clock=clock, metrics=self.metrics)
        )
        self.leases = Leases(database, holder)
        self.scheduler = JobScheduler(
            database, Store, self.leases, [JOB], self.committer, clock=clock, metrics=self.metrics
        )

    def runs(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value("green_job_runs_total", {"job": "remind", "outcome": outcome})


@pytest.fixture
async def harnesses(database: Database) -> AsyncIterator[tuple[SchedulerHarness, SchedulerHarness]]:
    clock = FixedClock(NOW)
    made = (SchedulerHarness(database, "one", clock), SchedulerHarness(database, "two", clock))
    for each in made:
        each.committer.start()
    yield made
    for each in made:
        await each.committer.stop()


async def test_due_item_is_handled_once_however_often_the_job_polls(
    harnesses: tuple[SchedulerHarness, SchedulerHarness], database: Database
) -> None:
    harness = harnesses[0]

    assert [await harness.scheduler.poll(JOB), await harness.scheduler.poll(JOB)] == [2, 0]
    assert await Store(read_only_unit(database)).notices.get("a") == TouchCounter(1, ("",))
    assert harness.runs("known") == 2


async def test_failing_item_does_not_stop_the_others_and_is_retried_at_the_next_poll(
    harnesses: tuple[SchedulerHarness, SchedulerHarness],
) -> None:
    harness = harnesses[0]
    await harness.scheduler.poll(JOB)
    await harness.scheduler.poll(JOB)

    assert harness.runs("failed") == 2


async def test_one_of_two_schedulers_polls_while_the_lease_holds(
    harnesses: tuple[SchedulerHarness, SchedulerHarness],
) -> None:
    first, second = await asyncio.gather(*(harness.scheduler.poll(JOB) for harness in harnesses))

    assert sorted((first, second)) == [0, 2]


async def test_lease_has_one_holder_who_may_renew_it_until_it_expires(database: Database) -> None:
    one, two = Leases(database, "one"), Leases(database, "two")

    assert await one.acquire("x", 0.3)
    assert not await two.acquire("x", 0.3)
    assert await one.acquire("x", 0.3)
    await asyncio.sleep(0.5)
    assert await two.acquire("x", 10)
    assert not await one.acquire("x", 10)


async def test_lease_is_renewed_while_work_runs_so_that_nobody_else_starts_it(database: Database) -> None:
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
            while (done := await two.run_under_lease("x", 2.0, work)) is None:  # noqa: ASYNC110 - a lease sends no notification
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


async def test_job_longer_than_its_lease_is_polled_by_one_scheduler_at_a_time(
    harnesses: tuple[SchedulerHarness, SchedulerHarness], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "LEASE_SECONDS", 1.9)
    polls: list[datetime] = []

    async def mails(_store: Store, now: datetime) -> Sequence[Touch]:
        polls.append(now)
        await asyncio.sleep(3.0)
        return []

    slow = Job("remind", mails, lambda item: item.notice, remind, timedelta(seconds=1))
    for harness in harnesses:
        harness.scheduler.max_poll_interval = 0.1
    polling = asyncio.create_task(harnesses[0].scheduler.poll(slow))
    await asyncio.sleep(0.5)
    while not polling.done():
        await harnesses[1].scheduler.poll(slow)
        await asyncio.sleep(0.1)

    assert len(polls) == 1


async def test_concurrent_acquires_leave_one_holder(database: Database) -> None:
    taken = await asyncio.gather(*(Leases(database, f"h{n}").acquire("new", 60) for n in range(10)))

    assert taken.count(True) == 1


async def test_periodic_task_continues_after_a_failed_run() -> None:
    polls: list[int] = []

    async def fail() -> int:
        polls.append(1)
        raise ValueError("bug")

    task = asyncio.create_task(run_periodically(0.01, fail))
    await asyncio.sleep(0.1)
    task.cancel()

    assert len(polls) > 2


async def test_job_drains_what_is_due_page_by_page_in_one_poll(
    harnesses: tuple[SchedulerHarness, SchedulerHarness], database: Database
) -> None:
    async def next_page(store: Store, _now: datetime) -> Sequence[Touch]:
        done = await store.notices.count()
        return [Touch(f"n{number:03}") for number in range(done, min(done + 10, 45))]

    drain = Job("remind", next_page, lambda item: item.notice, touch)

    assert await harnesses[0].scheduler.poll(drain) == 45
    assert await Store(read_only_unit(database)).notices.count() == 45


async def test_items_that_stay_due_end_the_poll(harnesses: tuple[SchedulerHarness, SchedulerHarness]) -> None:
    async def fail(_item: Touch, _store: Store, _now: datetime) -> HandlerResult:
        raise ValueError("bug")

    harness = harnesses[0]
    async with asyncio.timeout(10):
        assert await harness.scheduler.poll(Job("remind", due, lambda item: item.notice, fail)) == 0
    assert harness.runs("failed") == 3
