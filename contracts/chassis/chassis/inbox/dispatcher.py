"""Dispatches one message: decode, handle, retry or park."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple

from messages.envelope import PREFIX, IncomingMessage, UndecodableMessageError, decode

from chassis.broker.headers import UNDECODABLE
from chassis.broker.limits import MESSAGE_MAX_BYTES
from chassis.clock import Clock, SystemClock
from chassis.handling import PoisonMessageError, TransientError
from chassis.inbox.delivery import Delivery
from chassis.inbox.parking_lot import ParkingLot
from chassis.inbox.subscriptions import Subscription
from chassis.observability.log_rate import ThrottledLog
from chassis.observability.metrics import Metrics
from chassis.observability.spans import mark_failed
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.outbox.entries import Causation
from chassis.persistence.mongo import DatabaseUnavailableError
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import KeyReusedError, WorkItem, message_inbox_id

ATTEMPTS = 5
BACKOFF = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between attempts; the message stays unacknowledged meanwhile and does not spin through the broker."""
MAX_DEFER_SECONDS = 20.0
"""Seconds after which a message that is not ready goes to the parking lot, so that it does not delay later ones."""
MAX_DEFERRED = timedelta(hours=1)
"""Time after which a deferred message is parked for an operator."""
CLOCK_TOLERANCE = timedelta(seconds=5)
"""Two times this close come from the same clock: a timestamp has whole seconds and is taken when the commit begins."""


CORRELATION_ID = f"{PREFIX}correlationid"
ID_MAX = 1000
"""Characters of an id or a correlation id, which are stored and sent on."""

REASON_MAX = 2000
"""Characters."""


class Remedy(StrEnum):
    """How to go on with a message that was not handled."""

    RETRY = "retry"
    """Counts as an attempt."""
    DEFER = "defer"
    """Waits for an event on which this one depends."""
    WAIT_FOR_DATABASE = "wait_for_database"
    """Counts as neither: all messages wait for the database together."""
    PARK = "park"


class Cause(StrEnum):
    """Why a message was parked, as it is counted."""

    UNREADABLE = "unreadable"
    """Its properties or its body cannot be read, or it came from somebody who may not say it."""
    TOO_LARGE = "too-large"
    ID_REUSED = "id-reused"
    """A handled event had its id and another content (X2)."""
    POISON = "poison"
    FAILED = "failed"
    """Every attempt of its handler failed."""
    NOT_READY = "not-ready"
    """The event it depends on has not arrived."""
    DEAD_LETTER = "dead-letter"
    """The broker gave it up."""


class Failure(NamedTuple):
    """The reason why a message was not handled, the remedy, and the cause under which it is counted when parked."""

    remedy: Remedy
    reason: str
    cause: Cause = Cause.FAILED


class OversizeError(UndecodableMessageError):
    """The body is larger than a message may be."""


