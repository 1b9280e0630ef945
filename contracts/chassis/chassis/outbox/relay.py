"""The outbox relay, the only publisher: sends committed events until the broker confirms them."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from itertools import count

import structlog

from chassis.broker.publisher import RETRYABLE, BrokerUnavailableError, Publisher, PublishResult
from chassis.failpoints import Failpoints, NoFailpoints
from chassis.handling import Document
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.outbox.ordering import InFlightDocument, OrderedDispatch
from chassis.outbox.store import OutboxStore
from chassis.persistence.mongo import Database, created_at_of
from chassis.tasks import cancel_all

log = structlog.get_logger(__name__)

LEASE = 10.0
"""Seconds by the server's clock until another relay may take a document over."""
IN_FLIGHT = 16
"""Documents whose events wait for confirms at the same time."""
SWEEP_PAGE_SIZE = 200
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
RETRY_SOON_SECONDS = 0.1
"""Seconds until the next sweep when the broker took all that the last one resumed."""


@dataclass(eq=False)
class Relay:
    """Publishes each document right after its commit; a sweep takes over those of a relay that died.

    Events of one aggregate that this process committed go out in order, each after the confirm of the one before;
    different aggregates go side by side. An event that the broker returned or refused stays in the outbox, with the
    later ones of its aggregate, and is logged and counted; the sweep tries all of them again, in order. Events of one
    aggregate that two processes committed, or that one sends while another takes over from a lost one, may arrive in
    another order: a consumer that depends on the order defers the event. Two relays on one document publish
    duplicates and lose nothing: only the holder of the lease marks it sent.
    """

    database: Database
    publisher: Publisher
    lease_holder: str
    _: KW_ONLY
    metrics: Metrics
    failpoints: Failpoints = field(default_factory=NoFailpoints)
    tracing: Tracing = NO_TRACING
    lease: float = LEASE
    sweep_interval: float = 2.0

    def __post_init__(self) -> None:
        self._store = OutboxStore(self.database, self.lease_holder, self.lease)
        self._ordering = OrderedDispatch()
        self._waiting: deque[InFlightDocument] = deque()
        self._sent: list[object] = []
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._arrived = asyncio.Event()
        self._confirmed = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._failures = 0

    def enqueue(self, document: Document) -> None:
        """Take a document just committed; called by the committer, never waits."""
        in_flight = self._ordering.admit(document)
        if in_flight is not None:
            self._queue(in_flight)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(each()) for each in (self._dispatch_loop, self._mark, self._sweep)]

    @property
    def running(self) -> bool:
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def stop(self, patience: float = 5.0) -> None:
        """Send and mark what is in flight, for a bounded time; another relay takes the rest when the lease expires."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._ordering.in_flight:  # noqa: ASYNC110 - three tasks empty it, at the end of a process
                    await asyncio.sleep(0.01)
        await cancel_all((*self._tasks, *self._sending))
        await self.publisher.close()

    async def oldest_unattempted(self) -> float:
        """Query the database for the age in seconds of the oldest document that no relay has tried to send."""
        return await self._store.oldest_age(untried=True)

    def _queue(self, in_flight: InFlightDocument) -> None:
        self._waiting.append(in_flight)
        self._arrived.set()

    async def _dispatch_loop(self) -> None:
        """Start sending in order of arrival; each document waits for earlier ones of the same aggregates."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._slots.acquire()
                task = asyncio.create_task(self._send(self._waiting.popleft()))
                self._sending.add(task)
                task.add_done_callback(self._on_sent)

    def _on_sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._slots.release()
        if not task.cancelled() and task.exception() is not None:
            self._count_failure("error")
            log.error("relay task failed", exc_info=task.exception())

    async def _send(self, in_flight: InFlightDocument) -> None:
        sent = False
        try:
            await in_flight.wait_for_predecessors()
            unpublished = await self._publish(in_flight)
            if unpublished:
                await self._store.record_unpublished(in_flight.document, unpublished)
            else:
                sent = True
                self.failpoints.hit("confirmed-not-marked")
                self._sent.append(in_flight.document["_id"])
                self._confirmed.set()
        finally:
            self._ordering.complete(in_flight, sent=sent)

    async def _publish(self, in_flight: InFlightDocument) -> list[int]:
        """Publish the events of a document round by round, without blocked keys; return positions not published."""
        events, created_at = in_flight.document["events"], created_at_of(in_flight.document["_id"])
        unpublished: list[int] = []
        for positions in _publish_rounds(in_flight.document):
            free = [position for position in positions if events[position]["aggregate"] not in in_flight.blocked]
            unpublished += [position for position in positions if events[position]["aggregate"] in in_flight.blocked]
            spans = self.tracing.publish_spans([events[position] for position in free])
            results = await self._confirm([{**events[position], "at": created_at} for position in free])
            self.tracing.end_publish_spans(spans, results)
            for position, result in zip(free, results, strict=True):
                if result is not None:
                    self._log_failure(events[position], result)
                    self._ordering.block(in_flight, events[position]["aggregate"])
                    unpublished.append(position)
        return sorted(unpublished)

    async def _confirm(self, entries: list[Document]) -> list[PublishResult | None]:
        """Send and wait for confirms; while there is no connection, wait and send again."""
        results: list[PublishResult | None] = ["connection lost"] * len(entries)
        for attempt in count():
            pending = [position for position, result in enumerate(results) if result in RETRYABLE]
            if not pending:
                break
            if attempt:
                await asyncio.sleep(PAUSES[min(attempt, len(PAUSES)) - 1])
            with suppress(BrokerUnavailableError):
                sent = await self.publisher.send([entries[position] for position in pending])
                for position, result in zip(pending, sent, strict=True):
                    results[position] = result
        self.metrics.relay_published.inc(results.count(None))
        return results

    def _log_failure(self, entry: Document, cause: str) -> None:
        self._count_failure(cause)
        log.error(
            "event not taken by the broker", event_id=entry["headers"]["ce-id"], event_type=entry["type"], cause=cause
        )

    def _count_failure(self, cause: str) -> None:
        self._failures += 1
        self.metrics.relay_failures.labels(cause).inc()

    async def _mark(self) -> None:
        """Mark all documents confirmed since the last round in one update."""
        while True:
            await self._confirmed.wait()
            self._confirmed.clear()
            sent, self._sent = self._sent, []
            try:
                await self._store.mark_sent(sent)
            except Exception:
                log.exception("sent documents not marked", documents=len(sent))
                self._sent += sent
                self._confirmed.set()
                await asyncio.sleep(1)
            else:
                self._ordering.release(sent)

    async def _sweep(self) -> None:
        """Sweep periodically; soon after a sweep that resumed documents without a new failure."""
        failures, soon = 0, False
        while True:
            await asyncio.sleep(min(RETRY_SOON_SECONDS, self.sweep_interval) if soon else self.sweep_interval)
            try:
                resumed = await self.sweep()
            except Exception:
                log.exception("sweep failed")
                resumed = 0
            soon = bool(resumed) and self._ordering.needs_sweep and self._failures == failures
            failures = self._failures

    async def sweep(self) -> int:
        """Give every new document a lease, take over those whose lease has expired, and resume our own.

        Goes through all of them, oldest first, as long as there is capacity, and returns how many were resumed. Each
        query excludes only the known documents and never those before the last result: commits become visible out of
        order, and a document skipped that way would be overtaken.
        """
        await self._store.renew(self._ordering.in_flight)
        self._ordering.begin_sweep()
        resumed = 0
        while await self._free_capacity():
            found = await self._store.find_expired(
                SWEEP_PAGE_SIZE, self._ordering.known_ids if self._ordering.needs_sweep else None
            )
            claimed = await self._store.claim(found)
            for in_flight in self._ordering.resume([(each, each["_id"] in claimed) for each in found]):
                self._queue(in_flight)
                resumed += 1
            if len(found) < SWEEP_PAGE_SIZE:
                self._ordering.end_sweep()
                break
        await self._set_gauges()
        return resumed

    async def _free_capacity(self) -> bool:
        """Wait, for a bounded time, until a whole page fits."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.sweep_interval):
                while not self._ordering.room_for(SWEEP_PAGE_SIZE):  # noqa: ASYNC110 - three tasks make room
                    await asyncio.sleep(0.01)
        return self._ordering.room_for(SWEEP_PAGE_SIZE)

    async def _set_gauges(self) -> None:
        self.metrics.outbox_pending.set(await self._store.count())
        self.metrics.outbox_oldest_pending_seconds.set(await self._store.oldest_age())


def _publish_rounds(document: Document) -> list[list[int]]:
    """Sort the positions of a document's events: the first of each aggregate, then the second of each, and so on."""
    rounds: list[list[int]] = []
    last_round: dict[str, int] = {}
    for position in document.get("unpublished") or range(len(document["events"])):
        aggregate = document["events"][position]["aggregate"]
        number = last_round[aggregate] = last_round.get(aggregate, -1) + 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(position)
    return rounds
