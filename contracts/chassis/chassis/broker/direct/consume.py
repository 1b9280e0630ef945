"""Consuming under FastStream: from its connection straight to the dispatcher, past its middlewares."""

from __future__ import annotations

from aio_pika.abc import AbstractIncomingMessage
from faststream.rabbit import RabbitBroker, RabbitQueue

from chassis.broker import plain
from chassis.broker.plain import Receive


def attach(broker: RabbitBroker, queue: RabbitQueue, receive: Receive) -> None:
    """Register ``receive`` for a queue; FastStream declares, starts, reconnects and stops it as ever.

    It keeps the library's two rules for a stop: what arrives afterwards is left to the broker, and what is being
    handled is waited for (its lock).
    """
    subscriber = plain.attach(broker, queue, receive)

    async def consume(message: AbstractIncomingMessage) -> None:
        if subscriber.running:
            with subscriber.lock:
                await receive(message)

    vars(subscriber)["consume"] = consume
