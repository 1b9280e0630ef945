from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import rulebook
from chassis.handling import Done, HandlerResult, PoisonMessageError, Refusal, TransientError
from chassis.persistence.errors import RejectedWriteError
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.transactions.commands import CommandExecutor
from chassis.transactions.work import command_inbox_id, job_inbox_id, message_inbox_id
from devkit import sample
from devkit.sample import Store, Touch, TouchCounter, touch, touch_call, work_item
from messages.values import Reason

from .committer_harness import NOW, CommitterHarness


async def fail(unit: UnitOfWork, problem: Exception) -> HandlerResult:
    Store(unit).notices.save("spoilt", TouchCounter(99))
    raise problem


@pytest.mark.parametrize(
    "problem", [Refusal("no"), TransientError("later"), PoisonMessageError("never"), ValueError("bug")]
)
async def test_failing_handler_is_dropped_alone_with_its_writes(harness: CommitterHarness, problem: Exception) -> None:
    results = await harness.submit_all(
        ("m1", touch_call(Touch("a", "1"))),
        ("m2", lambda unit, _now: fail(unit, problem)),
        ("m3", touch_call(Touch("a", "3"))),
    )

    assert results[1] is problem
    assert await harness.touch_counter("a") == TouchCounter(2, ("1", "3"))
    assert await harness.touch_counter("spoilt") is None


async def test_failed_message_is_handled_when_it_comes_again(harness: CommitterHarness) -> None:
    await harness.submit_all(("m1", lambda unit, _now: fail(unit, ValueError("bug"))))
    reply = await harness.committer.submit(work_item("m1", touch_call(Touch("a"))))

    assert not reply.duplicate
    assert await harness.touch_counter("a") == TouchCounter(1, ("",))


