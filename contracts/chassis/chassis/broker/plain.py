"""The plain path: consume, acknowledge and publish by the libraries' public interfaces, one message at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelInvalidStateError
from aiormq.channel import Channel
from aiormq.exceptions import AMQPError
from faststream import AckPolicy
from faststream.rabbit import RabbitBroker, RabbitQueue
from faststream.rabbit.message import RabbitMessage
from faststream.rabbit.subscriber import RabbitSubscriber

from chassis.broker.publication import Publication

Receive: TypeAlias = Callable[[AbstractIncomingMessage], Awaitable[None]]


def attach(broker: RabbitBroker, queue: RabbitQueue, receive: Receive) -> RabbitSubscriber:
    """Register ``receive`` for a queue."""

    async def on_message(message: RabbitMessage) -> None:
        await receive(message.raw_message)

    subscriber = broker.subscriber(queue, ack_policy=AckPolicy.MANUAL, no_reply=True)
    subscriber(on_message)
    return subscriber


class PlainAcks:
    """Acknowledges each delivery with a frame of its own."""

    def __init__(self) -> None:
        self._sending: set[asyncio.Task[None]] = set()

    def settle(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge soon; on a closed channel do nothing, since the broker delivers again."""
        task = asyncio.ensure_future(_acknowledge(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


async def _acknowledge(message: AbstractIncomingMessage) -> None:
    try:
        await message.ack()
    except (AMQPError, ChannelInvalidStateError, OSError):
        return


class UnsendableError(Exception):
    """The protocol cannot carry this message."""


async def write_each(channel: Channel, messages: Sequence[Publication]) -> list[asyncio.Future[object] | None]:
    """Publish each message with a call of its own; the channel's lock keeps their order."""
    return [asyncio.ensure_future(_publish(channel, message)) for message in messages]


async def _publish(channel: Channel, message: Publication) -> object:
    try:
        return await channel.basic_publish(
            message.body,
            exchange=message.exchange,
            routing_key=message.routing_key,
            properties=message.properties,
            mandatory=True,
        )
    except (AMQPError, OSError, RuntimeError):
        raise
    except Exception as problem:
        raise UnsendableError(type(problem).__name__) from problem
