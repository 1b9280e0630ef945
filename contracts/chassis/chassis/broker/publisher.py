"""The relay's own connection to the broker: many publishings written at once, each with its own confirm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any, Literal, Protocol, TypeAlias

import aiormq
import structlog
from aiormq.abc import AbstractConnection, ChannelFrame
from aiormq.channel import Channel
from messages.envelope import CONTENT_TYPE
from pamqp import commands as spec
from pamqp.body import ContentBody
from pamqp.header import ContentHeader
from yarl import URL

from chassis.broker.topology import EVENTS_EXCHANGE
from chassis.handling import Document, TransientError

log = structlog.get_logger(__name__)

HEARTBEAT = 5
"""Seconds; with the default of 60 a silent partition hangs a publishing for minutes."""
PERSISTENT = 2
SHORT = 255
"""Bytes that a short string of AMQP holds; identifiers of messages are such strings."""

PublishResult: TypeAlias = Literal[
    "returned", "refused", "unsendable", "in flight already", "not confirmed in time", "connection lost"
]
"""Why an entry was not confirmed."""
RETRYABLE: frozenset[PublishResult | None] = frozenset(
    {"in flight already", "not confirmed in time", "connection lost"}
)
"""The answers that say nothing about the entry itself: it is sent again at once."""


class BrokerUnavailableError(TransientError):
    """There is no connection to the broker; what was not confirmed may or may not have arrived."""


class Publisher(Protocol):
    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        """Publish in this order; for each entry None when confirmed, else why not.

        ``at``, where an entry has it, is the real time of its commit and goes along as the message's timestamp. Raises
        BrokerUnavailableError when nothing could be written.
        """

    async def close(self) -> None: ...


class BrokerPublisher:
    """Publishes persistent, mandatory and confirmed over aiormq, coalesced into one write.

    The layer above (aio-pika) writes, drains and times every message by itself; the relay has a batch in hand, so it
    hands the connection the frames of all of it at once and waits for the confirms under one time-out.
    """

    def __init__(self, url: str, *, exchange: str = EVENTS_EXCHANGE, timeout: float = 10) -> None:
        address = URL(url)
        self._url = address.update_query(heartbeat=HEARTBEAT)
        self._user = address.user
        self._exchange = exchange
        self._timeout = timeout
        self._connection: AbstractConnection | None = None
        self._channel: Channel | None = None
        self._lock = asyncio.Lock()

    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout):
                    channel = await self._open()
                    outcomes = await self._write(channel, entries)
            except BaseException as problem:
                # Whatever went wrong, the channel may have counted what the broker never saw.
                await self._drop()
                if not isinstance(problem, _LOST) or _is_own_cancellation(problem):
                    raise
                raise BrokerUnavailableError(repr(problem)) from problem
        return await self._confirmed(channel, entries, outcomes)

    async def close(self) -> None:
        async with self._lock:
            await self._drop()

    async def probe(self) -> None:
        """Ask for the exchange on this very connection; a connection that the broker has blocked does not answer."""
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
            raise TypeError("aiormq gives another kind of channel than its own")
        self._channel = channel
        return channel

    async def _write(self, channel: Channel, entries: Sequence[Document]) -> list[_Outcome]:
        """Number the messages as the channel counts them and write all frames in one piece.

        A message is numbered only when its frames are made: a number that the broker never sees would give every later
        confirm to the message before. The channel knows a returned message by its identifier alone, so the same one
        never flies twice at once.
        """
        frames: list[bytes] = []
        outcomes: list[_Outcome] = []
        for entry in entries:
            name = _describe(entry)
            if name in channel.message_id_delivery_tag:
                outcomes.append("in flight already")
            elif (made := self._made(channel, entry)) is None:
                outcomes.append("unsendable")
            else:
                frames.append(made)
                channel.delivery_tag += 1
                confirm = channel.confirmations[channel.delivery_tag] = channel.create_future()
                channel.message_id_delivery_tag[name] = channel.delivery_tag
                outcomes.append(confirm)
        if frames:
            await channel.write_queue.put(ChannelFrame(b"".join(frames), should_close=False))
        return outcomes

    async def _confirmed(
        self, channel: Channel, entries: Sequence[Document], outcomes: Sequence[_Outcome]
    ) -> list[PublishResult | None]:
        flying = [each for each in outcomes if isinstance(each, asyncio.Future)]
        if flying:
            await asyncio.wait(flying, timeout=self._timeout)
        if channel is self._channel and not all(confirm.done() for confirm in flying):
            await self._drop()
        for entry, outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, asyncio.Future):
                channel.message_id_delivery_tag.pop(_describe(entry), None)
        return [_result_of(each) if isinstance(each, asyncio.Future) else each for each in outcomes]

    def _made(self, channel: Channel, entry: Document) -> bytes | None:
        """Make the frames of an entry; None of one that the protocol cannot carry."""
        try:
            return ChannelFrame.marshall(channel.number, self._frames(channel, entry)).payload
        except Exception as problem:  # noqa: BLE001 - nothing is written yet, and each part has errors of its own
            log.warning("no frames for an event", event_type=entry["type"], problem=type(problem).__name__)
            return None

    def _frames(self, channel: Channel, entry: Document) -> list[Any]:
        body: bytes = entry["body"]
        properties = spec.Basic.Properties(
            content_type=CONTENT_TYPE,
            headers=entry["headers"],
            delivery_mode=PERSISTENT,
            message_id=_describe(entry),
            correlation_id=_shorten(entry["headers"].get("ce-correlationid", "")) or None,
            message_type=entry["type"],
            timestamp=entry.get("at"),
            user_id=self._user,
        )
        size = channel.max_content_size
        return [
            spec.Basic.Publish(exchange=self._exchange, routing_key=entry["type"], mandatory=True),
            ContentHeader(properties=properties, body_size=len(body)),
            *(ContentBody(body[start : start + size]) for start in range(0, len(body), size)),
        ]

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(Exception, asyncio.CancelledError):
                async with asyncio.timeout(1):
                    await connection.close()


_LOST = (TimeoutError, OSError, aiormq.AMQPError, asyncio.CancelledError)
_Outcome: TypeAlias = asyncio.Future[Any] | PublishResult
"""Of an entry: the confirm that it waits for, or why it did not go out."""


def _is_own_cancellation(problem: BaseException) -> bool:
    """Whether our own task was cancelled; the library raises the same for a connection it found dead."""
    task = asyncio.current_task()
    return isinstance(problem, asyncio.CancelledError) and task is not None and bool(task.cancelling())


def _describe(entry: Document) -> str:
    return _shorten(entry["headers"]["ce-id"])


def _shorten(identifier: str) -> str:
    """Give an identifier as a short string: itself, or its digest where it is too long."""
    told = identifier.encode(errors="surrogatepass")
    return identifier if len(told) <= SHORT else f"sha256:{sha256(told).hexdigest()}"


def _result_of(confirm: asyncio.Future[Any]) -> PublishResult | None:
    if not confirm.done():
        return "not confirmed in time"
    if confirm.cancelled():
        return "connection lost"
    problem = confirm.exception()
    if problem is None:
        return None
    if isinstance(problem, aiormq.exceptions.PublishError):
        return "returned"
    return "refused" if isinstance(problem, aiormq.exceptions.DeliveryError) else "connection lost"
