"""Intake of the committer: requests and messages share each batch, and nobody works for a caller that has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from time import thread_time

import pytest
from chassis.handling import TransientError
from chassis.outbox.entries import Causation
from chassis.persistence.errors import TransactionTooLongError
from chassis.persistence.unit_of_work import ChangeSet, UnitOfWork
from chassis.transactions.work import Reply, WorkItem, never
from devkit import sample
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store, Touch, TouchCounter, touch_call, work_item

from .committer_harness import CommitterHarness


@pytest.fixture
async def harness() -> AsyncIterator[CommitterHarness]:
    made = CommitterHarness(InMemoryStore(sample.INDEXES), 1)
    yield made
    made.store.commits_allowed.set()
    await made.committer.stop()


def request(name: str, abandoned: Callable[[], bool] = never) -> WorkItem:
    return WorkItem(name, touch_call(Touch(name)), Causation(name), consumer="http", abandoned=abandoned)


def message(name: str) -> WorkItem:
    return WorkItem(name, touch_call(Touch(name)), Causation(name), consumer="notify", event_type="a.b.c.v1")


def submit(harness: CommitterHarness, *items: WorkItem) -> list[asyncio.Task[Reply]]:
    return [asyncio.create_task(harness.committer.submit(item)) for item in items]


async def first_batch(harness: CommitterHarness, *items: WorkItem) -> set[str]:
    """Return the items of the first commit; all of them waited when it began."""
    waiting = submit(harness, *items)
    await asyncio.sleep(0)
    committed: list[set[str]] = []
    commit = harness.store._commit

    async def observe(changes: ChangeSet) -> None:
        committed.append({row["_id"] for row in changes.inbox})
        await commit(changes)

    harness.store._commit = observe
    harness.committer.start()
    await asyncio.gather(*waiting)
    return committed[0]


async def test_request_behind_a_flood_of_messages_is_in_the_next_batch(harness: CommitterHarness) -> None:
    batch = await first_batch(harness, *(message(f"m{n}") for n in range(1_000)), request("r"))

    assert "r" in batch
    assert len(batch) == 100


async def test_flood_of_requests_leaves_half_of_each_batch_to_messages(harness: CommitterHarness) -> None:
    requests = [request(f"r{n}") for n in range(1_000)]
    batch = await first_batch(harness, *requests, *(message(f"m{n}") for n in range(200)))

    assert sum(each.startswith("m") for each in batch) == 50


async def test_requests_fill_the_batch_where_no_message_waits(harness: CommitterHarness) -> None:
    batch = await first_batch(harness, *(request(f"r{n}") for n in range(150)), message("m"))

    assert len(batch) == 100
    assert "m" in batch


async def test_item_whose_caller_has_gone_is_dropped_before_it_begins(harness: CommitterHarness) -> None:
    gone, stays = submit(harness, request("gone", lambda: True), request("stays"))
    await asyncio.sleep(0)
    harness.committer.start()
    await stays

    with pytest.raises(TransientError):
        await gone
    assert await harness.touch_counter("gone") is None
    assert await harness.touch_counter("stays") == TouchCounter(1, ("",))


async def test_cancelled_waiter_is_dropped_before_its_item_begins(harness: CommitterHarness) -> None:
    gone, stays = submit(harness, message("gone"), message("stays"))
    await asyncio.sleep(0)
    gone.cancel()
    harness.committer.start()
    await stays

    assert await harness.touch_counter("gone") is None


async def test_batch_that_outlives_the_servers_limit_is_halved(harness: CommitterHarness) -> None:
    commit = harness.store._commit

    async def too_long(changes: ChangeSet) -> None:
        if len(changes.inbox) > 3:
            raise TransactionTooLongError("made by the test")
        await commit(changes)

    harness.store._commit = too_long
    waiting = submit(harness, *(request(f"r{n}") for n in range(10)))
    harness.committer.start()
    await asyncio.gather(*waiting)

    assert sum(harness.store.commit_sizes) == 10
    assert max(harness.store.commit_sizes) == 3


async def test_single_item_that_outlives_the_servers_limit_is_to_be_tried_again(harness: CommitterHarness) -> None:
    async def too_long(_changes: ChangeSet) -> None:
        raise TransactionTooLongError("made by the test")

    harness.store._commit = too_long
    (waiting,) = submit(harness, request("r"))
    harness.committer.start()

    with pytest.raises(TransientError):
        await waiting


async def test_document_saved_unread_that_exists_is_replaced_at_the_second_attempt(harness: CommitterHarness) -> None:
    async def overwrite(unit: UnitOfWork, _now: object) -> list[object]:
        Store(unit).notices.save("a", TouchCounter(7))
        return []

    harness.committer.start()
    await harness.committer.submit(request("a"))
    await harness.committer.submit(work_item("overwrite", overwrite))  # type: ignore[arg-type] # no events

    assert await harness.touch_counter("a") == TouchCounter(7)
    assert harness.metric("commit_conflicts_total") == 1


async def test_handlers_of_a_batch_let_other_tasks_run(harness: CommitterHarness) -> None:
    """By CPU of the thread, so that neighbours on the machine do not matter: a batch works for 50 ms or more."""
    turns = 0

    async def work(unit: UnitOfWork, _now: object) -> list[object]:
        began = thread_time()
        while thread_time() - began < 0.001:
            unit.version("notices", "a")
        return []

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    items = [work_item(f"w{n}", work) for n in range(50)]  # type: ignore[arg-type] # no events
    waiting = submit(harness, *items)
    await asyncio.sleep(0)
    counting = asyncio.create_task(count_turns())
    harness.committer.start()
    await asyncio.gather(*waiting)
    counting.cancel()

    assert turns >= 4