async def test_event_of_an_unsaved_aggregate_fails_its_handler_alone(harness: CommitterHarness) -> None:
    async def publish_for_unsaved_aggregate(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
        return [sample.delivered("ghost")]

    results = await harness.submit_all(("m1", publish_for_unsaved_aggregate), ("m2", touch_call(Touch("a"))))

    assert isinstance(results[0], ValueError)
    assert await harness.touch_counter("a") == TouchCounter(1, ("",))


async def test_aggregate_with_published_events_cannot_be_removed(harness: CommitterHarness) -> None:
    async def remove(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        Store(unit).notices.remove("a")
        return []

    await harness.submit_all(("m1", touch_call(Touch("a"))))
    results = await harness.submit_all(("m2", remove))

    assert isinstance(results[0], ValueError)
    assert await harness.touch_counter("a") == TouchCounter(1, ("",))


async def test_taken_natural_key_refuses_its_item_alone(harness: CommitterHarness) -> None:
    await harness.submit_all(("m0", touch_call(Touch("holder", label="one of a kind"))))
    results = await harness.submit_all(
        ("m1", touch_call(Touch("late", label="one of a kind"))),
        ("m2", touch_call(Touch("other", label="another"))),
    )

    assert isinstance(results[0], Refusal)
    assert results[0].code == "already-exists"
    assert await harness.touch_counter("late") is None
    assert await harness.touch_counter("other") == TouchCounter(1, ("",), "another")


async def test_handler_never_sees_half_of_a_concurrent_commit(harness: CommitterHarness) -> None:
    """Two notices are always touched together: reading one before and one after the other commit shows a difference."""
    other = CommitterHarness(harness.store, commits_in_flight=1)
    other.committer.start()

    async def both(unit: UnitOfWork, now: datetime) -> HandlerResult:
        store = Store(unit)
        return [*await touch(Touch("a"), store, now), *await touch(Touch("b"), store, now)]

    async def compare(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        first = await store.notices.require("a")
        await other.committer.submit(work_item("between", both))
        if first.count != (await store.notices.require("b")).count:
            raise Refusal("torn")
        return []

    await harness.submit_all(("before", both))
    results = await harness.submit_all(("m1", compare))
    await other.committer.stop()

    assert not isinstance(results[0], Exception)
    assert await harness.touch_counter("a") == TouchCounter(2, ("", ""))


async def test_refusal_based_on_an_uncommitted_write_is_retried(harness: CommitterHarness) -> None:
    """The first item takes the only place and the database rejects it; the second must then get the place."""

    async def take(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        if await store.notices.get("place") is not None:
            raise Refusal("taken")
        store.notices.save("place", TouchCounter(1))
        return []

    harness.store.rejected_id = "m1"
    results = await harness.submit_all(("m1", take), ("m2", take))

    assert isinstance(results[0], RejectedWriteError)
    assert not isinstance(results[1], Exception)


async def reply_with_number(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
    return Done(value={"number": 7, "on": NOW.date()})


async def test_same_key_and_body_get_the_same_reply(harness: CommitterHarness) -> None:
    first = await harness.committer.submit(work_item("u|k", reply_with_number, digest="d"))
    second = await harness.committer.submit(work_item("u|k", reply_with_number, digest="d"))

    assert first.value == second.value == {"number": 7, "on": "2026-03-01"}
    assert (first.duplicate, second.duplicate) == (False, True)


async def test_same_key_with_another_body_is_refused(harness: CommitterHarness) -> None:
    commands = CommandExecutor(harness.committer, rulebook)
    await commands.execute("u|k", "d", reply_with_number)

    with pytest.raises(Refusal) as refused:
        await commands.execute("u|k", "other", reply_with_number)
    assert (refused.value.code, refused.value.status) == ("idempotency-key-reused", 409)
    assert [(each.rule, each.article) for each in refused.value.reasons] == [("A4", "第十四条第（一）项")]


async def test_recorded_refusal_commits_its_writes_and_is_repeated(harness: CommitterHarness) -> None:
    reason = Reason(rule="E4", article="6(1)", code="accident", text="发生过较大事故")

    async def refuse(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        Store(unit).notices.save("a", TouchCounter(1))
        return Done(refusal=Refusal("ineligible", reason, status=409))

    first = await harness.committer.submit(work_item("u|k", refuse))
    second = await harness.committer.submit(work_item("u|k", refuse))

    assert await harness.touch_counter("a") == TouchCounter(1)
    for reply in (first, second):
        assert reply.refusal is not None
        assert (reply.refusal.code, reply.refusal.status, reply.refusal.reasons) == ("ineligible", 409, (reason,))


def nested_tuple(depth: int) -> tuple[Any, ...]:
    made: tuple[Any, ...] = ()
    for _ in range(depth):
        made = (made,)
    return made


@pytest.mark.parametrize("words", [("\ud800",), nested_tuple(3000)], ids=["no Unicode", "too deep"])
async def test_unstorable_value_fails_its_item_alone(database: Database, words: tuple[Any, ...]) -> None:
    harness = CommitterHarness(database, 1)
    harness.committer.start()

    async def unwritable(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        unit.save("notices", "spoilt", {"words": words})
        return []

    results = await harness.submit_all(
        *((f"m{n}", touch_call(Touch(f"n{n}"))) for n in range(5)),
        ("bad", unwritable),
    )
    await harness.committer.stop()

    assert [isinstance(result, Exception) for result in results] == [False] * 5 + [True]
    assert await harness.touch_counter("n4") == TouchCounter(1, ("",))


def test_inbox_ids_of_commands_messages_and_jobs_never_collide() -> None:
    callers = [("a", "", "", "b|c"), ("a|b", "", "", "c"), ("a%7Cb", "", "", "c"), ("review", "", "", "e")]
    callers += [
        ("", "", "", "review|e"),
        ("a", "b", "", "c"),
        ("a", "", "b", "c"),
        ("a", "b|", "", "c"),
        ("a|", "b", "", "c"),
    ]
    made = [
        *(command_inbox_id(*each) for each in callers),
        message_inbox_id("review", "e"),
        job_inbox_id("review", "e"),
    ]

    assert len(set(made)) == len(made)