@dataclass(eq=False)
class Dispatcher:
    """Dispatches the messages of a service: from its queues, replayed ones, and the broker's dead letters."""

    service: str
    store: Callable[[UnitOfWork], Any]
    subscriptions: Iterable[Subscription[Any]]
    committer: GroupCommitter
    parking_lot: ParkingLot
    _: KW_ONLY
    clock: Clock
    metrics: Metrics
    backoff: tuple[float, ...] = BACKOFF
    max_defer_seconds: float = MAX_DEFER_SECONDS
    tracing: Tracing = NO_TRACING

    def __post_init__(self) -> None:
        self._by_type = {each.event_type.type: each for each in self.subscriptions}
        self._stopping = asyncio.Event()
        for cause in Cause:
            self.metrics.messages_parked.labels(cause)  # from zero: an alert sees the first one
        self._parked_log = ThrottledLog(__name__)
        self._failure_log = ThrottledLog(__name__)

    async def dispatch(self, delivery: Delivery) -> bool:
        """Return True when the message is settled and may be acknowledged, False when ``stop`` interrupted it."""
        waited, attempts, tries = 0.0, 0, 0
        while failure := await self.try_once(delivery):
            attempts += failure.remedy in {Remedy.RETRY, Remedy.PARK}
            if failure.remedy is Remedy.PARK or attempts >= ATTEMPTS:
                return await self._park(delivery, failure, attempts)
            if failure.remedy is Remedy.DEFER and waited >= self.max_defer_seconds:
                return await self._park(delivery, failure, attempts)
            pause = self.backoff[min(tries, len(self.backoff) - 1)]
            waited, tries = waited + pause * (failure.remedy is not Remedy.WAIT_FOR_DATABASE), tries + 1
            if await self._sleep_or_stop(pause):
                return False
        return True

    async def try_once(self, delivery: Delivery) -> Failure | None:
        """Try once; return None when the message is handled or is a duplicate. Raises nothing but CancelledError."""
        try:
            return await self._try(delivery)
        except OversizeError as problem:
            return Failure(Remedy.PARK, str(problem), Cause.TOO_LARGE)
        except UndecodableMessageError as problem:
            return Failure(Remedy.PARK, _cut(str(problem)), Cause.UNREADABLE)
        except Exception as problem:  # noqa: BLE001 - values that nobody foresaw: their message must not block the queue
            self._failure_log.warning("message failed", routing_key=delivery.routing_key, exc_info=problem)
            return Failure(Remedy.RETRY, _cut(f"{type(problem).__name__}: {problem}"))

    async def _try(self, delivery: Delivery) -> Failure | None:
        message, subscription = self._read(delivery)
        age = self._age(message, delivery.at)
        self.metrics.event_lag_seconds.labels(message.type).observe(max(0.0, age.total_seconds()))
        with self.tracing.consume_span(message.type, delivery.headers) as span:
            failure = await self._handle(message, subscription, _digest(message.type, delivery.body))
            if failure is not None:
                mark_failed(span, failure.remedy)
        return failure

    def _age(self, message: IncomingMessage, at: datetime | None) -> timedelta:
        """Return the age in real time where the real time of the commit is known, else by the business clock.

        An event carries the time of the business clock, which a simulation moves by months; where both clocks agree,
        the event's time is the more precise one.
        """
        if at is None:
            return self.clock.now() - message.time
        return SystemClock().now() - (message.time if abs(message.time - at) < CLOCK_TOLERANCE else at)

    async def dead_letter(self, delivery: Delivery) -> bool:
        """Park a message that the broker gave up on."""
        self.metrics.dead_letters.inc()
        failure = Failure(Remedy.PARK, "dead letter: the broker stopped delivering it", Cause.DEAD_LETTER)
        return await self._park(delivery, failure, attempts=0)

    def stop(self) -> None:
        """Return the messages that wait for another attempt to the broker."""
        self._stopping.set()

    def _read(self, delivery: Delivery) -> tuple[IncomingMessage, Subscription[Any]]:
        if (problem := delivery.headers.get(UNDECODABLE)) is not None:
            raise UndecodableMessageError(f"its properties cannot be decoded: {problem}")
        if len(delivery.body) > MESSAGE_MAX_BYTES:
            raise OversizeError(f"a body of {len(delivery.body):,} bytes: {MESSAGE_MAX_BYTES:,} are allowed")
        message = decode(delivery.headers, delivery.body, delivery.content_type)
        for each in (message.id, message.correlation_id):
            if len(each) > ID_MAX or each != _storable(each):
                text = f"an id of more than {ID_MAX} characters, or not of Unicode: {each[:100]!r}"
                raise UndecodableMessageError(text)
        if message.type != delivery.routing_key:
            raise UndecodableMessageError(f"{message.type!r} arrived with the routing key {delivery.routing_key!r}")
        # The broker verifies the user id. Without one, anybody may have written the message.
        if delivery.user != message.event.owner:
            raise UndecodableMessageError(
                f"{message.type!r} was published by {delivery.user or 'an unverified user'!r}"
            )
        subscription = self._by_type.get(message.type)
        if subscription is None:
            raise UndecodableMessageError(f"{self.service} does not subscribe to {message.type!r}")
        return message, subscription

    async def _handle(self, message: IncomingMessage, subscription: Subscription[Any], digest: str) -> Failure | None:
        try:
            await self.committer.submit(self._work_item(message, subscription, digest))
        except DatabaseUnavailableError as problem:
            return Failure(Remedy.WAIT_FOR_DATABASE, f"database unavailable: {problem}")
        except TransientError as problem:
            self.metrics.messages_deferred.labels(self.service).inc()
            return Failure(Remedy.DEFER, f"not ready: {problem}", Cause.NOT_READY)
        except PoisonMessageError as problem:
            return Failure(Remedy.PARK, f"poison message: {problem}", Cause.POISON)
        except KeyReusedError:
            text = f"the event {message.id!r} was handled before with another content"
            return Failure(Remedy.PARK, text, Cause.ID_REUSED)
        except Exception as problem:  # noqa: BLE001 - a handler may raise anything
            self.metrics.handler_failures.labels(self.service).inc()
            self._failure_log.warning(
                "handler failed",
                event_id=message.id,
                event_type=message.type,
                correlation_id=message.correlation_id,
                exc_info=problem,
            )
            return Failure(Remedy.RETRY, _cut(f"{type(problem).__name__}: {problem}"))
        return None

    def _work_item(self, message: IncomingMessage, subscription: Subscription[Any], digest: str) -> WorkItem:
        return WorkItem(
            message_inbox_id(self.service, message.id),
            subscription.call(message.event, self.store),
            Causation(message.correlation_id, message.id),
            consumer=self.service,
            event_type=message.type,
            prefetch=subscription.prefetch(message.event),
            prefetch_related=subscription.related_keys(message.event, self.store),
            digest=digest,
        )

    async def _park(self, delivery: Delivery, failure: Failure, attempts: int) -> bool:
        """Store the message before it may be acknowledged; wait for the database as long as it takes.

        One with properties that no document holds is stored without them: it would come again for ever.
        """
        deferred, stored = failure.remedy is Remedy.DEFER, delivery
        while True:
            try:
                await self.parking_lot.park(self.service, stored, failure.reason, attempts, deferred=deferred)
            except TransientError:
                if await self._sleep_or_stop(self.backoff[-1]):
                    return False
            except Exception as problem:
                if stored is not delivery:
                    raise
                stored = delivery.without_properties(f"they cannot be stored: {type(problem).__name__}")
            else:
                self.metrics.messages_parked.labels(failure.cause).inc()
                title, envelope = "message deferred" if deferred else "message parked", stored.to_envelope()
                self._parked_log.error(
                    title,
                    event_id=envelope.id[:ID_MAX],
                    event_type=envelope.type,
                    correlation_id=envelope.headers.get(CORRELATION_ID, "")[:ID_MAX],
                    reason=failure.reason,
                )
                return True

    async def _sleep_or_stop(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True


def _digest(event_type: str, body: bytes) -> str:
    """Return what tells two events of one id apart: the type stands in a header."""
    content = sha256(body)
    content.update(event_type.encode())
    return content.hexdigest()


def _cut(text: str) -> str:
    """Return a reason as it is stored and logged: the sender of a message chooses neither its length nor its signs."""
    text = _storable(text)
    return text if len(text) <= REASON_MAX else f"{text[:REASON_MAX]}…"


def _storable(text: str) -> str:
    """Return the text with what is no Unicode as escapes: neither a document nor a log holds half a character."""
    return text.encode(errors="backslashreplace").decode()
