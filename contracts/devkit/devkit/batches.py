"""Batches and their queries: a batch asks once for all its items, never once for each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chassis.clock import Clock
from chassis.handling import Document, Filter, Sort
from chassis.inbox import Subscription
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence import Index, UnitOfWork
from chassis.persistence.unit_of_work import ChangeSet, read_only_unit
from chassis.scheduling import Job
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from messages.event import Event
from stdnum.cn import uscc as gb32100

from devkit.in_memory_store import InMemoryStore

SAMPLES = Path(__file__).parents[2] / "messages" / "samples"
CODE_LENGTH = 18
IDENTIFIERS = frozenset(
    {"application_id", "batch_id", "case_id", "duty_id", "list_id", "notice_id", "rate_id", "statement_id"}
)
"""Fields of an event that name what it is about; the code of the unit, and of an assessor it is about, do as well."""


class RecordingStore(InMemoryStore):
    """Records the queries and the writes of each transaction."""

    def __init__(self, indexes: Sequence[Index] = ()) -> None:
        super().__init__(indexes)
        self.batches: list[Counter[str]] = []
        self.commits: list[ChangeSet] = []

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[InMemoryStore]:
        counting = _CountingStore()
        counting.collections = self.collections
        self.batches.append(counting.queries)
        yield counting

    async def commit(self, changes: ChangeSet) -> None:
        await super().commit(changes)
        self.commits.append(changes)


class _CountingStore(InMemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.queries: Counter[str] = Counter()

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        self.queries[collection] += 1
        return await super().load(collection, keys)

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        self.queries[f"find in {collection}"] += 1
        return await super().find(collection, where, sort, limit)

    async def count(self, collection: str, where: Filter) -> int:
        self.queries[f"count in {collection}"] += 1
        return await super().count(collection, where)


@dataclass
class BatchHarness:
    """One service's transactions on a recording store."""

    service: str
    store: Callable[[UnitOfWork], Any]
    aggregates: Mapping[str, str]
    clock: Clock
    indexes: Sequence[Index] = ()
    memory: RecordingStore = field(init=False)

    def __post_init__(self) -> None:
        self.memory = RecordingStore(self.indexes)

    async def deliver(self, subscription: Subscription[Any], events: Iterable[Event]) -> Counter[str]:
        """Handle the events in one batch, as the dispatcher submits them; return its queries by collection."""
        items = [
            WorkItem(
                f"message-{number}",
                subscription.call(event, self.store),
                Causation("test"),
                event_type=event.type,
                prefetch=subscription.prefetch(event),
                prefetch_related=subscription.related_keys(event, self.store),
            )
            for number, event in enumerate(events)
        ]
        return await self._run(items)

    async def run_job(self, job: Job[Any]) -> Counter[str]:
        """Handle the items due now in one batch, as the scheduler submits them; return its queries by collection."""
        due = await job.due(self.store(read_only_unit(self.memory)), self.clock.now())
        items = [
            WorkItem(job.inbox_id(item), job.call(item, self.store), Causation("test"), prefetch=job.prefetch(item))
            for item in due
        ]
        return await self._run(items)

    async def _run(self, items: list[WorkItem]) -> Counter[str]:
        transaction = BatchTransaction(self.memory, self.service, self.aggregates, self.clock, Metrics())
        await transaction.run(items)
        for item in items:
            item.waiter.result()  # raises what the handler raised
        return self.memory.batches[-1]


def numbered_samples(event_type: type[Event], count: int) -> list[Event]:
    """Return the sample of the event about ``count`` matters and units, numbered from 1, and the same assessor."""
    body = json.loads((SAMPLES / f"{event_type.type}.json").read_text(encoding="utf-8"))["body"]
    own = {body["uscc"]} if "uscc" in body else set()
    names = sorted(_names(body) | own, key=len, reverse=True)
    return [event_type.model_validate_json(_renamed(body, names, number)) for number in range(1, count + 1)]


def numbered_id(identifier: str, number: int) -> str:
    """Return the identifier or code that stands in the numbered sample for the one of the sample."""
    if len(identifier) == CODE_LENGTH and identifier.isalnum():
        front = f"91150100{number:09d}"
        return front + str(gb32100.calc_check_digit(front))
    return f"{identifier[:-12]}{number:012d}" if identifier.startswith("app-") else f"{identifier}-{number}"


def _names(body: Any) -> set[str]:  # noqa: ANN401 - any JSON
    if isinstance(body, list):
        return {name for each in body for name in _names(each)}
    if not isinstance(body, dict):
        return set()
    own = {value for key, value in body.items() if key in IDENTIFIERS and isinstance(value, str)}
    codes = {body[key] for key in ("assessor_uscc", "holder") if isinstance(body.get(key), str)}
    unit = {body["unit"]["uscc"]} if isinstance(body.get("unit"), dict) else set()
    return own | codes | unit | {name for value in body.values() for name in _names(value)}


def _renamed(body: object, names: Sequence[str], number: int) -> str:
    text = json.dumps(body)
    for name in names:
        text = text.replace(json.dumps(name)[1:-1], numbered_id(name, number))
    return text
