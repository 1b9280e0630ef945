from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from chassis.handling import HandlerResult
from chassis.observability.metrics import Metrics
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import UnitOfWork, read_only_unit
from chassis.scheduling.job import Job
from chassis.scheduling.scheduler import JobScheduler
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.step_runner import NextItem, StepRunner
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from devkit import sample
from devkit.clock import FixedClock
from devkit.sample import Store, Touch, TouchCounter, touch, touch_call, work_item

from .committer_harness import NOW, ObservedStore

STEPS = 6


class Steps:
    """Long work of six steps: each touches one counter, as an act has one, and a notice of its own."""

    def __init__(self, database: Database) -> None:
        self.store = ObservedStore(database)
        self.handled: list[int] = []
        self.outbox: list[object] = []
        self.transaction = BatchTransaction(
            self.store,
            sample.SERVICE,
            sample.AGGREGATES,
            FixedClock(NOW),
            Metrics(),
            wake_relay=self.outbox.append,
        )
        self.runner = StepRunner(self.transaction)

    def item(self, number: int) -> WorkItem:
        async def take(unit: UnitOfWork, now: datetime) -> HandlerResult:
            store = Store(unit)
            self.handled.append(number)
            return [
                *await touch(Touch("act", str(number)), store, now),
                *await touch(Touch(f"case-{number}"), store, now),
            ]

        return work_item(f"step-{number}", take)

    async def next_item(self, unit: UnitOfWork) -> WorkItem | None:
        act = await Store(unit).notices.require("act")
        return self.item(act.count) if act.count < STEPS else None

    async def act(self) -> TouchCounter | None:
        return await Store(read_only_unit(self.store)).notices.get("act")


@pytest.fixture
def steps(database: Database) -> Steps:
    return Steps(database)


async def test_steps_follow_each_other_and_each_builds_on_the_last(steps: Steps) -> None:
    assert await steps.runner.run(steps.item(0), steps.next_item) == STEPS

    assert await steps.act() == TouchCounter(STEPS, tuple(map(str, range(STEPS))))
    assert steps.store.commit_sizes == [1] * STEPS
    assert len(steps.outbox) == STEPS


async def test_next_step_is_handled_while_the_last_is_saved_and_waits_for_it_before_it_is_saved(steps: Steps) -> None:
    steps.store.commits_allowed.clear()
    running = asyncio.create_task(steps.runner.run(steps.item(0), steps.next_item))
    await _until(lambda: len(steps.handled) == 2)
    await asyncio.sleep(0.1)

    assert (steps.handled, steps.store.commit_sizes) == ([0, 1], [])
    steps.store.commits_allowed.set()
    assert await running == STEPS


async def test_step_that_conflicts_ends_the_run_and_nothing_that_rests_on_it_is_saved(steps: Steps) -> None:
    steps.store.commits_allowed.clear()
    running = asyncio.create_task(steps.runner.run(steps.item(0), steps.next_item))
    await _until(lambda: len(steps.handled) == 2)
    steps.store.conflicts = 1
    steps.store.commits_allowed.set()

    assert await running == 0
    assert (steps.handled, await steps.act()) == ([0, 1], None)


async def test_document_changed_by_another_between_two_steps_is_not_written_over(
    steps: Steps, database: Database
) -> None:
    other = BatchTransaction(database, sample.SERVICE, sample.AGGREGATES, FixedClock(NOW), Metrics())

    async def next_item(unit: UnitOfWork) -> WorkItem | None:
        item = await steps.next_item(unit)
        if steps.handled == [0, 1, 2]:
            await _until_saved(other, work_item("other", touch_call(Touch("act", "other"))))
        return item

    saved = await steps.runner.run(steps.item(0), next_item)
    act = await steps.act()

    assert act is not None
    assert act.words in {("0", "1", "other"), ("0", "1", "2", "other")}
    assert saved == len(act.words) - 1
    assert len(steps.handled) < STEPS


async def test_document_that_the_step_before_creates_is_not_overwritten_unread(steps: Steps) -> None:
    async def overwrite(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        Store(unit).notices.save("case-0", TouchCounter(100))
        return []

    assert await steps.runner.run(steps.item(0), _then(work_item("blind", overwrite))) == 1
    assert await Store(read_only_unit(steps.store)).notices.get("case-0") == TouchCounter(1, ("",))


async def test_document_that_the_step_before_removes_is_absent_for_the_next(steps: Steps) -> None:
    async def remove(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        await store.notices.require("plain")
        store.notices.remove("plain")
        return []

    async def find(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        store.notices.save("seen", TouchCounter(len(await store.notices.find({"_id": "plain"}))))
        return []

    await steps.transaction.run([work_item("plain", _save_plain)])
    assert await steps.runner.run(work_item("remove", remove), _then(work_item("find", find))) == 2
    assert await Store(read_only_unit(steps.store)).notices.get("seen") == TouchCounter(0)


async def test_stop_waits_for_the_step_that_is_being_saved(steps: Steps) -> None:
    steps.store.commits_allowed.clear()
    running = asyncio.create_task(steps.runner.run(steps.item(0), steps.next_item))
    await _until(lambda: len(steps.handled) == 2)
    running.cancel()
    stopping = asyncio.create_task(steps.runner.stop())
    await asyncio.sleep(0.05)

    assert not stopping.done()
    steps.store.commits_allowed.set()
    await stopping
    assert await steps.act() == TouchCounter(1, ("0",))


async def test_job_takes_the_steps_that_follow_its_item_and_counts_each(steps: Steps, database: Database) -> None:
    metrics, clock = Metrics(), FixedClock(NOW)

    async def due(store: Store, _now: datetime) -> Sequence[int]:
        act = await store.notices.get("act") or TouchCounter()
        return [act.count] if act.count < STEPS else []

    async def following(_item: int, store: Store, now: datetime) -> int | None:
        return next(iter(await due(store, now)), None)

    async def take(item: int, store: Store, now: datetime) -> HandlerResult:
        return await touch(Touch("act", str(item)), store, now)

    job = Job("act", due, str, take, timedelta(seconds=1), following=following)
    committer = GroupCommitter(steps.transaction)
    scheduler = JobScheduler(
        database,
        Store,
        Leases(database, "one"),
        [job],
        committer,
        clock=clock,
        metrics=metrics,
        step_runner=steps.runner,
    )
    committer.start()
    try:
        assert await scheduler.poll(job) == STEPS
    finally:
        await committer.stop()
    assert await steps.act() == TouchCounter(STEPS, tuple(map(str, range(STEPS))))
    assert metrics.registry.get_sample_value("green_job_runs_total", {"job": "act", "outcome": "done"}) == STEPS


async def _save_plain(unit: UnitOfWork, _now: datetime) -> HandlerResult:
    Store(unit).notices.save("plain", TouchCounter(1))
    return []


def _then(*items: WorkItem) -> NextItem:
    left = [*items]

    async def next_item(_unit: UnitOfWork) -> WorkItem | None:
        return left.pop(0) if left else None

    return next_item


async def _until_saved(transaction: BatchTransaction, item: WorkItem) -> None:
    while True:
        with suppress(WriteConflictError):
            return await transaction.run([item])


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not reached():  # noqa: ASYNC110 - of a handler that knows of no event
            await asyncio.sleep(0.01)
