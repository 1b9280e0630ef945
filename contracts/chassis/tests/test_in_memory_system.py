from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from chassis.handling import HandlerResult, Refusal, TransientError
from chassis.http.routing import APIRouter
from chassis.inbox.subscriptions import subscribe
from chassis.scheduling.job import Job
from devkit import HandlerHarness, due_jobs
from devkit.api_harness import api_harness
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest, UndeliverableError
from devkit.sample import AGGREGATES, Store, Touch, TouchCounter, touch
from messages.notify import NoticeDelivered

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def on_delivered(event: NoticeDelivered, store: Store, now: datetime) -> HandlerResult:
    await touch(Touch(event.notice_id, str(event.sequence)), store, now)
    return []


async def in_order_only(event: NoticeDelivered, store: Store, now: datetime) -> HandlerResult:
    tally = await store.notices.get(event.notice_id) or TouchCounter()
    if event.sequence > tally.count + 1:
        raise TransientError("an earlier one is missing")
    return await on_delivered(event, store, now)


async def due(_store: Store, _now: datetime) -> Sequence[Touch]:
    return [Touch("daily")]


def system(handler: object = on_delivered, **options: bool | Random | None) -> InMemorySystem:
    job = Job("daily", due, lambda item: item.notice, touch, timedelta(days=1))
    notify = ServiceUnderTest("notify", (), Store, AGGREGATES, jobs=(job,))
    review = ServiceUnderTest("review", (subscribe(NoticeDelivered, handler),), Store, {})  # type: ignore[arg-type] # either
    return InMemorySystem(notify, review, clock=FixedClock(NOW), **options)  # type: ignore[arg-type] # as given


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
async def test_every_event_has_its_effect_once_in_each_subscriber(twice: bool, seed: int | None) -> None:  # noqa: FBT001
    joined = system(in_order_only, twice=twice, shuffled=None if seed is None else Random(seed))  # noqa: S311
    for _ in range(5):
        await joined.perform("notify", touch, Touch("a"), settle=False)
    await joined.settle()

    assert await joined.read("review").notices.get("a") == TouchCounter(5, ("1", "2", "3", "4", "5"))


async def test_shuffled_messages_come_in_another_order() -> None:
    joined = system(shuffled=Random(1))  # noqa: S311
    for _ in range(6):
        await joined.perform("notify", touch, Touch("a"), settle=False)
    await joined.settle()

    tally = await joined.read("review").notices.get("a")
    assert sorted(tally.words) == ["1", "2", "3", "4", "5", "6"]
    assert list(tally.words) != sorted(tally.words)


async def test_refused_command_publishes_nothing() -> None:
    async def refuse(_command: Touch, _store: Store, _now: datetime) -> HandlerResult:
        raise Refusal("no")

    joined = system()
    with pytest.raises(Refusal, match=r"^no$"):
        await joined.perform("notify", refuse, Touch("a"))
    assert joined.published == []


async def test_jobs_run_once_for_each_item() -> None:
    joined = system()
    await joined.run_jobs()
    await joined.run_jobs()

    assert await joined.read("review").notices.get("daily") == TouchCounter(1, ("1",))


async def test_undeliverable_message_raises() -> None:
    async def never(_event: NoticeDelivered, _store: Store, _now: datetime) -> HandlerResult:
        raise TransientError("not yet")

    with pytest.raises(UndeliverableError, match="review cannot handle notify:notice:a:1:delivered"):
        await system(never).perform("notify", touch, Touch("a"))


async def next_touch(store: Store, _now: datetime) -> Sequence[Touch]:
    """One touch of three at a time, as a long act goes on."""
    done = (await store.notices.get("daily") or TouchCounter()).count
    return [Touch("daily", str(done))] if done < 3 else []


async def always(store: Store, _now: datetime) -> Sequence[Touch]:
    return [Touch("daily", str((await store.notices.get("daily") or TouchCounter()).count))]


def with_job(find: Callable[[Store, datetime], Awaitable[Sequence[Touch]]]) -> InMemorySystem:
    job = Job("act", find, lambda item: item.word, touch)
    return InMemorySystem(ServiceUnderTest("notify", (), Store, AGGREGATES, jobs=(job,)), clock=FixedClock(NOW))


async def test_job_that_finds_its_next_item_only_then_is_run_to_its_end() -> None:
    joined = with_job(next_touch)

    assert await joined.run_jobs() == 3
    assert await joined.run_jobs() == 0
    assert (await joined.read("notify").notices.require("daily")).count == 3


async def test_polls_can_be_counted_to_stop_halfway() -> None:
    joined = with_job(next_touch)

    assert await joined.run_jobs(polls=1) == 1
    assert await joined.run_jobs(polls=1) == 1


async def test_job_that_never_ends_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_jobs, "MAX_POLLS", 50)
    with pytest.raises(due_jobs.EndlessJobError, match="act"):
        await with_job(always).run_jobs()


async def test_handlers_and_api_run_jobs_to_their_end_as_well() -> None:
    job = Job("act", next_touch, lambda item: item.word, touch)
    handlers = HandlerHarness(Store, AGGREGATES)
    assert len(await handlers.run_jobs([job], NOW)) == 3
    assert await handlers.run_jobs([job], NOW) == []

    async with api_harness("notify", APIRouter(), Store, aggregates=AGGREGATES, clock=FixedClock(NOW)) as api:
        assert await api.run_jobs([job]) == 3
        assert await api.run_jobs([job]) == 0
        assert len(api.events) == 3
