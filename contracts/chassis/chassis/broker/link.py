"""A link: one connection that consumes some queues, opened once, examined, and closed for good."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from aio_pika.abc import AbstractIncomingMessage
from aiormq.abc import AbstractChannel

from chassis.broker.connection import made_by
from chassis.broker.paths import BrokerPath
from chassis.broker.plain import GRACE, Receive, consuming_broker
from chassis.broker.topology import rabbit_queue
from chassis.handling import TransientError

T = TypeVar("T")

OPEN_SECONDS = 20.0
"""Longer than the library takes to give up a connection attempt."""
ANSWER_SECONDS = 15.0
"""In which the broker answers what a link asks about its queues."""
CANCEL_SECONDS = 3.0
"""To cancel the consumers; without a connection the library would wait for the broker for ever."""
IDLE_LOOKS, LOOK_SECONDS = 3, 0.01
"""Looks in a row that find nothing in hand: what came just before the consumers were cancelled has begun by then."""
STALLED_SECONDS = 60.0
"""Messages wait, there is room for them, and none is delivered: the broker has forgotten the consumer."""


class LinkError(TransientError):
    """The link could not be opened, or consumes no longer."""


@dataclass(eq=False)
class QueueWatch:
    """Counts what comes from one queue and what waits in it."""

    queue: str
    receive: Receive
    prefetch: int
    alone: bool = False
    """Consumed by one process at a time: the others get nothing however much waits."""
    delivered: int = 0
    in_flight: int = 0
    waiting: int = 0
    _measured: int = 0
    _waiting_since: float | None = None

    async def take(self, message: AbstractIncomingMessage) -> None:
        self.delivered += 1
        self.in_flight += 1
        try:
            await self.receive(message)
        finally:
            self.in_flight -= 1

    def measure(self, waiting: int, now: float) -> None:
        """Note how many messages wait at the broker; time counts from when none was delivered although some waited."""
        came, self._measured, self.waiting = self.delivered != self._measured, self.delivered, waiting
        if came or not waiting or self.alone or self.in_flight >= self.prefetch:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now

    def stalled_for(self, now: float) -> float:
        return 0.0 if self._waiting_since is None else now - self._waiting_since


class Link:
    """Consumes the watched queues over one connection. What fails in the library fails this link, and no other."""

    def __init__(self, url: str, prefetch: int, path: BrokerPath, watches: Sequence[QueueWatch]) -> None:
        self.lost = asyncio.Event()
        self.watches = watches
        self._broker = consuming_broker(url, prefetch, on_close=(self._on_close,))
        self._connections = made_by(self._broker)
        for watch in watches:
            path.attach(self._broker, rabbit_queue(watch.queue), watch.take)
        self._probe: AbstractChannel | None = None

    async def open(self) -> None:
        """Consume every queue, or raise LinkError and leave nothing behind."""
        try:
            await _bounded(self._broker.start(), OPEN_SECONDS)
        except LinkError:
            await self.drop()
            raise

    async def examine(self) -> str | None:
        """Return what is wrong, None when every queue is consumed; ask the broker how much waits."""
        if self.lost.is_set():
            return "the connection is lost"
        try:
            return await _bounded(self._ask(), ANSWER_SECONDS)
        except LinkError as problem:
            return f"the broker gives no answer about the queues: {problem}"

    async def cancel(self) -> None:
        """Cancel the consumers, so that nothing more is delivered."""
        with suppress(LinkError):
            await _bounded(self._cancel_consumers(), CANCEL_SECONDS)
        for subscriber in self._broker.subscribers:
            vars(subscriber)["_consumer_tag"] = None  # else the library cancels again, without a time-out

    async def close(self) -> None:
        """Finish what was received and close.

        The library ignores what it has received and not begun when it stops, so that is waited for first.
        """
        with suppress(LinkError):
            await _bounded(self._finish_received(), GRACE)
        with suppress(LinkError):
            await _bounded(self._broker.stop(), GRACE + CANCEL_SECONDS)
        await self.drop()

    async def drop(self) -> None:
        """Close without waiting for what is being handled: the broker delivers it again."""
        for connection in self._connections:
            with suppress(LinkError):
                await _bounded(connection.close(), CANCEL_SECONDS)

    async def _finish_received(self) -> None:
        idle = 0
        while idle < IDLE_LOOKS:
            await asyncio.sleep(LOOK_SECONDS)
            idle = 0 if any(watch.in_flight for watch in self.watches) else idle + 1

    def _on_close(self, *_: object) -> None:
        self.lost.set()

    async def _ask(self) -> str | None:
        for watch, subscriber in zip(self.watches, self._broker.subscribers, strict=True):
            if not await _is_consuming(subscriber):
                return f"{watch.queue} is not consumed"
        probe = await self._open_probe()
        for watch in self.watches:
            answer = await probe.queue_declare(watch.queue, passive=True)
            watch.measure(answer.message_count or 0, monotonic())
            seconds = watch.stalled_for(monotonic())
            if seconds > STALLED_SECONDS:
                return f"nothing came from {watch.queue} for {seconds:.0f} s, where {watch.waiting} messages wait"
        return None

    async def _open_probe(self) -> AbstractChannel:
        """Return a channel beside that of the consumers: a question that is given up closes its channel."""
        if self._probe is None or self._probe.is_closed:
            transport = self._connections[-1].transport
            if transport is None:
                raise LinkError("no connection")
            self._probe = await transport.connection.channel(publisher_confirms=False)
        return self._probe

    async def _cancel_consumers(self) -> None:
        for subscriber in self._broker.subscribers:
            queue, tag = getattr(subscriber, "_queue_obj", None), getattr(subscriber, "_consumer_tag", None)
            if queue is not None and tag is not None:
                with suppress(Exception):
                    await queue.cancel(tag)


async def _is_consuming(subscriber: object) -> bool:
    """Return whether the channel is open and knows the consumer; the library forgets one that the broker cancelled."""
    queue, tag = getattr(subscriber, "_queue_obj", None), getattr(subscriber, "_consumer_tag", None)
    if queue is None or tag is None:
        return False
    channel = await queue.channel.get_underlay_channel()
    return not channel.is_closed and tag in channel.consumers


async def _bounded(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Run in a task of its own: the library cancels what waits on a dead connection, and may wait for ever."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(_retrieve)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()
    if not task.done():
        raise LinkError(f"no answer in {seconds:g} s")
    if task.cancelled():
        raise LinkError("the connection was lost")
    problem = task.exception()
    if problem is not None:
        raise LinkError(f"{type(problem).__name__}: {problem}") from problem
    return task.result()


def _retrieve(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
