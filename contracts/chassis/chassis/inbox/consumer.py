"""Queue to handler: the only module that runs FastStream, behind one wrapper from which nothing escapes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage
from faststream import AckPolicy
from faststream.message import StreamMessage
from faststream.rabbit import Channel, RabbitBroker
from faststream.rabbit.message import RabbitMessage
from messages.event import Event
from yarl import URL

from chassis.broker.acks import AckBatcher
from chassis.broker.topology import dead_letter_queue, rabbit_queue, service_queues
from chassis.inbox.delivery import Delivery
from chassis.inbox.dispatcher import Dispatcher

log = structlog.get_logger(__name__)

HEARTBEAT = 10
PREFETCH = 200
"""A little more than two batches; without a limit the broker sends the whole queue."""
GRACE = 15.0
INTERNAL_ERROR_PAUSE = 5.0
CANCEL_TIMEOUT = 3.0
"""Seconds for taking leave of the broker: while it is away the library waits for it to come back, for ever."""


class Consumer:
    """Consumes a service's streams and its dead letters on a connection of its own, apart from the relay's."""

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        url: str,
        service: str,
        heard: Iterable[type[Event]],
        reception: Dispatcher,
        *,
        prefetch: int = PREFETCH,
        middlewares: Sequence[Any] = (),
    ) -> None:
        self._reception = reception
        self._acks = AckBatcher()
        self.broker = RabbitBroker(
            str(URL(url).update_query(heartbeat=HEARTBEAT)),
            default_channel=Channel(prefetch_count=prefetch),
            reconnect_interval=1.0,
            graceful_timeout=GRACE,
            logger=None,
            apply_types=False,
            parser=_raw_parser,
            decoder=_no_decoding,
            middlewares=middlewares,
        )
        for stream in service_queues(service, heard):
            self._subscribe(stream.queue, self._on_message)
        self._subscribe(dead_letter_queue(service), self._on_dead_letter)

    async def start(self) -> None:
        await self.broker.start()

    async def stop(self) -> None:
        """Cancel the consumers first, then finish what has come.

        FastStream waits first and cancels then; what arrives in between is ignored and returns with its delivery count
        raised.
        """
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT):
                await self._cancel_consumers()
        except TimeoutError:
            for subscriber in self.broker.subscribers:
                vars(subscriber)["_consumer_tag"] = None  # else the library cancels once more, without an end
        self._reception.stop()
        await self.broker.stop()

    async def _cancel_consumers(self) -> None:
        for subscriber in self.broker.subscribers:
            queue, tag = getattr(subscriber, "_queue_obj", None), getattr(subscriber, "_consumer_tag", None)
            if queue is not None and tag is not None:
                with suppress(Exception):
                    await queue.cancel(tag)

    def _subscribe(self, queue: str, receive: Callable[[RabbitMessage], Awaitable[None]]) -> None:
        self.broker.subscriber(rabbit_queue(queue), ack_policy=AckPolicy.MANUAL, no_reply=True)(receive)

    async def _on_message(self, message: RabbitMessage) -> None:
        raw = message.raw_message
        await self._settle(raw, _delivery(raw, raw.routing_key), self._reception.dispatch)

    async def _on_dead_letter(self, message: RabbitMessage) -> None:
        raw = message.raw_message
        await self._settle(raw, _delivery(raw, _original_routing_key(raw)), self._reception.dead_letter)

    async def _settle(
        self, raw: AbstractIncomingMessage, delivery: Delivery, receive: Callable[[Delivery], Awaitable[bool]]
    ) -> None:
        """Acknowledge what is settled.

        With manual acknowledgement an error that escapes would hold the message for ever, and one sent back at once
        would spin: an error of our own is told and the message tried again after a while.
        """
        while True:
            try:
                settled = await receive(delivery)
            except Exception:
                log.exception("reception failed", routing_key=raw.routing_key)
                await asyncio.sleep(INTERNAL_ERROR_PAUSE)
            else:
                break
        if settled:
            self._acks.settle(raw)


def _delivery(raw: AbstractIncomingMessage, key: str | None) -> Delivery:
    return Delivery(raw.headers, raw.body, raw.content_type, key or "", raw.user_id, raw.timestamp)


def _original_routing_key(raw: AbstractIncomingMessage) -> str | None:
    """The key of a dead letter's own publishing: the broker has written it down, and put the service's in its place.

    On any other queue the same header is the publisher's own word, and no key.
    """
    death = raw.headers.get("x-death")
    first: Any = death[0] if isinstance(death, list) and death else {}
    keys = first.get("routing-keys") if isinstance(first, dict) else None
    return str(keys[0]) if keys else raw.routing_key


async def _raw_parser(raw: Any) -> RabbitMessage:  # noqa: ANN401 - FastStream's parser takes its own message type
    """Wrap without the library's generated ids: ours come with the event."""
    return RabbitMessage(raw, raw.body, correlation_id=raw.correlation_id or "-", message_id=raw.message_id or "-")


async def _no_decoding(message: StreamMessage[Any]) -> StreamMessage[Any]:
    """Decode nothing: the reception reads the bytes."""
    return message
