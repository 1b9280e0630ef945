from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from chassis.handling import Done, HandlerResult, PoisonMessageError, Refusal, TransientError
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import RejectedWriteError, UnitOfWork
from chassis.transactions.work import command_inbox_id, job_inbox_id, message_inbox_id
from devkit import sample
from devkit.sample import Store, Touch, TouchCounter, running, touch, work
from messages.values import Reason

from .committing import NOW, Rig


async def failing(unit: UnitOfWork, problem: Exception) -> HandlerResult:
    Store(unit).notices.save("spoilt", TouchCounter(99))
    raise problem


@pytest.mark.parametrize(
    "problem", [Refusal("no"), TransientError("later"), PoisonMessageError("never"), ValueError("bug")]
)
async def test_a_handler_that_fails_drops_out_alone_with_its_writes(rig: Rig, problem: Exception) -> None:
    results = await rig.all(
        ("m1", running(Touch("a", "1"))),
        ("m2", lambda unit, _now: failing(unit, problem)),
        ("m3", running(Touch("a", "3"))),
    )

    assert results[1] is problem
    assert await rig.tally("a") == TouchCounter(2, ("1", "3"))
    assert await rig.tally("spoilt") is None


async def test_a_failed_message_is_not_known_and_can_come_again(rig: Rig) -> None:
    await rig.all(("m1", lambda unit, _now: failing(unit, ValueError("bug"))))
    verdict = await rig.committer.submit(work("m1", running(Touch("a"))))

    assert not verdict.duplicate
    assert await rig.tally("a") == TouchCounter(1, ("",))


async def test_an_event_of_an_aggregate_that_is_not_stored_fails_that_handler_alone(rig: Rig) -> None:
    async def says_of_nothing(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
        return [sample.delivered("ghost")]

    results = await rig.all(("m1", says_of_nothing), ("m2", running(Touch("a"))))

    assert isinstance(results[0], ValueError)
    assert await rig.tally("a") == TouchCounter(1, ("",))


async def test_an_aggregate_that_has_spoken_may_not_be_removed(rig: Rig) -> None:
    async def remove(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        Store(unit).notices.remove("a")
        return []

    await rig.all(("m1", running(Touch("a"))))
    results = await rig.all(("m2", remove))

    assert isinstance(results[0], ValueError)
    assert await rig.tally("a") == TouchCounter(1, ("",))


async def test_a_natural_key_that_stays_held_refuses_that_work_alone(rig: Rig) -> None:
    await rig.all(("m0", running(Touch("holder", label="one of a kind"))))
    results = await rig.all(
        ("m1", running(Touch("late", label="one of a kind"))),
        ("m2", running(Touch("other", label="another"))),
    )

    assert isinstance(results[0], Refusal)
    assert results[0].code == "already-exists"
    assert await rig.tally("late") is None
    assert await rig.tally("other") == TouchCounter(1, ("",), "another")


async def test_a_handler_never_refuses_on_half_of_what_another_process_saved(rig: Rig) -> None:
    """Two notices are always touched together; one read before and one after would make them differ."""
    other = Rig(rig.backing, flights=1)
    other.committer.start()

    async def both(unit: UnitOfWork, now: datetime) -> HandlerResult:
        store = Store(unit)
        return [*await touch(Touch("a"), store, now), *await touch(Touch("b"), store, now)]

    async def compare(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        first = await store.notices.require("a")
        await other.committer.submit(work("between", both))
        if first.count != (await store.notices.require("b")).count:
            raise Refusal("torn")
        return []

    await rig.all(("before", both))
    results = await rig.all(("m1", compare))
    await other.committer.stop()

    assert not isinstance(results[0], Exception)
    assert await rig.tally("a") == TouchCounter(2, ("", ""))


async def test_a_refusal_seen_on_what_was_never_committed_is_not_told(rig: Rig) -> None:
    """The first takes the only place and is refused by the database; the second must then get the place."""

    async def take(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        if await store.notices.get("place") is not None:
            raise Refusal("taken")
        store.notices.save("place", TouchCounter(1))
        return []

    rig.backing.refuses = "m1"
    results = await rig.all(("m1", take), ("m2", take))

    assert isinstance(results[0], RejectedWriteError)
    assert not isinstance(results[1], Exception)


async def reply(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
    return Done(value={"number": 7, "on": NOW.date()})


async def test_the_same_key_and_body_get_the_same_answer(rig: Rig) -> None:
    first = await rig.committer.submit(work("u|k", reply, digest="d"))
    second = await rig.committer.submit(work("u|k", reply, digest="d"))

    assert first.value == second.value == {"number": 7, "on": "2026-03-01"}
    assert (first.duplicate, second.duplicate) == (False, True)


async def test_the_same_key_with_another_body_is_refused(rig: Rig) -> None:
    await rig.committer.submit(work("u|k", reply, digest="d"))

    with pytest.raises(Refusal) as refused:
        await rig.committer.submit(work("u|k", reply, digest="other"))
    assert (refused.value.code, refused.value.status) == ("idempotency-key-reused", 409)
    assert [(each.rule, each.article) for each in refused.value.reasons] == [("A4", "第十四条")]


async def test_a_recorded_refusal_commits_the_work_and_is_answered_again(rig: Rig) -> None:
    reason = Reason(rule="E4", article="6(1)", code="accident", text="发生过较大事故")

    async def refuse(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        Store(unit).notices.save("a", TouchCounter(1))
        return Done(refusal=Refusal("ineligible", reason, status=409))

    first = await rig.committer.submit(work("u|k", refuse))
    second = await rig.committer.submit(work("u|k", refuse))

    assert await rig.tally("a") == TouchCounter(1)
    for verdict in (first, second):
        assert verdict.refusal is not None
        assert (verdict.refusal.code, verdict.refusal.status, verdict.refusal.reasons) == ("ineligible", 409, (reason,))


def nested(depth: int) -> tuple[Any, ...]:
    made: tuple[Any, ...] = ()
    for _ in range(depth):
        made = (made,)
    return made


@pytest.mark.parametrize("words", [("\ud800",), nested(3000)], ids=["no Unicode", "too deep"])
async def test_what_no_document_can_hold_fails_its_own_work_and_no_other(
    database: Database, words: tuple[Any, ...]
) -> None:
    rig = Rig(database, 1)
    rig.committer.start()

    async def unwritable(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        unit.save("notices", "spoilt", {"words": words})
        return []

    results = await rig.all(
        *((f"m{n}", running(Touch(f"n{n}"))) for n in range(5)),
        ("bad", unwritable),
    )
    await rig.committer.stop()

    assert [isinstance(result, Exception) for result in results] == [False] * 5 + [True]
    assert await rig.tally("n4") == TouchCounter(1, ("",))


def test_no_subject_and_key_make_the_same_identifier_as_another_road_or_another_pair() -> None:
    pairs = [("a", "b|c"), ("a|b", "c"), ("a%7Cb", "c"), ("review", "e"), ("", "review|e")]
    made = [*(command_inbox_id(*pair) for pair in pairs), message_inbox_id("review", "e"), job_inbox_id("review", "e")]

    assert len(set(made)) == len(made)
