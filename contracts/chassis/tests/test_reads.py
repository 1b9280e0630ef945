"""What a batch loads ahead: one question for all of its works, and one more for what those lead to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from chassis.clock import FixedClock
from chassis.handling import HandlerResult
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.unit_of_work import ChangeSet, Document, HandlerCall, Key, RelatedKeys, UnitOfWork, Write
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem
from devkit import sample
from devkit.in_memory_store import InMemoryStore
from devkit.sample import Store, TouchCounter
from structlog.testing import capture_logs

from .committing import NOW

WORKS = 20


class Asked(InMemoryStore):
    """Writes down how many documents of a collection each question asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.questions: list[tuple[str, int]] = []

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[InMemoryStore]:
        seen = Asked()
        seen.collections, seen.questions = self.collections, self.questions
        yield seen

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        self.questions.append((collection, len(keys)))
        return await super().load(collection, keys)


@pytest.fixture
async def asked() -> Asked:
    """Notices that name each other: ``a1`` bears the label ``b1``."""
    memory = Asked()
    for number in range(WORKS):
        named = {"_id": f"a{number}", "v": 1, "n": 0, "count": 0, "words": [], "label": f"b{number}"}
        await memory.commit(ChangeSet([], [Write("notices", f"a{number}", 0, named)], None))
    return memory


@pytest.fixture
async def committer(asked: Asked) -> AsyncIterator[GroupCommitter]:
    made = GroupCommitter(asked, sample.SERVICE, sample.AGGREGATES, clock=FixedClock(NOW), metrics=Metrics())
    made.start()
    yield made
    await made.stop()


def following(number: int) -> HandlerCall:
    async def follow(unit: UnitOfWork, _now: datetime) -> HandlerResult:
        store = Store(unit)
        first = await store.notices.require(f"a{number}")
        store.notices.save(first.label, await store.notices.get(first.label) or TouchCounter(count=1))
        return ()

    return follow


def named_by(number: int) -> RelatedKeys:
    async def look(unit: UnitOfWork) -> Iterable[Key]:
        first = await Store(unit).notices.require(f"a{number}")
        return [("notices", first.label)]

    return look


async def broken(_unit: UnitOfWork) -> Iterable[Key]:
    raise ValueError("cannot say")


def work(number: int, then: RelatedKeys | None) -> WorkItem:
    key = f"m{number}"
    return WorkItem(key, following(number), Causation(key), prefetch=[("notices", f"a{number}")], prefetch_related=then)


async def test_what_the_loaded_leads_to_is_asked_for_once_for_the_whole_batch(
    asked: Asked, committer: GroupCommitter
) -> None:
    await asyncio.gather(*(committer.submit(work(number, named_by(number))) for number in range(WORKS)))

    assert [count for name, count in asked.questions if name == "notices"] == [WORKS, WORKS]
    assert len(await asked.load("notices", [f"b{number}" for number in range(WORKS)])) == WORKS


async def test_a_work_that_cannot_say_what_it_wants_is_done_all_the_same_and_told(
    asked: Asked, committer: GroupCommitter
) -> None:
    with capture_logs() as lines:
        await asyncio.gather(committer.submit(work(0, broken)), committer.submit(work(1, named_by(1))))

    assert [(line["event"], str(line["exc_info"])) for line in lines] == [("look-ahead failed", "cannot say")]
    assert len(await asked.load("notices", ["b0", "b1"])) == 2
