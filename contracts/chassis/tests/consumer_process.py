"""The review service's worker on the real broker, with handlers of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import aio_pika
from aio_pika.abc import HeadersType
from chassis.broker.paths import PATHS, PathName
from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import dead_letter_queue
from chassis.handling import HandlerResult, TransientError
from chassis.inbox.consumer import Consumer
from chassis.inbox.dispatcher import Dispatcher
from chassis.inbox.parking_lot import ParkingLot
from chassis.inbox.subscriptions import subscribe
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation, entry
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import read_only_unit
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from devkit import sample
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from devkit.sample import Store, Touch, TouchCounter, touch
from messages.event import Event
from messages.notify import NoticeDelivered, NoticeFailed
from messages.values import Role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

SUBSCRIBED: Mapping[str, Sequence[type[Event]]] = {
    "review": [NoticeDelivered, NoticeFailed],
    "notify": [NoticeDelivered],
}


def failed(notice: str, sequence: int = 1) -> NoticeFailed:
    return NoticeFailed(
        notice_id=notice,
        channel="email",
        role=Role.APPLICANT,
        template="t",
        attempts=3,
        cause="refused",
        sequence=sequence,
    )


class Handlers:
    """Handlers that a test can slow down, fail or defer."""

    def __init__(self) -> None:
        self.runs = 0
        self.problems: list[Exception] = []
        self.deferred: set[str] = set()
        self.pause = 0.0
        self.began = asyncio.Event()

    async def on_failed(self, event: NoticeFailed, store: Store, now: datetime) -> HandlerResult:
        self.runs += 1
        self.began.set()
        await asyncio.sleep(self.pause)
        if self.problems:
            raise self.problems.pop(0)
        if event.notice_id in self.deferred:
            raise TransientError("deferred by the test")
        await touch(Touch(event.notice_id, str(event.sequence)), store, now)
        return []


class ConsumerProcess:
    """Consumer, dispatcher, committer and publisher of one worker."""

    def __init__(self, servers: PrivateServers, vhost: str, database: Database, path: PathName = "direct") -> None:
        self.servers, self.vhost, self.database = servers, vhost, database
        self.path = PATHS[path]
        self.metrics = Metrics()
        self.handlers = Handlers()
        self.parked = ParkingLot(database)
        self.committer = GroupCommitter(
            BatchTransaction(database, "review", sample.AGGREGATES, clock=FixedClock(NOW), metrics=self.metrics)
        )
        self.dispatcher = self._dispatcher()
        self.consumer = self._consumer()
        self.publisher = BrokerPublisher(servers.amqp_url(vhost, "notify"), write=self.path.write)

    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(
            "review",
            Store,
            [subscribe(NoticeFailed, self.handlers.on_failed)],
            self.committer,
            self.parked,
            clock=FixedClock(NOW),
            metrics=self.metrics,
            backoff=(0.01,),
            max_defer_seconds=0.05,
        )

    def _consumer(self) -> Consumer:
        url = self.servers.amqp_url(self.vhost, "review")
        return Consumer(url, "review", [NoticeFailed], self.dispatcher, path=self.path)

    async def start(self) -> None:
        self.committer.start()
        await self.consumer.start()

    async def stop(self) -> None:
        await self.consumer.stop()
        await self.committer.stop()
        await self.publisher.close()

    async def publish(self, *events: NoticeFailed) -> None:
        assert not any(await self.publisher.send([entry(event, Causation("c"), NOW) for event in events]))

    async def publish_raw(  # noqa: PLR0913 - a message and its properties
        self,
        key: str,
        body: bytes,
        user: str = "notify",
        headers: HeadersType | None = None,
        *,
        named: bool = True,
        content_type: str = "application/json",
    ) -> None:
        """Publish a message that our own publisher never would; ``named``: with the user, whom the broker checks."""
        connection = await aio_pika.connect(self.servers.amqp_url(self.vhost, user))
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange("green.events", ensure=False)
            message = aio_pika.Message(
                body, headers=headers, content_type=content_type, user_id=user if named else None
            )
            await exchange.publish(message, key)

    async def stop_and_expect_empty_queues(self) -> None:
        """Stop consuming and check that no message of this service is left on the broker."""
        connection = await aio_pika.connect(self.servers.amqp_url(self.vhost))
        async with connection, asyncio.timeout(15):
            channel = await connection.channel()
            await self.consumer.stop()
            for name in ("review.notify", dead_letter_queue("review")):
                queue = await channel.get_queue(name)
                assert queue.declaration_result.message_count == 0

    async def touch_counter(self, notice: str) -> TouchCounter | None:
        return await Store(read_only_unit(self.database)).notices.get(notice)

    async def wait_until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(10):
            while not await holds():  # noqa: ASYNC110 - the database sends no notification
                await asyncio.sleep(0.01)

    async def wait_until_parked(self, count: int = 1) -> list[str]:
        async def is_there() -> bool:
            return await self.parked.count() == count

        await self.wait_until(is_there)
        return [each["reason"] for each in await self.parked.list()]

    async def wait_until_touched(self, notice: str, count: int = 1) -> None:
        async def is_there() -> bool:
            counter = await self.touch_counter(notice)
            return counter is not None and counter.count == count

        await self.wait_until(is_there)

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"green_{name}", labels) or 0.0


async def close_connections(servers: PrivateServers, vhost: str, user: str) -> None:
    """Close a user's connections at the broker, which lists a new one only after some seconds."""
    async with asyncio.timeout(20):
        while True:
            connections = (await servers.broker._request("GET", "connections")).json()
            names = [each["name"] for each in connections if (each.get("vhost"), each.get("user")) == (vhost, user)]
            for name in names:
                await servers.broker._request("DELETE", f"connections/{quote(name)}")
            if names:
                return
            await asyncio.sleep(0.2)
