from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest
from chassis.failpoints import Point
from chassis.handling import HandlerResult, TransientError
from chassis.observability.metrics import Metrics
from chassis.persistence.errors import RejectedWriteError, WriteConflictError
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from devkit import sample
from devkit.clock import FixedClock
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store, Touch, TouchCounter, touch, touch_call, work_item

from .committer_harness import NOW, CommitterHarness


async def test_items_that_wait_together_share_one_transaction(harness: CommitterHarness) -> None:
    harness.store.commits_allowed.clear()
    busy = [
        asyncio.create_task(harness.committer.submit(work_item(f"busy{n}", touch_call(Touch(f"b{n}")))))
        for n in range(2)
    ]
    await asyncio.sleep(0.05)
    rest = [
        asyncio.create_task(harness.committer.submit(work_item(f"m{n}", touch_call(Touch(f"n{n}"))))) for n in range(50)
    ]
    await asyncio.sleep(0.05)
    harness.store.commits_allowed.set()
    await asyncio.gather(*busy, *rest)

    assert max(harness.store.commit_sizes) == 50
    assert sum(harness.store.commit_sizes) == 52


async def test_messages_on_one_aggregate_build_on_each_other(harness: CommitterHarness) -> None:
    await harness.submit_all(*((f"m{n}", touch_call(Touch("a", str(n)))) for n in range(5)))

    assert await harness.touch_counter("a") == TouchCounter(5, ("0", "1", "2", "3", "4"))
    assert harness.events() == [("notice:a", f"notify:notice:a:{n}:delivered") for n in range(1, 6)]


async def test_repeated_message_has_no_second_effect_and_is_counted(harness: CommitterHarness) -> None:
    first = await harness.committer.submit(work_item("m1", touch_call(Touch("a"))))
    second = await harness.committer.submit(work_item("m1", touch_call(Touch("a"))))

    assert (first.duplicate, second.duplicate) == (False, True)
    assert await harness.touch_counter("a") == TouchCounter(1, ("",))
    assert harness.metric("inbox_duplicates_total", consumer="notify") == 1


async def test_message_twice_in_one_batch_has_one_effect(harness: CommitterHarness) -> None:
    replies = await harness.submit_all(
        ("m1", touch_call(Touch("a"))), ("m1", touch_call(Touch("a"))), ("m2", touch_call(Touch("b")))
    )

    assert sorted(reply.duplicate for reply in replies) == [False, False, True]  # type: ignore[attr-defined]
    assert await harness.touch_counter("a") == TouchCounter(1, ("",))


async def test_conflict_is_retried_and_counted(harness: CommitterHarness) -> None:
    harness.store.conflicts = 1
    await harness.submit_all(("m1", touch_call(Touch("a"))), ("m2", touch_call(Touch("a"))))

    assert await harness.touch_counter("a") == TouchCounter(2, ("", ""))
    assert harness.metric("commit_conflicts_total") == 1


async def test_concurrent_change_of_another_process_is_not_lost(harness: CommitterHarness) -> None:
    other = CommitterHarness(harness.store, commits_in_flight=1)
    other.committer.start()
    harness.store.commits_allowed.clear()
    mine = asyncio.create_task(harness.submit_all(*((f"m{n}", touch_call(Touch("a", "mine"))) for n in range(10))))
    theirs = asyncio.create_task(other.submit_all(*((f"o{n}", touch_call(Touch("a", "theirs"))) for n in range(10))))
    await asyncio.sleep(0.05)
    harness.store.commits_allowed.set()
    await asyncio.gather(mine, theirs)
    await other.committer.stop()

    counter = await harness.touch_counter("a")
    assert counter is not None
    assert counter.count == 20
    assert (counter.words.count("mine"), counter.words.count("theirs")) == (10, 10)


async def test_rejected_batch_is_bisected_to_the_failing_item(harness: CommitterHarness) -> None:
    harness.store.rejected_id = "m5"
    results = await harness.submit_all(*((f"m{n}", touch_call(Touch(f"n{n}"))) for n in range(8)))

    assert [n for n, result in enumerate(results) if isinstance(result, Exception)] == [5]
    assert isinstance(results[5], RejectedWriteError)


async def test_handler_with_an_expired_snapshot_runs_again_on_a_new_one(harness: CommitterHarness) -> None:
    runs = 0

    async def reads_too_late(unit: UnitOfWork, now: datetime) -> HandlerResult:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise WriteConflictError("the instant is gone")
        return await touch(Touch("a"), Store(unit), now)

    assert not isinstance((await harness.submit_all(("m1", reads_too_late)))[0], Exception)
    assert (runs, await harness.touch_counter("a")) == (2, TouchCounter(1, ("",)))


async def test_second_conflict_halves_the_batch(harness: CommitterHarness) -> None:
    harness.store.conflicts = 2
    await harness.submit_all(*((f"m{n}", touch_call(Touch(f"n{n}"))) for n in range(8)))

    assert harness.store.commit_sizes == [4, 4]


async def test_cancelled_waiter_does_not_cancel_its_commit(harness: CommitterHarness) -> None:
    harness.store.commits_allowed.clear()
    waiter = asyncio.create_task(harness.committer.submit(work_item("m1", touch_call(Touch("a")))))
    await asyncio.sleep(0.05)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    harness.store.commits_allowed.set()

    again = await harness.committer.submit(work_item("m1", touch_call(Touch("a"))))

    assert again.duplicate
    assert await harness.touch_counter("a") == TouchCounter(1, ("",))


async def test_many_cancelled_waiters_leave_no_inbox_row_without_its_effect(harness: CommitterHarness) -> None:
    waiters = [
        asyncio.create_task(harness.committer.submit(work_item(f"m{n}", touch_call(Touch("a"))))) for n in range(64)
    ]
    await asyncio.sleep(0.002)
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    replies = await harness.submit_all(*((f"m{n}", touch_call(Touch("a"))) for n in range(64)))

    counter = await harness.touch_counter("a")
    assert counter is not None
    assert counter.count == 64
    assert [each for each in replies if isinstance(each, Exception)] == []
    assert len(replies) == 64


async def test_stop_commits_queued_items_and_rejects_new_ones(harness: CommitterHarness) -> None:
    harness.store.commits_allowed.clear()
    waiting = asyncio.create_task(harness.submit_all(*((f"m{n}", touch_call(Touch("a"))) for n in range(300))))
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(harness.committer.stop())
    await asyncio.sleep(0.01)
    with pytest.raises(TransientError):
        await harness.committer.submit(work_item("late", touch_call(Touch("a"))))
    harness.store.commits_allowed.set()
    await stopping

    assert not any(isinstance(each, Exception) for each in await waiting)
    counter = await harness.touch_counter("a")
    assert counter is not None
    assert counter.count == 300


class FailpointRecorder:
    def __init__(self) -> None:
        self.points: list[Point] = []

    def hit(self, point: Point) -> None:
        self.points.append(point)


async def test_failpoints_are_hit_in_order() -> None:
    failpoints = FailpointRecorder()
    committer = GroupCommitter(
        BatchTransaction(
            InMemoryStore(),
            sample.SERVICE,
            sample.AGGREGATES,
            clock=FixedClock(NOW),
            metrics=Metrics(),
            failpoints=failpoints,
        )
    )
    committer.start()
    await committer.submit(work_item("m1", touch_call(Touch("a"))))
    await committer.stop()

    expected: Sequence[Point] = ["before-commit", "committed-not-acked"]
    assert failpoints.points == expected
