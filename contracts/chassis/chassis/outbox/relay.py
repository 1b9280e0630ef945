"""The relay: the only one that publishes. It says what was committed until the broker has confirmed it."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
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
"""Seconds that a relay has for a document before another takes it over, by the server's clock."""
IN_FLIGHT = 16
"""Documents whose events wait for confirms at the same time."""
SWEEP_PAGE_SIZE = 200
PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)
RETRY_SOON_SECONDS = 0.1
"""Seconds until the next sweep after one that took up something which the broker did take."""


class Relay:
    """Woken with each document right after its commit; a sweep takes over what a lost process left.

    Events of one aggregate that this process committed go out in order, each after the confirm of the one before;
    different aggregates go side by side. A returned or refused event stays, with those of its aggregate behind it, and
    is alarmed; the sweep tries again, all of them in order. What two processes committed of one aggregate, or what one
    says while another takes over from a lost one, may come in another order: a listener that minds has ``only_newer``
    or waits. Two relays on one document make duplicates, never loss: only the holder of the lease marks it sent.
    """

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        database: Database,
        publisher: Publisher,
        lease_holder: str,
        *,
        metrics: Metrics,
        failpoints: Failpoints | None = None,
        tracing: Tracing = NO_TRACING,
        lease: float = LEASE,
        sweep_every: float = 2.0,
    ) -> None:
        self._store = OutboxStore(database, lease_holder, lease)
        self._publisher = publisher
        self.lease_holder = lease_holder
        self._metrics = metrics
        self._failpoints = failpoints or NoFailpoints()
        self._tracing = tracing
        self._sweep_every = sweep_every
        self._ordering = OrderedDispatch()
        self._waiting: deque[InFlightDocument] = deque()
        self._sent: list[object] = []
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._arrived = asyncio.Event()
        self._confirmed = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._alarms = 0

    def enqueue(self, document: Document) -> None:
        """Take a document just committed; called by the committer, never waits."""
        held = self._ordering.admit(document)
        if held is not None:
            self._queue(held)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(each()) for each in (self._dispatch_loop, self._mark, self._sweep)]

    @property
    def running(self) -> bool:
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def stop(self, patience: float = 5.0) -> None:
        """Send and mark what is held, for a bounded time; the rest is another relay's after its lease."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._ordering.held:  # noqa: ASYNC110 - three tasks empty it, at the end of a process
                    await asyncio.sleep(0.01)
        await cancel_all((*self._tasks, *self._sending))
        await self._publisher.close()

    async def oldest_unattempted(self) -> float:
        """Ask the database now: for how many seconds the oldest document has waited that no relay has tried to send."""
        return await self._store.oldest_age(untried=True)

    def _queue(self, held: InFlightDocument) -> None:
        self._waiting.append(held)
        self._arrived.set()

    async def _dispatch_loop(self) -> None:
        """Start sending in order of arrival; each document waits for those before it on the same aggregates."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._room.acquire()
                task = asyncio.create_task(self._send(self._waiting.popleft()))
                self._sending.add(task)
                task.add_done_callback(self._on_sent)

    def _on_sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._room.release()
        if not task.cancelled() and task.exception() is not None:
            self._count("error")
            log.error("relay task failed", exc_info=task.exception())

    async def _send(self, held: InFlightDocument) -> None:
        sent = False
        try:
            await held.wait_for_predecessors()
            left = await self._publish(held)
            if left:
                await self._store.record_unpublished(held.document, left)
            else:
                sent = True
                self._failpoints.hit("confirmed-not-marked")
                self._sent.append(held.document["_id"])
                self._confirmed.set()
        finally:
            self._ordering.complete(held, sent=sent)

    async def _publish(self, held: InFlightDocument) -> list[int]:
        """Publish what may go out of a document, round by round; return the places of what did not."""
        events, made_at = held.document["events"], created_at_of(held.document["_id"])
        left: list[int] = []
        for places in _publish_rounds(held.document):
            going = [place for place in places if events[place]["aggregate"] not in held.blocked]
            left += [place for place in places if events[place]["aggregate"] in held.blocked]
            spans = self._tracing.publishing([events[place] for place in going])
            answers = await self._confirm([{**events[place], "at": made_at} for place in going])
            self._tracing.published(spans, answers)
            for place, answer in zip(going, answers, strict=True):
                if answer is not None:
                    self._log_failure(events[place], answer)
                    self._ordering.block(held, events[place]["aggregate"])
                    left.append(place)
        return sorted(left)

    async def _confirm(self, entries: list[Document]) -> list[PublishResult | None]:
        """Send and wait for confirms; while there is no connection, wait and send again."""
        answers: list[PublishResult | None] = ["connection lost"] * len(entries)
        for attempt in count():
            open_ = [place for place, answer in enumerate(answers) if answer in RETRYABLE]
            if not open_:
                break
            if attempt:
                await asyncio.sleep(PAUSES[min(attempt, len(PAUSES)) - 1])
            with suppress(BrokerUnavailableError):
                for place, answer in zip(
                    open_, await self._publisher.send([entries[place] for place in open_]), strict=True
                ):
                    answers[place] = answer
        self._metrics.relay_published.inc(answers.count(None))
        return answers

    def _log_failure(self, entry: Document, cause: str) -> None:
        self._count(cause)
        log.error(
            "event not taken by the broker", event_id=entry["headers"]["ce-id"], event_type=entry["type"], cause=cause
        )

    def _count(self, cause: str) -> None:
        self._alarms += 1
        self._metrics.relay_failures.labels(cause).inc()

    async def _mark(self) -> None:
        """Mark all that has been confirmed meanwhile in one update."""
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
        """Sweep again and again: soon while it has what to take up, in its own time when that is not taken."""
        alarms, soon = 0, False
        while True:
            await asyncio.sleep(min(RETRY_SOON_SECONDS, self._sweep_every) if soon else self._sweep_every)
            try:
                taken = await self.sweep()
            except Exception:
                log.exception("sweep failed")
                taken = 0
            soon = bool(taken) and self._ordering.needs_sweep and self._alarms == alarms
            alarms = self._alarms

    async def sweep(self) -> int:
        """Give every unsent document a lease by the server's clock, and take over those whose lease has run out.

        What this relay has left itself is taken up again at once. Goes through all of it, oldest first, as there is
        room in hand, and returns how many were taken up. Each question is for all but what is known, never for what
        comes after the last answer: commits appear out of order, and one that was passed over would be overtaken.
        """
        await self._store.renew(self._ordering.held)
        self._ordering.begin_sweep()
        taken = 0
        while await self._free_capacity():
            found = await self._store.find_expired(
                SWEEP_PAGE_SIZE, self._ordering.known_ids if self._ordering.needs_sweep else None
            )
            ours = await self._store.claim(found)
            for held in self._ordering.resume([(each, each["_id"] in ours) for each in found]):
                self._queue(held)
                taken += 1
            if len(found) < SWEEP_PAGE_SIZE:
                self._ordering.end_sweep()
                break
        await self._measure()
        return taken

    async def _free_capacity(self) -> bool:
        """Wait for room for what a question may find, for a bounded time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._sweep_every):
                while not self._ordering.room_for(SWEEP_PAGE_SIZE):  # noqa: ASYNC110 - three tasks make room
                    await asyncio.sleep(0.01)
        return self._ordering.room_for(SWEEP_PAGE_SIZE)

    async def _measure(self) -> None:
        self._metrics.outbox_pending.set(await self._store.count())
        self._metrics.outbox_oldest_pending_seconds.set(await self._store.oldest_age())


def _publish_rounds(document: Document) -> list[list[int]]:
    """Sort the places of a document's events: the first of each aggregate, then the second of each, and so on."""
    rounds: list[list[int]] = []
    seen: dict[str, int] = {}
    for place in document.get("unpublished") or range(len(document["events"])):
        aggregate = document["events"][place]["aggregate"]
        depth = seen[aggregate] = seen.get(aggregate, -1) + 1
        if depth == len(rounds):
            rounds.append([])
        rounds[depth].append(place)
    return rounds
