"""The way of one message: read, handled, tried again or parked; nothing but a cancellation comes out of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import structlog
from messages.envelope import IncomingMessage, UndecodableMessageError, decode

from chassis.clock import Clock, SystemClock
from chassis.handling import PoisonMessageError, TransientError
from chassis.inbox.delivery import Delivery
from chassis.inbox.parking_lot import ParkingLot
from chassis.inbox.subscriptions import Subscription
from chassis.observability.metrics import Metrics
from chassis.observability.spans import failed
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.outbox.entries import Causation
from chassis.persistence.mongo import DatabaseUnavailableError
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem, message_inbox_id

log = structlog.get_logger(__name__)

ATTEMPTS = 5
BACKOFF = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Growing, in process; the message stays unacknowledged meanwhile, so that nothing spins through the broker."""
MAX_DEFER_SECONDS = 20.0
"""Seconds after which a message that is not ready is put aside, so that it does not hold up those behind it."""
MAX_DEFERRED = timedelta(hours=1)
CLOCK_TOLERANCE = timedelta(seconds=5)
"""A timestamp holds whole seconds and is taken when the commit begins: two clocks this near are one."""


class Failure(NamedTuple):
    """Why a message was not handled, and the remedy.

    "again" counts as an attempt; "again later" as waiting for what is not there yet; "no database" as nothing: whatever
    waits for that waits with all others.
    """

    remedy: Literal["again", "again later", "no database", "never"]
    reason: str


class Dispatcher:
    """One service's way in, for messages from its queues, for replayed ones and for the broker's dead letters."""

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        service: str,
        hears: Iterable[Subscription],
        committer: GroupCommitter,
        parked: ParkingLot,
        *,
        clock: Clock,
        metrics: Metrics,
        pauses: tuple[float, ...] = BACKOFF,
        patience: float = MAX_DEFER_SECONDS,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._service = service
        self._hears = {each.event_type.type: each for each in hears}
        self._committer = committer
        self._parked = parked
        self._clock = clock
        self._metrics = metrics
        self._pauses = pauses
        self._patience = patience
        self._stopping = asyncio.Event()
        self._tracing = tracing

    async def dispatch(self, delivery: Delivery) -> bool:
        """Return True when the message is settled and may be acknowledged, False when stopping left it open."""
        waited, attempts, tries = 0.0, 0, 0
        while trouble := await self.try_once(delivery):
            attempts += trouble.remedy in {"again", "never"}
            if trouble.remedy == "never" or attempts >= ATTEMPTS:
                return await self._park(delivery, trouble.reason, attempts)
            if trouble.remedy == "again later" and waited >= self._patience:
                return await self._park(delivery, trouble.reason, attempts, replay=True)
            pause = self._pauses[min(tries, len(self._pauses) - 1)]
            waited, tries = waited + pause * (trouble.remedy != "no database"), tries + 1
            if await self._sleep_or_stop(pause):
                return False
        return True

    async def try_once(self, delivery: Delivery) -> Failure | None:
        """Try once; return None when the message is handled or was known already."""
        try:
            heard, hears = self._read(delivery)
        except UndecodableMessageError as problem:
            return Failure("never", str(problem))
        age = self._age(heard, delivery.at)
        self._metrics.event_lag_seconds.labels(heard.type).observe(max(0.0, age.total_seconds()))
        with self._tracing.consume_span(heard.type, delivery.headers) as span:
            trouble = await self._perform(heard, hears)
            if trouble is not None:
                failed(span, trouble.remedy)
        return trouble

    def _age(self, heard: IncomingMessage, at: datetime | None) -> timedelta:
        """Age in real time where the real time of the commit is known, else by the clock that the event names.

        An event's own time is the business clock's, which a season moves by months; where that runs with the real one,
        it is the finer word of the two.
        """
        if at is None:
            return self._clock.now() - heard.time
        return SystemClock().now() - (heard.time if abs(heard.time - at) < CLOCK_TOLERANCE else at)

    async def dead_letter(self, delivery: Delivery) -> bool:
        """Park what the broker gave up on."""
        self._metrics.dead_letters.inc()
        return await self._park(delivery, "dead letter: the broker gave up delivering it", attempts=0)

    def stop(self) -> None:
        """Leave what waits for another try to the broker."""
        self._stopping.set()

    def _read(self, delivery: Delivery) -> tuple[IncomingMessage, Subscription]:
        heard = decode(delivery.headers, delivery.body, delivery.content_type)
        if heard.type != delivery.routing_key:
            raise UndecodableMessageError(f"{heard.type!r} came under the routing key {delivery.routing_key!r}")
        # The broker takes no other user's name: without one, anybody may have written the rest.
        if delivery.user != heard.event.owner:
            raise UndecodableMessageError(
                f"{heard.type!r} was published by {delivery.user or 'nobody the broker knows'!r}"
            )
        hears = self._hears.get(heard.type)
        if hears is None:
            raise UndecodableMessageError(f"{self._service} does not listen to {heard.type!r}")
        return heard, hears

    async def _perform(self, heard: IncomingMessage, hears: Subscription) -> Failure | None:
        try:
            await self._committer.submit(self._work(heard, hears))
        except DatabaseUnavailableError as problem:
            return Failure("no database", f"not now: {problem}")
        except TransientError as problem:
            self._metrics.messages_deferred.labels(self._service).inc()
            return Failure("again later", f"not yet: {problem}")
        except PoisonMessageError as problem:
            return Failure("never", f"poison: {problem}")
        except Exception as problem:
            self._metrics.handler_failures.labels(self._service).inc()
            log.warning("handler failed", event_id=heard.id, event_type=heard.type, exc_info=problem)
            return Failure("again", f"{type(problem).__name__}: {problem}")
        return None

    def _work(self, heard: IncomingMessage, hears: Subscription) -> WorkItem:
        return WorkItem(
            message_inbox_id(self._service, heard.id),
            hears.run(heard.event),
            Causation(heard.correlation_id, heard.id),
            consumer=self._service,
            event_type=heard.type,
            prefetch=hears.keys(heard.event),
            prefetch_related=hears.related_keys(heard.event),
        )

    async def _park(self, delivery: Delivery, reason: str, attempts: int, *, replay: bool = False) -> bool:
        """Keep the message before it may be acknowledged; wait for the database as long as it takes."""
        said = delivery.to_envelope()
        while True:
            try:
                await self._parked.park(self._service, delivery, reason, attempts, replay=replay)
            except TransientError:
                if await self._sleep_or_stop(self._pauses[-1]):
                    return False
            else:
                told = "message put aside" if replay else "message parked"
                log.error(told, event_id=said.id, event_type=said.type, reason=reason)
                return True

    async def _sleep_or_stop(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True
