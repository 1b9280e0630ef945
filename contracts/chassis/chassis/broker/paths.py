"""The two paths between a process and the broker: direct, and plain as its fallback; a setting chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, Protocol, TypeAlias

from aio_pika.abc import AbstractIncomingMessage
from faststream.rabbit import RabbitBroker, RabbitQueue

from chassis.broker import plain
from chassis.broker.direct import consume
from chassis.broker.direct.acks import AckBatcher
from chassis.broker.direct.publish import write_at_once
from chassis.broker.plain import PlainAcks, Receive, write_each
from chassis.broker.publisher import Write

PathName: TypeAlias = Literal["direct", "plain"]


class Acks(Protocol):
    """Acknowledges settled deliveries; those of a closed channel are delivered again."""

    async def settle(self, message: AbstractIncomingMessage) -> None: ...


class BrokerPath(NamedTuple):
    """One way to consume, acknowledge and publish."""

    attach: Callable[[RabbitBroker, RabbitQueue, Receive], object]
    acks: Callable[[], Acks]
    write: Write


PATHS: dict[PathName, BrokerPath] = {
    "direct": BrokerPath(consume.attach, AckBatcher, write_at_once),
    "plain": BrokerPath(plain.attach, PlainAcks, write_each),
}
