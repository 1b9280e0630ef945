"""Consumes queues by FastStream. No exception reaches the library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

from aio_pika.abc import AbstractIncomingMessage

from chassis.broker.link import Link, QueueWatch
from chassis.broker.link_supervisor import LinkSupervisor
from chassis.broker.paths import PATHS, BrokerPath
from chassis.broker.topology import Consumed, dead_letter_queue, service_queues
from chassis.inbox.delivery import Delivery
from chassis.inbox.dispatcher import Dispatcher
from chassis.observability.health import NotReadyError
from chassis.observability.log_rate import ThrottledLog

log = ThrottledLog(__name__)

PREFETCH = 200
"""A little more than two batches; without a limit the broker sends the whole queue."""
DEAD_PREFETCH = 10
INTERNAL_ERROR_PAUSE = 5.0


@dataclass(eq=False)
class Consumer:
    """Consumes the queues of a service, and its dead letters on a connection of their own.

    A dead letter has broken something already: what it does to its connection must not reach the events.
    """

    url: str
    service: str
    subscribed: Iterable[Consumed]
    dispatcher: Dispatcher
    _: KW_ONLY
    prefetch: int = PREFETCH
    path: BrokerPath = PATHS["direct"]

    def __post_init__(self) -> None:
        self._acks = self.path.acks()
        self._queues = service_queues(self.service, self.subscribed)
        metrics = self.dispatcher.metrics
        self.links = (
            LinkSupervisor("events", self._events, metrics),
            LinkSupervisor("dead-letters", self._dead_letters, metrics),
        )

    async def start(self) -> None:
        """Consume every queue, now or as soon as the broker and the queue are there; ``ping`` says which."""
        for link in self.links:
            await link.start()

    async def stop(self) -> None:
        """Cancel the consumers first, then finish the messages received.

        FastStream waits first and cancels then; a message that arrives in between is ignored and redelivered with a
        higher delivery count.
        """
        await asyncio.gather(*(link.cancel() for link in self.links))
        self.dispatcher.stop()
        await asyncio.gather(*(link.close() for link in self.links))

    async def ping(self) -> None:
        """Raise NotReadyError while a queue is not consumed, with what keeps it."""
        for link in self.links:
            if link.problem is not None:
                raise NotReadyError(f"{link.name}: {link.problem}")

    @property
    def running(self) -> bool:
        return all(link.running for link in self.links)

    def _events(self) -> Link:
        watches = [
            QueueWatch(each.queue, partial(self._on_message, each.queue), self.prefetch, each.single_active_consumer)
            for each in self._queues
        ]
        return self._link(watches, self.prefetch)

    def _dead_letters(self) -> Link:
        name = dead_letter_queue(self.service)
        return self._link([QueueWatch(name, self._on_dead_letter, DEAD_PREFETCH)], DEAD_PREFETCH)

    def _link(self, watches: Sequence[QueueWatch], prefetch: int) -> Link:
        return Link(self.url, prefetch, self.path, watches)

    async def _on_message(self, queue: str, message: AbstractIncomingMessage) -> None:
        await self._settle(message, _delivery(message, message.routing_key, queue), self.dispatcher.dispatch)

    async def _on_dead_letter(self, message: AbstractIncomingMessage) -> None:
        key, queue = _origin(message)
        await self._settle(message, _delivery(message, key, queue), self.dispatcher.dead_letter)

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
            except Exception as problem:
                log.warning("dispatch failed", routing_key=raw.routing_key, exc_info=problem)
                await asyncio.sleep(INTERNAL_ERROR_PAUSE)
            else:
                break
        if settled:
            await self._acks.settle(raw)


def _delivery(raw: AbstractIncomingMessage, key: str | None, queue: str | None) -> Delivery:
    return Delivery(raw.headers, raw.body, raw.content_type, key or "", raw.user_id, raw.timestamp, queue)


def _origin(raw: AbstractIncomingMessage) -> tuple[str | None, str | None]:
    """Return a dead letter's routing key at its publication and the queue that gave it up, as the broker recorded them.

    Its present key is the service's. On any other queue the publisher wrote that header, and it proves nothing.
    """
    death = raw.headers.get("x-death")
    first: Any = death[0] if isinstance(death, list) and death else {}
    if not isinstance(first, dict):
        return raw.routing_key, None
    keys, queue = first.get("routing-keys"), first.get("queue")
    key = str(keys[0]) if isinstance(keys, list) and keys else raw.routing_key
    return key, None if queue is None else str(queue)
