"""The relay's own connection to the broker: a batch of messages, each with its own confirm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol, TypeAlias

import aiormq
import structlog
from aiormq.abc import AbstractConnection
from aiormq.channel import Channel
from yarl import URL

from chassis.broker.direct.publish import write_at_once
from chassis.broker.limits import MESSAGE_MAX_BYTES
from chassis.broker.plain import UnsendableError
from chassis.broker.publication import Publication, message_id_of, publication_of
from chassis.broker.topology import EVENTS_EXCHANGE
from chassis.handling import Document, TransientError

log = structlog.get_logger(__name__)

HEARTBEAT = 5
"""Seconds; with the default of 60 a silent partition blocks publishing for minutes."""

PublishResult: TypeAlias = Literal[
    "returned", "refused", "unsendable", "in flight already", "not confirmed in time", "connection lost"
]
"""Why an entry was not confirmed."""
RETRYABLE: frozenset[PublishResult | None] = frozenset(
    {"in flight already", "not confirmed in time", "connection lost"}
)
"""Results that are no fault of the entry: it is sent again at once."""


class BrokerUnavailableError(TransientError):
    """There is no connection to the broker; an unconfirmed message may or may not have arrived."""


class Publisher(Protocol):
    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        """Publish in this order; return for each entry None when confirmed, else the reason.

        An entry's ``at``, if present, is the real time of its commit and becomes the message's timestamp. Raises
        BrokerUnavailableError when nothing could be written.
        """

    async def close(self) -> None: ...


Write: TypeAlias = Callable[[Channel, Sequence[Publication]], Awaitable[list[asyncio.Future[Any] | None]]]
"""Writes messages in order; returns for each its confirm, None for one that cannot be sent."""


class BrokerPublisher:
    """Publishes persistent, mandatory and confirmed over aiormq; one time-out covers all confirms of a batch.

    An id is never in flight twice: the channel finds a returned message by its id alone.
    """

    def __init__(
        self, url: str, *, exchange: str = EVENTS_EXCHANGE, timeout: float = 10, write: Write = write_at_once
    ) -> None:
        address = URL(url)
        self._url = address.update_query(heartbeat=HEARTBEAT)
        self._user = address.user
        self._exchange = exchange
        self._timeout = timeout
        self._write_messages = write
        self._connection: AbstractConnection | None = None
        self._channel: Channel | None = None
        self._in_flight: set[str] = set()
        self._lock = asyncio.Lock()

    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout):
                    channel = await self._open()
                    outcomes = await self._write(channel, entries)
            except BaseException as problem:
                # After any error the channel may have counted a message that the broker never received.
                await self._drop()
                if not isinstance(problem, _LOST) or _is_own_cancellation(problem):
                    raise
                raise BrokerUnavailableError(repr(problem)) from problem
        return await self._wait_for_confirms(channel, entries, outcomes)

    async def close(self) -> None:
        async with self._lock:
            await self._drop()

    async def probe(self) -> None:
        """Declare the exchange passively on this connection; the broker does not answer on a blocked one."""
        async with self._lock:
            channel = await self._open()
        await channel.exchange_declare(self._exchange, passive=True)

    @property
    def connected(self) -> bool:
        return self._channel is not None and not self._channel.is_closed

    async def _open(self) -> Channel:
        if self._channel is not None and not self._channel.is_closed:
            return self._channel
        await self._drop()
        self._connection = await aiormq.connect(self._url)
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        if not isinstance(channel, Channel):
            raise TypeError("aiormq returned a channel of another class than its own")
        self._channel = channel
        return channel

    async def _write(self, channel: Channel, entries: Sequence[Document]) -> list[_Outcome]:
        outcomes: list[_Outcome] = ["in flight already"] * len(entries)
        fresh: dict[int, Publication] = {}
        for position, entry in enumerate(entries):
            message = publication_of(entry, self._exchange, self._user)
            if len(message.body) > MESSAGE_MAX_BYTES:
                # The broker would close the channel, with everything else on it.
                outcomes[position] = "unsendable"
            elif message.message_id not in self._in_flight:
                self._in_flight.add(message.message_id)
                fresh[position] = message
        confirms = await self._write_messages(channel, list(fresh.values()))
        for (position, message), confirm in zip(fresh.items(), confirms, strict=True):
            outcomes[position] = "unsendable" if confirm is None else confirm
            if confirm is None:
                self._in_flight.discard(message.message_id)
        return outcomes

    async def _wait_for_confirms(
        self, channel: Channel, entries: Sequence[Document], outcomes: Sequence[_Outcome]
    ) -> list[PublishResult | None]:
        pending = [each for each in outcomes if isinstance(each, asyncio.Future)]
        if pending:
            await asyncio.wait(pending, timeout=self._timeout)
        if channel is self._channel and not all(confirm.done() for confirm in pending):
            await self._drop()
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, asyncio.Future) and channel is self._channel:
                self._in_flight.discard(message_id_of(entry))
        return [_result_of(each) if isinstance(each, asyncio.Future) else each for each in outcomes]

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._in_flight.clear()
        if connection is not None:
            with suppress(Exception, asyncio.CancelledError):
                async with asyncio.timeout(1):
                    await connection.close()


_LOST = (TimeoutError, OSError, aiormq.AMQPError, asyncio.CancelledError)
_Outcome: TypeAlias = asyncio.Future[Any] | PublishResult
"""The confirm that an entry waits for, or the reason why it was not sent."""


def _is_own_cancellation(problem: BaseException) -> bool:
    """Return whether our own task was cancelled; the library raises the same error for a dead connection."""
    task = asyncio.current_task()
    return isinstance(problem, asyncio.CancelledError) and task is not None and bool(task.cancelling())


def _result_of(confirm: asyncio.Future[Any]) -> PublishResult | None:
    if not confirm.done():
        confirm.cancel()
        return "not confirmed in time"
    if confirm.cancelled():
        return "connection lost"
    problem = confirm.exception()
    if problem is None:
        return None
    if isinstance(problem, UnsendableError):
        return "unsendable"
    if isinstance(problem, aiormq.exceptions.PublishError):
        return "returned"
    return "refused" if isinstance(problem, aiormq.exceptions.DeliveryError) else "connection lost"
