from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from chassis.bus import Run
from chassis.clock import FixedClock
from chassis.committer import Committer
from chassis.handling import Done, Poison, Refusal, Result, Transient
from chassis.metrics import Metrics
from chassis.steps import Point
from chassis.testing import sample
from chassis.testing.memory import Memory
from chassis.testing.sample import Store, Tally, Touch, running, work
from chassis.unit import Backing, Commit, Conflict, Document, Refused, Unit, reading
from messages.values import Reason

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Observed:
    """Counts what reaches the backing, and can be held or made to refuse as a database would."""

    def __init__(self, backing: Backing) -> None:
        self.commits: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.conflicts = 0
        self.refuses = ""
        self.load, self.find, self._commit = backing.load, backing.find, backing.commit

    async def commit(self, commit: Commit) -> None:
        await self.gate.wait()
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict("made by the test")
        if self.refuses and any(row["_id"] == self.refuses for row in commit.inbox):
            raise Refused("made by the test")
        await self._commit(commit)
        self.commits.append(len(commit.inbox))


class Rig:
    def __init__(self, backing: Backing, flights: int) -> None:
        self.backing = Observed(backing)
        self.metrics = Metrics()
        self.outbox: list[Document] = []
        self.committer = Committer(
            self.backing,
            sample.SERVICE,
            sample.AGGREGATES,
            clock=FixedClock(NOW),
            metrics=self.metrics,
            relay_wakeup=self.outbox.append,
            commits_in_flight=flights,
        )

    async def all(self, *runs: tuple[str, Run]) -> list[object]:
        return await asyncio.gather(
            *(self.committer.perform(work(key, run)) for key, run in runs), return_exceptions=True
        )

    async def tally(self, notice: str) -> Tally | None:
        return await Store(reading(self.backing)).notices.get(notice)

    def said(self) -> list[tuple[str, str]]:
        return [(each["a"], each["h"]["ce-id"]) for document in self.outbox for each in document["events"]]

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"green_{name}", labels)


