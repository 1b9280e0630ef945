"""Batches declare what they read: the number of their queries does not grow with the batch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from assessor_quota import jobs
from assessor_quota.bus import SUBSCRIPTIONS
from assessor_quota.domain.assessor import Assessor
from assessor_quota.handlers import reconciliation, statements
from assessor_quota.handlers.register import register_assessor
from assessor_quota.jobs import JOBS
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.mongo import Database, open_database
from chassis.persistence.unit_of_work import read_only_unit
from chassis.scheduling import Job
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from messages.applications import ApplicationSubmitted
from messages.event import Event
from messages.values import PersonRef
from pymongo.monitoring import CommandListener

from .builders import DAY_AFTER, END_OF_JANUARY, NEW_YEAR, NOW, assessor, registration
from .samples import ACCEPTED, LISTED, SAMPLES, SUBMITTED, Sample
from .test_connected import invented
from .words import give_word

pytestmark = pytest.mark.connected

SERVICE = "assessor-quota"
BATCH = 100
PER_ASSESSOR = 2
READS = {"find", "aggregate", "count"}
HANDLERS = {each.event_type: each for each in SUBSCRIPTIONS}
CASES = [(event_type, sample) for event_type, samples in SAMPLES.items() for sample in samples]


class QueryCounter(CommandListener):
    def __init__(self) -> None:
        self.queries = 0

    def started(self, event: Any) -> None:  # noqa: ANN401 - the driver's own
        self.queries += event.command_name in READS

    def succeeded(self, event: Any) -> None:  # noqa: ANN401
        pass

    def failed(self, event: Any) -> None:  # noqa: ANN401
        pass


@dataclass
class Process:
    """One process of the service, without broker, whose queries are counted."""

    database: Database
    counter: QueryCounter
    clock: FixedClock
    metrics: Metrics = field(default_factory=Metrics)
    _items: int = 0

    async def run(self, events: Sequence[Event], *, confirmed: bool = True) -> int:
        """Handle events in one batch; return the number of queries. Submissions were confirmed before, or not."""
        named = [each for each in events if isinstance(each, ApplicationSubmitted) and confirmed]
        await self._commit([self._item(lambda unit, now, of=each: give_word(of, Store(unit), now)) for each in named])  # type: ignore[misc]
        return await self._commit([self._message(each) for each in events])

    async def run_job(self, job: Job[Store]) -> int:
        """Do what is due, all at once; return the number of queries."""
        began = self.counter.queries
        items = await job.due(Store(read_only_unit(self.database)), self.clock.now())
        assert items
        await self._commit([self._item(job.call(each, Store), job.inbox_id(each)) for each in items])
        return self.counter.queries - began

    async def register(self, assessors: Sequence[Assessor]) -> None:
        for each in assessors:
            command = registration(each)
            await self._commit([self._item(lambda unit, now, of=command: register_assessor(of, Store(unit), now))])  # type: ignore[misc]

    async def _commit(self, items: list[WorkItem]) -> int:
        began = self.counter.queries
        await BatchTransaction(self.database, SERVICE, AGGREGATES, self.clock, self.metrics).run(items)
        for each in items:
            await each.waiter
        return self.counter.queries - began

    def _message(self, event: Event) -> WorkItem:
        subscription = HANDLERS[type(event)]
        return self._item(
            subscription.call(event, Store),
            prefetch=subscription.prefetch(event),
            prefetch_related=subscription.related_keys(event, Store),
        )

    def _item(self, run: Any, inbox_id: str = "", **reads: Any) -> WorkItem:  # noqa: ANN401 - a work item's own
        self._items += 1
        return WorkItem(inbox_id or f"item-{self._items}", run, Causation("test"), **reads)


@pytest.fixture
async def process(servers: PrivateServers) -> AsyncIterator[Process]:
    created, counter = await servers.database(SERVICE), QueryCounter()
    database = open_database(created.url, created.name, listeners=[counter])
    await database.ensure_indexes(INDEXES)
    opened = Process(database, counter, FixedClock(NOW))
    await opened.register([assessor(invented(number), person(number)) for number in range(BATCH // PER_ASSESSOR)])
    yield opened
    await database.close()


def person(number: int) -> PersonRef:
    return PersonRef(digest=f"{number:064x}", masked="15**************0X")


def owner(number: int) -> str:
    return invented(number % (BATCH // PER_ASSESSOR))


@pytest.mark.parametrize(("event_type", "sample"), CASES, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_batch_of_a_hundred_messages_asks_as_often_as_one_of_three(
    process: Process, event_type: type[Event], sample: Sample
) -> None:
    asked = {}
    for size in (3, BATCH):
        names = [(f"{size}-{number}", owner(number)) for number in range(size)]
        for make in sample.before:
            await process.run([make(*each) for each in names])
        events = [sample.event(*each) for each in names]
        assert {type(each) for each in events} == {event_type}
        asked[size] = await process.run(events)
    assert asked[BATCH] == asked[3]
    assert asked[BATCH] <= 1 + 4, "the inbox and what the handler reads, once each"


DUE = {
    "count-applications": ((), NOW),
    "open-duties": ((), NEW_YEAR),
    "follow-up-namings": ((), DAY_AFTER),
    "publish-rates": (("count-applications",), END_OF_JANUARY),
    "note-overdue": (("open-duties",), DAY_AFTER),
    "reconcile": ((), NOW),
}
"""Job → the jobs done before it, and when it is due."""
PAGES = ((jobs, "BATCH_SIZE"), (statements, "PAGE"), (reconciliation, "ITEMS"), (reconciliation, "LEDGERS"))


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
async def test_a_page_of_a_job_asks_as_often_as_a_shorter_one(
    process: Process, monkeypatch: pytest.MonkeyPatch, job: Job[Store]
) -> None:
    names = [(f"app-{number}", owner(number)) for number in range(BATCH)]
    for make in (SUBMITTED, ACCEPTED, LISTED):
        await process.run([make(*each) for each in names], confirmed=job.name != "follow-up-namings")
    before, at = DUE[job.name]
    process.clock.move_to(at)
    for each in JOBS:
        if each.name in before:
            await process.run_job(each)
    asked = []
    for size in (3, 20):
        for module, name in PAGES:
            monkeypatch.setattr(module, name, size)
        asked.append(await process.run_job(job))
    assert asked[1] <= asked[0]
