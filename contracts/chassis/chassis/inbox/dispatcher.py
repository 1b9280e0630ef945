"""Dispatches one message: decode, handle, retry or park. Raises nothing but CancelledError."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import structlog
from messages.envelope import IncomingMessage, UndecodableMessageError, decode

from chassis.clock import Clock, SystemClock
from chassis.handling import PoisonMessageError, TransientError
from chassis.inbox.delivery import Delivery
from chassis.inbox.parking_lot import ParkingLot
from chassis.inbox.subscriptions import Subscription
from chassis.observability.metrics import Metrics
from chassis.observability.spans import mark_failed
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.outbox.entries import Causation
from chassis.persistence.mongo import DatabaseUnavailableError
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem, message_inbox_id

log = structlog.get_logger(__name__)

ATTEMPTS = 5
BACKOFF = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries, in process: the message stays unacknowledged, so that nothing spins through the broker."""
MAX_DEFER_SECONDS = 20.0
"""Seconds after which a message that is not ready is deferred, so that it does not hold up those behind it."""
MAX_DEFERRED = timedelta(hours=1)
"""Time after which a deferred message is parked for an operator."""
CLOCK_TOLERANCE = timedelta(seconds=5)
"""A timestamp holds whole seconds and is taken when the commit begins: two clocks this near are one."""


class Remedy(StrEnum):
    """The way to treat a message that was not handled."""

    RETRY = "retry"
    """Counts as an attempt."""
    DEFER = "defer"
    """Waits for an event that this one builds on."""
    WAIT_FOR_DATABASE = "wait_for_database"
    """Counts as neither: all messages wait for the database together."""
    PARK = "park"


class Failure(NamedTuple):
    """The reason why a message was not handled, and the remedy."""

    remedy: Remedy
    reason: str


class Dispatcher:
    """Takes a service's messages from its queues, replayed ones, and the broker's dead letters."""

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        service: str,
        store: Callable[[UnitOfWork], Any],
        subscriptions: Iterable[Subscription[Any]],
        committer: GroupCommitter,
        parking_lot: ParkingLot,
        *,
        clock: Clock,
        metrics: Metrics,
        backoff: tuple[float, ...] = BACKOFF,
        max_defer_seconds: float = MAX_DEFER_SECONDS,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._service = service
        self._store = store
        self._subscriptions = {each.event_type.type: each for each in subscriptions}
        self._committer = committer
        self._parking_lot = parking_lot
        self._clock = clock
        self._metrics = metrics
        self._backoff = backoff
        self._max_defer_seconds = max_defer_seconds
        self._stopping = asyncio.Event()
        self._tracing = tracing

    async def dispatch(self, delivery: Delivery) -> bool:
        """Return True when the message is settled and may be acknowledged, False when stopping left it open."""
        waited, attempts, tries = 0.0, 0, 0
        while failure := await self.try_once(delivery):
            attempts += failure.remedy in {Remedy.RETRY, Remedy.PARK}
            if failure.remedy is Remedy.PARK or attempts >= ATTEMPTS:
                return await self._park(delivery, failure.reason, attempts)
            if failure.remedy is Remedy.DEFER and waited >= self._max_defer_seconds:
                return await self._park(delivery, failure.reason, attempts, deferred=True)
            pause = self._backoff[min(tries, len(self._backoff) - 1)]
            waited, tries = waited + pause * (failure.remedy is not Remedy.WAIT_FOR_DATABASE), tries + 1
            if await self._sleep_or_stop(pause):
                return False
        return True

    async def try_once(self, delivery: Delivery) -> Failure | None:
        """Try once; return None when the message is handled or was known already."""
        try:
            message, subscription = self._read(delivery)
        except UndecodableMessageError as problem:
            return Failure(Remedy.PARK, str(problem))
        age = self._age(message, delivery.at)
        self._metrics.event_lag_seconds.labels(message.type).observe(max(0.0, age.total_seconds()))
        with self._tracing.consume_span(message.type, delivery.headers) as span:
            failure = await self._handle(message, subscription)
            if failure is not None:
                mark_failed(span, failure.remedy)
        return failure

    def _age(self, message: IncomingMessage, at: datetime | None) -> timedelta:
        """Age in real time where the real time of the commit is known, else by the clock that the event names.

        An event carries the time of the business clock, which a simulation moves by months; where that clock runs with
        the real one, the event's time is the finer of the two.
        """
        if at is None:
            return self._clock.now() - message.time
        return SystemClock().now() - (message.time if abs(message.time - at) < CLOCK_TOLERANCE else at)

    async def dead_letter(self, delivery: Delivery) -> bool:
        """Park a message that the broker gave up on."""
        self._metrics.dead_letters.inc()
        return await self._park(delivery, "dead letter: the broker gave up delivering it", attempts=0)

    def stop(self) -> None:
        """Leave messages that wait for another try to the broker."""
        self._stopping.set()

    def _read(self, delivery: Delivery) -> tuple[IncomingMessage, Subscription[Any]]:
        message = decode(delivery.headers, delivery.body, delivery.content_type)
        if message.type != delivery.routing_key:
            raise UndecodableMessageError(f"{message.type!r} came under the routing key {delivery.routing_key!r}")
        # The broker takes no other user's name: without one, anybody may have written the rest.
        if delivery.user != message.event.owner:
            raise UndecodableMessageError(
                f"{message.type!r} was published by {delivery.user or 'nobody the broker knows'!r}"
            )
        subscription = self._subscriptions.get(message.type)
        if subscription is None:
            raise UndecodableMessageError(f"{self._service} does not subscribe to {message.type!r}")
        return message, subscription

    async def _handle(self, message: IncomingMessage, subscription: Subscription[Any]) -> Failure | None:
        try:
            await self._committer.submit(self._work_item(message, subscription))
        except DatabaseUnavailableError as problem:
            return Failure(Remedy.WAIT_FOR_DATABASE, f"not now: {problem}")
        except TransientError as problem:
            self._metrics.messages_deferred.labels(self._service).inc()
            return Failure(Remedy.DEFER, f"not yet: {problem}")
        except PoisonMessageError as problem:
            return Failure(Remedy.PARK, f"poison: {problem}")
        except Exception as problem:
            self._metrics.handler_failures.labels(self._service).inc()
            log.warning("handler failed", event_id=message.id, event_type=message.type, exc_info=problem)
            return Failure(Remedy.RETRY, f"{type(problem).__name__}: {problem}")
        return None

    def _work_item(self, message: IncomingMessage, subscription: Subscription[Any]) -> WorkItem:
        return WorkItem(
            message_inbox_id(self._service, message.id),
            subscription.call(message.event, self._store),
            Causation(message.correlation_id, message.id),
            consumer=self._service,
            event_type=message.type,
            prefetch=subscription.prefetch(message.event),
            prefetch_related=subscription.related_keys(message.event, self._store),
        )

    async def _park(self, delivery: Delivery, reason: str, attempts: int, *, deferred: bool = False) -> bool:
        """Store the message before it may be acknowledged; wait for the database as long as it takes."""
        envelope = delivery.to_envelope()
        while True:
            try:
                await self._parking_lot.park(self._service, delivery, reason, attempts, deferred=deferred)
            except TransientError:
                if await self._sleep_or_stop(self._backoff[-1]):
                    return False
            else:
                title = "message deferred" if deferred else "message parked"
                log.error(title, event_id=envelope.id, event_type=envelope.type, reason=reason)
                return True

    async def _sleep_or_stop(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True