@pytest.fixture(params=[1, 2], ids=["one flight", "two flights"])
async def rig(backing: Backing, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    made = Rig(backing, request.param)
    made.committer.start()
    yield made
    made.backing.gate.set()
    await made.committer.stop()


async def test_works_that_wait_together_share_one_transaction(rig: Rig) -> None:
    rig.backing.gate.clear()
    busy = [asyncio.create_task(rig.committer.perform(work(f"busy{n}", running(Touch(f"b{n}"))))) for n in range(2)]
    await asyncio.sleep(0.05)
    rest = [asyncio.create_task(rig.committer.perform(work(f"m{n}", running(Touch(f"n{n}"))))) for n in range(50)]
    await asyncio.sleep(0.05)
    rig.backing.gate.set()
    await asyncio.gather(*busy, *rest)

    assert max(rig.backing.commits) == 50
    assert sum(rig.backing.commits) == 52


async def test_two_messages_on_one_aggregate_build_on_each_other(rig: Rig) -> None:
    await rig.all(*((f"m{n}", running(Touch("a", str(n)))) for n in range(5)))

    assert await rig.tally("a") == Tally(5, ("0", "1", "2", "3", "4"))
    assert rig.said() == [("notice:a", f"notify:notice:a:{n}:delivered") for n in range(1, 6)]


async def test_a_repeated_message_has_no_second_effect_and_is_counted(rig: Rig) -> None:
    first = await rig.committer.perform(work("m1", running(Touch("a"))))
    second = await rig.committer.perform(work("m1", running(Touch("a"))))

    assert (first.duplicate, second.duplicate) == (False, True)
    assert await rig.tally("a") == Tally(1, ("",))
    assert rig.value("duplicates_total", consumer="notify") == 1


async def test_the_same_message_twice_in_one_batch_has_one_effect(rig: Rig) -> None:
    verdicts = await rig.all(("m1", running(Touch("a"))), ("m1", running(Touch("a"))), ("m2", running(Touch("b"))))

    assert sorted(verdict.duplicate for verdict in verdicts) == [False, False, True]  # type: ignore[attr-defined]
    assert await rig.tally("a") == Tally(1, ("",))


async def failing(unit: Unit, problem: Exception) -> Result:
    Store(unit).notices.save("spoilt", Tally(99))
    raise problem


@pytest.mark.parametrize("problem", [Refusal("no"), Transient("later"), Poison("never"), ValueError("bug")])
async def test_a_handler_that_fails_drops_out_alone_with_its_writes(rig: Rig, problem: Exception) -> None:
    results = await rig.all(
        ("m1", running(Touch("a", "1"))),
        ("m2", lambda unit, _now: failing(unit, problem)),
        ("m3", running(Touch("a", "3"))),
    )

    assert results[1] is problem
    assert await rig.tally("a") == Tally(2, ("1", "3"))
    assert await rig.tally("spoilt") is None


async def test_a_failed_message_is_not_known_and_can_come_again(rig: Rig) -> None:
    await rig.all(("m1", lambda unit, _now: failing(unit, ValueError("bug"))))
    verdict = await rig.committer.perform(work("m1", running(Touch("a"))))

    assert not verdict.duplicate
    assert await rig.tally("a") == Tally(1, ("",))


async def test_an_event_of_an_aggregate_that_is_not_stored_fails_that_handler_alone(rig: Rig) -> None:
    async def says_of_nothing(_unit: Unit, _now: datetime) -> Result:
        return [sample.delivered("ghost")]

    results = await rig.all(("m1", says_of_nothing), ("m2", running(Touch("a"))))

    assert isinstance(results[0], ValueError)
    assert await rig.tally("a") == Tally(1, ("",))


async def test_an_aggregate_that_has_spoken_may_not_be_removed(rig: Rig) -> None:
    async def remove(unit: Unit, _now: datetime) -> Result:
        Store(unit).notices.remove("a")
        return []

    await rig.all(("m1", running(Touch("a"))))
    results = await rig.all(("m2", remove))

    assert isinstance(results[0], ValueError)
    assert await rig.tally("a") == Tally(1, ("",))


async def test_a_conflict_is_tried_again_and_counted(rig: Rig) -> None:
    rig.backing.conflicts = 1
    await rig.all(("m1", running(Touch("a"))), ("m2", running(Touch("a"))))

    assert await rig.tally("a") == Tally(2, ("", ""))
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
    assert isinstance(results[5], Refused)


async def test_a_second_conflict_halves_the_batch(rig: Rig) -> None:
    rig.backing.conflicts = 2
    await rig.all(*((f"m{n}", running(Touch(f"n{n}"))) for n in range(8)))

    assert rig.backing.commits == [4, 4]


async def test_a_natural_key_that_stays_held_refuses_that_work_alone(rig: Rig) -> None:
    await rig.all(("m0", running(Touch("holder", label="one of a kind"))))
    results = await rig.all(
        ("m1", running(Touch("late", label="one of a kind"))),
        ("m2", running(Touch("other", label="another"))),
    )

    assert isinstance(results[0], Refusal)
    assert results[0].code == "already-exists"
    assert await rig.tally("late") is None
    assert await rig.tally("other") == Tally(1, ("",), "another")


async def test_a_refusal_seen_on_what_was_never_committed_is_not_told(rig: Rig) -> None:
    """The first takes the only place and is refused by the database; the second must then get the place."""

    async def take(unit: Unit, _now: datetime) -> Result:
        store = Store(unit)
        if await store.notices.get("place") is not None:
            raise Refusal("taken")
        store.notices.save("place", Tally(1))
        return []

    rig.backing.refuses = "m1"
    results = await rig.all(("m1", take), ("m2", take))

    assert isinstance(results[0], Refused)
    assert not isinstance(results[1], Exception)


async def test_a_cancelled_waiter_changes_nothing(rig: Rig) -> None:
    rig.backing.gate.clear()
    waiter = asyncio.create_task(rig.committer.perform(work("m1", running(Touch("a")))))
    await asyncio.sleep(0.05)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    rig.backing.gate.set()

    again = await rig.committer.perform(work("m1", running(Touch("a"))))

    assert again.duplicate
    assert await rig.tally("a") == Tally(1, ("",))


async def test_a_storm_of_cancelled_waiters_leaves_no_row_without_its_effect(rig: Rig) -> None:
    waiters = [asyncio.create_task(rig.committer.perform(work(f"m{n}", running(Touch("a"))))) for n in range(64)]
    await asyncio.sleep(0.002)
    for waiter in waiters:
        waiter.cancel()
    await asyncio.gather(*waiters, return_exceptions=True)
    verdicts = await rig.all(*((f"m{n}", running(Touch("a"))) for n in range(64)))

    tally = await rig.tally("a")
    assert tally is not None
    assert tally.count == 64
    assert all(not isinstance(each, Exception) for each in verdicts)


async def reply(_unit: Unit, _now: datetime) -> Result:
    return Done(value={"number": 7, "on": NOW.date()})


async def test_the_same_key_and_body_get_the_same_answer(rig: Rig) -> None:
    first = await rig.committer.perform(work("u|k", reply, digest="d"))
    second = await rig.committer.perform(work("u|k", reply, digest="d"))

    assert first.value == second.value == {"number": 7, "on": "2026-03-01"}
    assert (first.duplicate, second.duplicate) == (False, True)


async def test_the_same_key_with_another_body_is_refused(rig: Rig) -> None:
    await rig.committer.perform(work("u|k", reply, digest="d"))

    with pytest.raises(Refusal) as refused:
        await rig.committer.perform(work("u|k", reply, digest="other"))
    assert (refused.value.code, refused.value.status) == ("idempotency-key-reused", 409)


async def test_a_recorded_refusal_commits_the_work_and_is_answered_again(rig: Rig) -> None:
    reason = Reason(rule="E4", article="6(1)", code="accident", text="发生过较大事故")

    async def refuse(unit: Unit, _now: datetime) -> Result:
        Store(unit).notices.save("a", Tally(1))
        return Done(refusal=Refusal("ineligible", reason, status=409))

    first = await rig.committer.perform(work("u|k", refuse))
    second = await rig.committer.perform(work("u|k", refuse))

    assert await rig.tally("a") == Tally(1)
    for verdict in (first, second):
        assert verdict.refusal is not None
        assert (verdict.refusal.code, verdict.refusal.status, verdict.refusal.reasons) == ("ineligible", 409, (reason,))


async def test_stopping_finishes_what_is_waiting_and_takes_nothing_new(rig: Rig) -> None:
    rig.backing.gate.clear()
    waiting = asyncio.create_task(rig.all(*((f"m{n}", running(Touch("a"))) for n in range(300))))
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(rig.committer.stop())
    await asyncio.sleep(0.01)
    with pytest.raises(Transient):
        await rig.committer.perform(work("late", running(Touch("a"))))
    rig.backing.gate.set()
    await stopping

    assert not any(isinstance(each, Exception) for each in await waiting)
    tally = await rig.tally("a")
    assert tally is not None
    assert tally.count == 300


class Recorder:
    def __init__(self) -> None:
        self.points: list[Point] = []

    def reached(self, point: Point) -> None:
        self.points.append(point)


async def test_the_named_points_are_passed_in_order() -> None:
    steps = Recorder()
    committer = Committer(
        Memory(), sample.SERVICE, sample.AGGREGATES, clock=FixedClock(NOW), metrics=Metrics(), steps=steps
    )
    committer.start()
    await committer.perform(work("m1", running(Touch("a"))))
    await committer.stop()

    expected: Sequence[Point] = ["before-commit", "committed-not-acked"]
    assert steps.points == expected
