"""The relay's own connection to the broker: many messages in one write, each with its own confirm."""

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
"""Seconds; with the default of 60 a silent partition blocks publishing for minutes."""
PERSISTENT = 2
MAX_SHORT_STRING = 255
"""Bytes of an AMQP short string, which message ids are."""

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


class BrokerPublisher:
    """Publishes persistent, mandatory and confirmed over aiormq, coalesced into one write.

    aio-pika, the layer above, writes, drains and times each message separately; the relay has a batch, so its frames
    go to the connection in one write, and one time-out covers all confirms.
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
        """Number the messages as the channel counts them and write all frames at once.

        A message gets its number only when its frames exist: a number that the broker never receives would assign each
        later confirm to the message before. The channel finds a returned message by its id alone, so an id is never in
        flight twice.
        """
        frames: list[bytes] = []
        outcomes: list[_Outcome] = []
        for entry in entries:
            name = _message_id(entry)
            if name in channel.message_id_delivery_tag:
                outcomes.append("in flight already")
            elif (payload := self._marshal(channel, entry)) is None:
                outcomes.append("unsendable")
            else:
                frames.append(payload)
                channel.delivery_tag += 1
                confirm = channel.confirmations[channel.delivery_tag] = channel.create_future()
                channel.message_id_delivery_tag[name] = channel.delivery_tag
                outcomes.append(confirm)
        if frames:
            await channel.write_queue.put(ChannelFrame(b"".join(frames), should_close=False))
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
            if isinstance(outcome, asyncio.Future):
                channel.message_id_delivery_tag.pop(_message_id(entry), None)
        return [_result_of(each) if isinstance(each, asyncio.Future) else each for each in outcomes]

    def _marshal(self, channel: Channel, entry: Document) -> bytes | None:
        """Return the frames of an entry; None when the protocol cannot carry it."""
        try:
            return ChannelFrame.marshall(channel.number, self._frames(channel, entry)).payload
        except Exception as problem:  # noqa: BLE001 - nothing is written yet, and each part raises its own errors
            log.warning("event cannot be encoded", event_type=entry["type"], problem=type(problem).__name__)
            return None

    def _frames(self, channel: Channel, entry: Document) -> list[Any]:
        body: bytes = entry["body"]
        properties = spec.Basic.Properties(
            content_type=CONTENT_TYPE,
            headers=entry["headers"],
            delivery_mode=PERSISTENT,
            message_id=_message_id(entry),
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
"""The confirm that an entry waits for, or the reason why it was not sent."""


def _is_own_cancellation(problem: BaseException) -> bool:
    """Return whether our own task was cancelled; the library raises the same error for a dead connection."""
    task = asyncio.current_task()
    return isinstance(problem, asyncio.CancelledError) and task is not None and bool(task.cancelling())


def _message_id(entry: Document) -> str:
    return _shorten(entry["headers"]["ce-id"])


def _shorten(identifier: str) -> str:
    """Return an id that fits into a short string: itself, or its digest when it is too long."""
    encoded = identifier.encode(errors="surrogatepass")
    return identifier if len(encoded) <= MAX_SHORT_STRING else f"sha256:{sha256(encoded).hexdigest()}"


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
