"""The competitors of the hop: the chassis in five forms, and the same durable work written by hand in two.

python -m tests.bench.hop_competitors COMPETITOR '{"amqp": …, "mongo": …, "database": …, "messages": …}'
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aio_pika
import rulebook
from chassis.broker.publisher import HEARTBEAT, BrokerUnavailableError, PublishResult
from chassis.broker.topology import EVENTS_EXCHANGE
from chassis.handling import Document
from chassis.inbox import Subscription, subscribe
from chassis.runtime import ServiceDefinition
from chassis.runtime.process import Process
from chassis.settings import Mode, ProcessRole, Settings
from devkit import sample
from messages.envelope import CONTENT_TYPE
from messages.event import Event
from messages.review import CaseOpened
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient
from yarl import URL

from tests.bench.baseline import Baseline
from tests.bench.competitor import drain, run
from tests.bench.harder_floor import HarderFloor

QUEUE = "notify.review"
IN_FLIGHT = 2
"""Commits in flight of every competitor."""
GROUP, ON_ASYNCIO, TUNED, SINGLE, PLAIN_RELAY, BASELINE, HARDER_FLOOR = (
    "group commit",
    "group commit, asyncio",
    "group commit, PyMongo and uvloop",
    "transaction per message",
    "group commit, aio-pika relay",
    "aio-pika baseline",
    "harder floor: multiple acks, PyMongo, uvloop",
)
ASYNCIO, TUNED_SETTINGS = (
    {"GREEN_EVENT_LOOP": "asyncio"},
    {"GREEN_MONGO_DRIVER": "pymongo", "GREEN_EVENT_LOOP": "uvloop"},
)
SETTINGS: dict[str, Mapping[str, str]] = {
    ON_ASYNCIO: ASYNCIO,
    TUNED: TUNED_SETTINGS,
    BASELINE: ASYNCIO,
    HARDER_FLOOR: TUNED_SETTINGS,
}
"""Settings that a competitor does not leave at their defaults; the floors obey the event loop alone."""


@dataclass(frozen=True)
class Task:
    amqp: str
    mongo: str
    database: str
    messages: int


async def run_chassis(task: Task, *, batch: int, publisher: Any = None) -> None:  # noqa: ANN401 - the real or the plainer one
    process = Process(_service(task, batch))
    if publisher is not None:
        process.relay.publisher = publisher
    await drain(process, task.messages)


def _service(task: Task, batch: int) -> ServiceDefinition:
    async def touch(opened: CaseOpened, store: sample.Store, now: datetime) -> Sequence[Event]:
        return await sample.touch(sample.Touch(opened.case_id), store, now)

    subscriptions: tuple[Subscription[sample.Store], ...] = (
        subscribe(CaseOpened, touch, prefetch=lambda opened: [("notices", opened.case_id)]),
    )
    settings = Settings(
        mode=Mode.LOCAL,
        role=ProcessRole.WORKER,
        amqp_url=task.amqp,
        mongo_url=task.mongo,
        database=task.database,
        jwks_file=Path("unused"),
        max_batch_size=batch,
        commit_workers=IN_FLIGHT,
        log_level="ERROR",
    )
    return ServiceDefinition(
        sample.SERVICE, settings, rulebook, sample.Store, sample.AGGREGATES, subscriptions=subscriptions
    )


class PlainPublisher:
    """Publishes for the relay with aio-pika, one call and one confirm for each message."""

    def __init__(self, url: str) -> None:
        self._url = str(URL(url).update_query(heartbeat=HEARTBEAT))
        self._exchange: Any = None
        self._connection: Any = None

    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        if self._exchange is None:
            self._connection = await aio_pika.connect(self._url)
            channel = await self._connection.channel(on_return_raises=True)
            self._exchange = await channel.get_exchange(EVENTS_EXCHANGE, ensure=False)
        try:
            async with asyncio.timeout(10):
                await asyncio.gather(*(self._publish(entry) for entry in entries))
        except (TimeoutError, aio_pika.exceptions.AMQPError) as problem:
            raise BrokerUnavailableError(repr(problem)) from problem
        return [None] * len(entries)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _publish(self, entry: Document) -> None:
        message = aio_pika.Message(
            entry["body"],
            headers=entry["headers"],
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=entry["headers"]["ce-id"],
            type=entry["type"],
        )
        await self._exchange.publish(message, routing_key=entry["type"], mandatory=True)


async def run_baseline(task: Task) -> None:
    await _run_baseline(Baseline(task.amqp, AsyncIOMotorClient(task.mongo), task.database, IN_FLIGHT), task)


async def run_harder_floor(task: Task) -> None:
    await _run_baseline(HarderFloor(task.amqp, AsyncMongoClient(task.mongo), task.database, IN_FLIGHT), task)


async def _run_baseline(baseline: Baseline, task: Task) -> None:
    await baseline.prepare()
    await baseline.run(QUEUE, task.messages)


COMPETITORS: dict[str, Callable[[Task], Coroutine[Any, Any, None]]] = {
    GROUP: lambda task: run_chassis(task, batch=100),
    ON_ASYNCIO: lambda task: run_chassis(task, batch=100),
    TUNED: lambda task: run_chassis(task, batch=100),
    SINGLE: lambda task: run_chassis(task, batch=1),
    PLAIN_RELAY: lambda task: run_chassis(task, batch=100, publisher=PlainPublisher(task.amqp)),
    BASELINE: run_baseline,
    HARDER_FLOOR: run_harder_floor,
}


if __name__ == "__main__":
    run(COMPETITORS, Task)
