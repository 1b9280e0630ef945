"""Consumes queues by FastStream. No exception reaches the library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage

from chassis.broker.paths import PATHS, BrokerPath
from chassis.broker.plain import Receive, consuming_broker
from chassis.broker.topology import Consumed, dead_letter_queue, rabbit_queue, service_queues
from chassis.inbox.delivery import Delivery
from chassis.inbox.dispatcher import Dispatcher

log = structlog.get_logger(__name__)

PREFETCH = 200
"""A little more than two batches; without a limit the broker sends the whole queue."""
INTERNAL_ERROR_PAUSE = 5.0
CANCEL_TIMEOUT = 3.0
"""Seconds to cancel the consumers; without a connection the library would wait for the broker for ever."""


@dataclass(eq=False)
class Consumer:
    """Consumes the queues of a service and its dead letters, on another connection than the relay's."""

    url: str
    service: str
    subscribed: Iterable[Consumed]
    dispatcher: Dispatcher
    _: KW_ONLY
    prefetch: int = PREFETCH
    path: BrokerPath = PATHS["direct"]

    def __post_init__(self) -> None:
        self._acks = self.path.acks()
        self.broker = consuming_broker(self.url, self.prefetch)
        for each in service_queues(self.service, self.subscribed):
            self._subscribe(each.queue, self._on_message)
        self._subscribe(dead_letter_queue(self.service), self._on_dead_letter)

    async def start(self) -> None:
        await self.broker.start()

    async def stop(self) -> None:
        """Cancel the consumers first, then finish the messages received.

        FastStream waits first and cancels then; a message that arrives in between is ignored and redelivered with a
        higher delivery count.
        """
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT):
                await self._cancel_consumers()
        except TimeoutError:
            for subscriber in self.broker.subscribers:
                vars(subscriber)["_consumer_tag"] = None  # else the library cancels again, without a time-out
        self.dispatcher.stop()
        await self.broker.stop()

    async def _cancel_consumers(self) -> None:
        for subscriber in self.broker.subscribers:
            queue, tag = getattr(subscriber, "_queue_obj", None), getattr(subscriber, "_consumer_tag", None)
            if queue is not None and tag is not None:
                with suppress(Exception):
                    await queue.cancel(tag)

    def _subscribe(self, queue: str, receive: Receive) -> None:
        self.path.attach(self.broker, rabbit_queue(queue), receive)

    async def _on_message(self, message: AbstractIncomingMessage) -> None:
        await self._settle(message, _delivery(message, message.routing_key), self.dispatcher.dispatch)

    async def _on_dead_letter(self, message: AbstractIncomingMessage) -> None:
        await self._settle(message, _delivery(message, _original_routing_key(message)), self.dispatcher.dead_letter)

    async def _settle(
        self, raw: AbstractIncomingMessage, delivery: Delivery, receive: Callable[[Delivery], Awaitable[bool]]
    ) -> None:
        """Acknowledge a message that the dispatcher has settled.

        With manual acknowledgement an escaping error would leave the message unacknowledged for ever, and requeueing it
        at once would spin; so an internal error is logged and the message dispatched again after a pause.
        """
        while True:
            try:
                settled = await receive(delivery)
            except Exception:
                log.exception("dispatch failed", routing_key=raw.routing_key)
                await asyncio.sleep(INTERNAL_ERROR_PAUSE)
            else:
                break
        if settled:
            await self._acks.settle(raw)


def _delivery(raw: AbstractIncomingMessage, key: str | None) -> Delivery:
    return Delivery(raw.headers, raw.body, raw.content_type, key or "", raw.user_id, raw.timestamp)


def _original_routing_key(raw: AbstractIncomingMessage) -> str | None:
    """Return the key under which a dead letter was published; the broker recorded it and replaced it by the service's.

    On any other queue the publisher wrote that header, and it proves nothing.
    """
    death = raw.headers.get("x-death")
    first: Any = death[0] if isinstance(death, list) and death else {}
    keys = first.get("routing-keys") if isinstance(first, dict) else None
    return str(keys[0]) if keys else raw.routing_key
