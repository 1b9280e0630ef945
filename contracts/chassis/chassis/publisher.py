"""The relay's own connection to the broker: many publishings written at once, each with its own confirm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

import aiormq
import structlog
from aiormq.abc import AbstractConnection, ChannelFrame
from aiormq.channel import Channel
from messages.envelope import CONTENT_TYPE
from pamqp import commands as spec
from pamqp.body import ContentBody
from pamqp.header import ContentHeader
from yarl import URL

from chassis.handling import Transient
from chassis.topology import EVENTS_EXCHANGE
from chassis.unit import Document

log = structlog.get_logger(__name__)

HEARTBEAT = 5
"""Seconds; with the default of 60 a silent partition hangs a publishing for minutes."""
PERSISTENT = 2
PROBE_SECONDS = 3.0


class LinkDown(Transient):
    """There is no connection to the broker; what was not confirmed may or may not have arrived."""


class Publisher(Protocol):
    async def send(self, entries: Sequence[Document]) -> list[str | None]:
        """Publish in this order; for each entry None when confirmed, else why not.

        ``at``, where an entry has it, is the real time of its commit and goes along as the message's timestamp. Raises
        LinkDown when nothing could be written.
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

    async def send(self, entries: Sequence[Document]) -> list[str | None]:
        async with self._lock:
            try:
                async with asyncio.timeout(self._timeout):
                    channel = await self._open()
                    confirms = await self._write(channel, entries)
            except (TimeoutError, OSError, aiormq.AMQPError, asyncio.CancelledError) as problem:
                self._still_wanted(problem)
                await self._drop()
                raise LinkDown(repr(problem)) from problem
        return await self._confirmed(channel, entries, confirms)

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

    async def _write(self, channel: Channel, entries: Sequence[Document]) -> list[asyncio.Future[Any] | None]:
        """Number the messages as the channel counts them and write all frames in one piece.

        The channel knows a returned message by its identifier alone, so the same one never flies twice at once.
        """
        frames: list[Any] = []
        confirms: list[asyncio.Future[Any] | None] = []
        for entry in entries:
            name = entry["h"]["ce-id"]
            if name in channel.message_id_delivery_tag:
                confirms.append(None)
                continue
            channel.delivery_tag += 1
            confirm = channel.confirmations[channel.delivery_tag] = channel.create_future()
            channel.message_id_delivery_tag[name] = channel.delivery_tag
            confirms.append(confirm)
            frames += self._frames(channel, entry)
        if frames:
            await channel.write_queue.put(ChannelFrame.marshall(channel.number, frames))
        return confirms

    async def _confirmed(
        self, channel: Channel, entries: Sequence[Document], confirms: Sequence[asyncio.Future[Any] | None]
    ) -> list[str | None]:
        flying = [confirm for confirm in confirms if confirm is not None]
        if flying:
            await asyncio.wait(flying, timeout=self._timeout)
        if not all(confirm.done() for confirm in flying):
            await self._drop()
        for entry, confirm in zip(entries, confirms, strict=True):
            if confirm is not None:
                channel.message_id_delivery_tag.pop(entry["h"]["ce-id"], None)
        return [_answer(confirm) for confirm in confirms]

    def _frames(self, channel: Channel, entry: Document) -> list[Any]:
        body: bytes = entry["b"]
        properties = spec.Basic.Properties(
            content_type=CONTENT_TYPE,
            headers=entry["h"],
            delivery_mode=PERSISTENT,
            message_id=entry["h"]["ce-id"],
            correlation_id=entry["h"].get("ce-correlationid"),
            message_type=entry["t"],
            timestamp=entry.get("at"),
            user_id=self._user,
        )
        size = channel.max_content_size
        return [
            spec.Basic.Publish(exchange=self._exchange, routing_key=entry["t"], mandatory=True),
            ContentHeader(properties=properties, body_size=len(body)),
            *(ContentBody(body[start : start + size]) for start in range(0, len(body), size)),
        ]

    async def _drop(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(Exception, asyncio.CancelledError):
                async with asyncio.timeout(1):
                    await connection.close()

    @staticmethod
    def _still_wanted(problem: BaseException) -> None:
        """Let a cancellation of our own task through; the library also raises it for a connection it found dead."""
        task = asyncio.current_task()
        if isinstance(problem, asyncio.CancelledError) and task is not None and task.cancelling():
            raise problem


def _answer(confirm: asyncio.Future[Any] | None) -> str | None:
    if confirm is None:
        return "in flight already"
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
