from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest
from chassis.clock import FixedClock
from chassis.failpoints import Point
from chassis.handling import HandlerResult, TransientError
from chassis.observability.metrics import Metrics
from chassis.persistence.unit_of_work import RejectedWriteError, UnitOfWork, WriteConflictError
from chassis.transactions.group_committer import GroupCommitter
from devkit import sample
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store, Touch, TouchCounter, running, touch, work

from .committing import NOW, Rig


async def test_works_that_wait_together_share_one_transaction(rig: Rig) -> None:
    rig.backing.gate.clear()
    busy = [asyncio.create_task(rig.committer.submit(work(f"busy{n}", running(Touch(f"b{n}"))))) for n in range(2)]
    await asyncio.sleep(0.05)
    rest = [asyncio.create_task(rig.committer.submit(work(f"m{n}", running(Touch(f"n{n}"))))) for n in range(50)]
    await asyncio.sleep(0.05)
    rig.backing.gate.set()
    await asyncio.gather(*busy, *rest)

    assert max(rig.backing.commits) == 50
    assert sum(rig.backing.commits) == 52


async def test_two_messages_on_one_aggregate_build_on_each_other(rig: Rig) -> None:
    await rig.all(*((f"m{n}", running(Touch("a", str(n)))) for n in range(5)))

    assert await rig.tally("a") == TouchCounter(5, ("0", "1", "2", "3", "4"))
    assert rig.said() == [("notice:a", f"notify:notice:a:{n}:delivered") for n in range(1, 6)]


async def test_a_repeated_message_has_no_second_effect_and_is_counted(rig: Rig) -> None:
    first = await rig.committer.submit(work("m1", running(Touch("a"))))
    second = await rig.committer.submit(work("m1", running(Touch("a"))))

    assert (first.duplicate, second.duplicate) == (False, True)
    assert await rig.tally("a") == TouchCounter(1, ("",))
    assert rig.value("duplicates_total", consumer="notify") == 1


async def test_the_same_message_twice_in_one_batch_has_one_effect(rig: Rig) -> None:
    verdicts = await rig.all(("m1", running(Touch("a"))), ("m1", running(Touch("a"))), ("m2", running(Touch("b"))))

    assert sorted(verdict.duplicate for verdict in verdicts) == [False, False, True]  # type: ignore[attr-defined]
    assert await rig.tally("a") == TouchCounter(1, ("",))


async def test_a_conflict_is_tried_again_and_counted(rig: Rig) -> None:
    rig.backing.conflicts = 1
    await rig.all(("m1", running(Touch("a"))), ("m2", running(Touch("a"))))

    assert await rig.tally("a") == TouchCounter(2, ("", ""))
    assert rig.value("commit_conflicts_total") == 1


async def test_a_change_from_another_process_between_load_and_commit_is_built_upon(rig: Rig) -> None:
    other = Rig(rig.backing, flights=1)
    other.committer.start()
    rig.backing.gate.clear()
    mine = asyncio.create_task(rig.all(*((f"m{n}", running(Touch("a", "mine"))) for n in range(10))))
    theirs = asyncio.create_task(other.all(*((f"o{n}", running(Touch("a", "theirs"))) for n in range(10))))
    await asyncio.sleep(0.05)
    rig.backing.gate.set()
    await asyncio.gather(mine, theirs)
    await other.committer.stop()

    tally = await rig.tally("a")
    assert tally is not None
    assert tally.count == 20
    assert (tally.words.count("mine"), tally.words.count("theirs")) == (10, 10)


async def test_what_the_database_refuses_is_halved_until_the_culprit_stands_alone(rig: Rig) -> None:
    rig.backing.refuses = "m5"
    results = await rig.all(*((f"m{n}", running(Touch(f"n{n}"))) for n in range(8)))

    assert [n for n, result in enumerate(results) if isinstance(result, Exception)] == [5]
    assert isinstance(results[5], RejectedWriteError)


async def test_a_handler_whose_instant_is_gone_runs_again_on_another(rig: Rig) -> None:
    runs = 0

    async def reads_too_late(unit: UnitOfWork, now: datetime) -> HandlerResult:
        nonlocal runs
        runs += 1
        if runs == 1:
            raise WriteConflictError("the instant is gone")
        return await touch(Touch("a"), Store(unit), now)

    assert not isinstance((await rig.all(("m1", reads_too_late)))[0], Exception)
    assert (runs, await rig.tally("a")) == (2, TouchCounter(1, ("",)))


async def test_a_second_conflict_halves_the_batch(rig: Rig) -> None:
    rig.backing.conflicts = 2
    await rig.all(*((f"m{n}", running(Touch(f"n{n}"))) for n in range(8)))

    assert rig.backing.commits == [4, 4]


async def test_a_cancelled_waiter_changes_nothing(rig: Rig) -> None:
    rig.backing.gate.clear()
    waiter = asyncio.create_task(rig.committer.submit(work("m1", running(Touch("a")))))
    await asyncio.sleep(0.05)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    rig.backing.gate.set()

    again = await rig.committer.submit(work("m1", running(Touch("a"))))

    assert again.duplicate
    assert await rig.tally("a") == TouchCounter(1, ("",))


async def test_a_storm_of_cancelled_waiters_leaves_no_row_without_its_effect(rig: Rig) -> None:
    waiters = [asyncio.create_task(rig.committer.submit(work(f"m{n}", running(Touch("a"))))) for n in range(64)]
    await asyncio.sleep(0.002)
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    verdicts = await rig.all(*((f"m{n}", running(Touch("a"))) for n in range(64)))

    tally = await rig.tally("a")
    assert tally is not None
    assert tally.count == 64
    assert all(not isinstance(each, Exception) for each in verdicts)


async def test_stopping_finishes_what_is_waiting_and_takes_nothing_new(rig: Rig) -> None:
    rig.backing.gate.clear()
    waiting = asyncio.create_task(rig.all(*((f"m{n}", running(Touch("a"))) for n in range(300))))
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(rig.committer.stop())
    await asyncio.sleep(0.01)
    with pytest.raises(TransientError):
        await rig.committer.submit(work("late", running(Touch("a"))))
    rig.backing.gate.set()
    await stopping

    assert not any(isinstance(each, Exception) for each in await waiting)
    tally = await rig.tally("a")
    assert tally is not None
    assert tally.count == 300


class Recorder:
    def __init__(self) -> None:
        self.points: list[Point] = []

    def hit(self, point: Point) -> None:
        self.points.append(point)


async def test_the_named_points_are_passed_in_order() -> None:
    steps = Recorder()
    committer = GroupCommitter(
        InMemoryStore(), sample.SERVICE, sample.AGGREGATES, clock=FixedClock(NOW), metrics=Metrics(), steps=steps
    )
    committer.start()
    await committer.submit(work("m1", running(Touch("a"))))
    await committer.stop()

    expected: Sequence[Point] = ["before-commit", "committed-not-acked"]
    assert steps.points == expected
