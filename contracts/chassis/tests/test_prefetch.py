"""Prefetch: a batch loads the keys of all its items with one query, and related keys with one more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from chassis.handling import Document, HandlerResult
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import ChangeSet, HandlerCall, Key, RelatedKeys, UnitOfWork, Write
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from devkit import sample
from devkit.clock import FixedClock
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store, TouchCounter
from structlog.testing import capture_logs

from .committer_harness import NOW

ITEMS = 20


class RecordingStore(InMemoryStore):
    """Records how many documents of a collection each query asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: list[tuple[str, int]] = []

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[InMemoryStore]:
        frozen = RecordingStore()
        frozen.collections, frozen.queries = self.collections, self.queries
        yield frozen

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        self.queries.append((collection, len(keys)))
        return await super().load(collection, keys)


@pytest.fixture
async def recording_store() -> RecordingStore:
    """Notices that name each other: ``a1`` bears the label ``b1``."""
    memory = RecordingStore()
    for number in range(ITEMS):
        named = {"_id": f"a{number}", "_version": 1, "_sequence": 0, "count": 0, "words": [], "label": f"b{number}"}
        await memory.commit(ChangeSet([], [Write("notices", f"a{number}", 0, named)], None))
    return memory


@pytest.fixture
async def committer(recording_store: RecordingStore) -> AsyncIterator[GroupCommitter]:
    made = GroupCommitter(
        BatchTransaction(recording_store, sample.SERVICE, sample.AGGREGATES, clock=FixedClock(NOW), metrics=Metrics())
    )
    made.start()
    yield made
    await made.stop()


def follow_label(number: int) -> HandlerCall:
    async def follow(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        first = await store.notices.require(f"a{number}")
        store.notices.save(first.label, await store.notices.get(first.label) or TouchCounter(count=1))
        return ()

    return follow


def related_keys(number: int) -> RelatedKeys:
    async def find_label(unit: UnitOfWork) -> Iterable[Key]:
        first = await Store(unit).notices.require(f"a{number}")
        return [("notices", first.label)]

    return find_label


async def fail(_unit: UnitOfWork) -> Iterable[Key]:
    raise ValueError("unknown keys")


def work(number: int, related: RelatedKeys | None) -> WorkItem:
    key = f"m{number}"
    return WorkItem(
        key, follow_label(number), Causation(key), prefetch=[("notices", f"a{number}")], prefetch_related=related
    )


async def test_related_documents_are_loaded_once_for_the_whole_batch(
    recording_store: RecordingStore, committer: GroupCommitter
) -> None:
    await asyncio.gather(*(committer.submit(work(number, related_keys(number))) for number in range(ITEMS)))

    assert [count for name, count in recording_store.queries if name == "notices"] == [ITEMS, ITEMS]
    assert len(await recording_store.load("notices", [f"b{number}" for number in range(ITEMS)])) == ITEMS


async def test_failing_prefetch_is_logged_and_its_item_still_runs(
    recording_store: RecordingStore, committer: GroupCommitter
) -> None:
    with capture_logs() as lines:
        await asyncio.gather(committer.submit(work(0, fail)), committer.submit(work(1, related_keys(1))))

    assert [(line["event"], str(line["exc_info"])) for line in lines] == [
        ("prefetch of related keys failed", "unknown keys")
    ]
    assert len(await recording_store.load("notices", ["b0", "b1"])) == 2
