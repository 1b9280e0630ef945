"""The bound of a batch, and the order of items that share keys, messages or the numbers of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from chassis.handling import HandlerResult
from chassis.persistence.unit_of_work import HandlerCall, Key, UnitOfWork
from chassis.transactions.work import Reply
from devkit import sample
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store, Touch, delivered, touch_call, work_item

from .committer_harness import CommitterHarness

A: Key = ("notices", "a")
B: Key = ("notices", "b")


class Work:
    """Items submitted one after the other, and the names of those whose handler ran."""

    def __init__(self, harness: CommitterHarness) -> None:
        self.harness = harness
        self.ran: list[str] = []

    def submit(self, name: str, *keys: Key, inbox_id: str = "") -> asyncio.Task[Reply]:
        async def run(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
            self.ran.append(name)
            return []

        item = work_item(inbox_id or name, run, keys)
        return asyncio.create_task(self.harness.committer.submit(item))

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(200):
            await asyncio.sleep(0)


@asynccontextmanager
async def paused(workers: int = 2, max_batch_size: int = 100) -> AsyncIterator[Work]:
    """A committer whose commits wait until they are allowed."""
    harness = CommitterHarness(InMemoryStore(sample.INDEXES), workers, max_batch_size)
    harness.store.commits_allowed.clear()
    harness.committer.start()
    yield Work(harness)
    harness.store.commits_allowed.set()
    await harness.committer.stop()


async def test_no_transaction_holds_more_items_than_its_bound() -> None:
    async with paused(workers=1, max_batch_size=3) as work:
        waiting = [work.submit(f"m{number}") for number in range(10)]
        await work.settle()
        work.harness.store.commits_allowed.set()
        await asyncio.gather(*waiting)

        sizes = work.harness.store.commit_sizes
        assert (max(sizes), sum(sizes)) == (3, 10)


async def test_an_item_waits_while_a_transaction_holds_its_key() -> None:
    async with paused() as work:
        first = work.submit("first", A)
        await work.settle()
        second, free = work.submit("second", A), work.submit("free", B)
        await work.settle()
        assert work.ran == ["first", "free"]

        work.harness.store.commits_allowed.set()
        await asyncio.gather(first, second, free)
        assert work.ran == ["first", "free", "second"]


async def test_an_item_never_overtakes_one_that_waits_and_shares_a_key_with_it() -> None:
    async with paused() as work:
        first = work.submit("first", A)
        await work.settle()
        both, last = work.submit("both", A, B), work.submit("last", B)
        await work.settle()
        assert work.ran == ["first"]

        work.harness.store.commits_allowed.set()
        await asyncio.gather(first, both, last)
        assert work.ran == ["first", "both", "last"]


async def test_a_message_delivered_again_waits_for_its_own_commit() -> None:
    async with paused() as work:
        first = work.submit("first", inbox_id="m1")
        await work.settle()
        again = work.submit("again", inbox_id="m1")
        await work.settle()
        assert work.ran == ["first"]

        work.harness.store.commits_allowed.set()
        assert [each.duplicate for each in await asyncio.gather(first, again)] == [False, True]
        assert work.ran == ["first"]


async def test_keys_and_messages_are_free_again_after_the_commit() -> None:
    async with paused() as work:
        work.harness.store.commits_allowed.set()
        await work.submit("first", A, inbox_id="m1")
        assert (await work.submit("again", A, inbox_id="m1")).duplicate
        await work.submit("second", A)

        assert work.ran == ["first", "second"]


async def test_a_committer_runs_from_its_start_to_its_stop() -> None:
    harness = CommitterHarness(InMemoryStore(sample.INDEXES), 2)
    assert not harness.committer.running
    harness.committer.start()
    assert harness.committer.running
    await harness.committer.stop()
    assert not harness.committer.running


def publish_unsaved(notice: str, times: int = 1) -> HandlerCall:
    """Publish events of a notice without saving it."""

    async def run(_unit: UnitOfWork, _now: datetime) -> HandlerResult:
        return [delivered(notice) for _ in range(times)]

    return run


async def read(unit: UnitOfWork, _now: datetime) -> HandlerResult:
    return [] if await Store(unit).notices.get("a") is None else [delivered("a")]


@pytest.mark.parametrize("together", [True, False])
async def test_events_of_a_document_are_numbered_on_though_a_message_says_one_and_saves_nothing(
    harness: CommitterHarness, *, together: bool
) -> None:
    touched, one, two = touch_call(Touch("a")), publish_unsaved("a"), publish_unsaved("a", times=2)
    runs = [touched, one, two, read, touched, one]
    items = [(f"m{number}", run) for number, run in enumerate(runs)]
    if together:
        await harness.submit_all(*items)
    else:
        for each in items:
            await harness.submit_all(each)

    numbers = [each["headers"]["ce-sequence"] for document in harness.outbox for each in document["events"]]
    assert sorted(map(int, numbers)) == [1, 2, 3, 4, 5, 6, 7]
    counter = await harness.touch_counter("a")
    assert counter is not None
    assert counter.count == 2
