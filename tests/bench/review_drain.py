"""The drain of the peak: a queue of accepted applications and real review workers, with every case checked after."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

import aio_pika
from chassis.broker.publisher import BrokerPublisher
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.system_collections import INBOX, OUTBOX
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.private_servers import PrivateServers, ServiceDatabase
from messages.event import Event
from messages.review import CaseOpened, ConsultationOpened
from pymongo import MongoClient

from deploy.generate.broker_definitions import composed
from tests.bench.season import application_id, season
from tests.bench.service_processes import ServiceProcess
from tests.support.race_environment import NOW
from tests.support.service_environment import service_environment

SERVICE, PUBLISHER = "review", "applications"
CASES, RECORDS = "cases", "records"
HEARD = "notify.review"
"""A queue that gets every opened case."""
CHUNK = 500
POLL = 0.02
SETTLED_WITHIN = 60.0
LONGEST = 900.0
ENVELOPE = ("ce-type", "ce-subject", "ce-id")


class PublishedEvent(NamedTuple):
    """One event by its identity: a process killed before it marks an event published publishes it again."""

    type: str
    subject: str
    id: str


@dataclass
class ReviewDrain:
    """A vhost with the composed topology and a database of review, both new."""

    servers: PrivateServers
    folder: Path
    vhost: str
    database: ServiceDatabase
    size: int
    environment: dict[str, str]
    client: MongoClient[dict[str, Any]] = field(repr=False)

    @classmethod
    async def build(
        cls, servers: PrivateServers, folder: Path, size: int, variables: Mapping[str, str] | None = None
    ) -> Self:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        vhost, database = await servers.vhost(composed()), await servers.database(SERVICE)
        issuer = DevelopmentIssuer(folder / "keys", Mode.LOCAL)
        environment = service_environment(servers.amqp_url(vhost, SERVICE), database, issuer) | dict(variables or {})
        client: MongoClient[dict[str, Any]] = MongoClient(servers.mongod.admin_url)
        return cls(servers, folder, vhost, database, size, environment, client)

    async def remove(self) -> None:
        """Remove both; the processes have ended."""
        self.client.close()
        await self.servers.broker.remove_vhost(self.vhost)
        await self.servers.mongod.remove_database(self.database.name)

    def start_worker(self) -> ServiceProcess:
        return ServiceProcess.start(SERVICE, "worker", self.environment, self.folder)

    async def publish(self, first: int = 0, last: int | None = None) -> None:
        """Publish the load, or this part of it, as the applications service and wait for the broker's confirms."""
        publisher = BrokerPublisher(self.servers.amqp_url(self.vhost, PUBLISHER))
        for events in _chunks(islice(season(self.size), first, last)):
            refused = await publisher.send([entry(each, Causation(event_id(each)), NOW) for each in events])
            if any(refused):
                raise RuntimeError(f"the broker refused {len(refused) - refused.count(None)} events of the load")
        await publisher.close()

    def opened(self) -> int:
        """Number of cases, from the collection's own counter."""
        return int(self._collection(CASES).estimated_document_count())

    async def until_opened(self, number: int) -> float:
        """Wait until so many cases are open; return the time on ``perf_counter``."""
        async with asyncio.timeout(LONGEST):
            while await asyncio.to_thread(self.opened) < number:  # noqa: ASYNC110 - other processes' work
                await asyncio.sleep(POLL)
        return time.perf_counter()

    async def until_settled(self) -> None:
        """Wait until every case is open, every event published and every message acknowledged."""
        await self.until_opened(self.size)
        async with asyncio.timeout(SETTLED_WITHIN):
            while await self._unfinished():  # noqa: ASYNC110 - other processes' work
                await asyncio.sleep(0.2)

    async def violations(self) -> list[str]:
        """Compare cases, records, inbox and published events with the load; empty when all agree."""
        published = await self._published()
        return await asyncio.to_thread(self.compare, published)

    async def _unfinished(self) -> bool:
        if await asyncio.to_thread(self._collection(OUTBOX).count_documents, {"sent": False}):
            return True
        async with await aio_pika.connect(self.servers.amqp_url(self.vhost)) as connection:
            channel = await connection.channel()
            queue = await channel.declare_queue(f"{SERVICE}.{PUBLISHER}", passive=True)
            return bool(queue.declaration_result.message_count)

    async def _published(self) -> Counter[PublishedEvent]:
        """Count the events about cases that the next service would get."""
        counts: Counter[PublishedEvent] = Counter()
        async with await aio_pika.connect(self.servers.amqp_url(self.vhost)) as connection:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=1_000)
            queue = await channel.get_queue(HEARD, ensure=False)
            with suppress(TimeoutError):
                async with queue.iterator(no_ack=True, timeout=1.0) as messages:
                    async for message in messages:
                        counts[PublishedEvent(*(str(message.headers[name]) for name in ENVELOPE))] += 1
        return counts

    def compare(self, published: Counter[PublishedEvent]) -> list[str]:
        """Compare the database and these events with the load."""
        expected = {application_id(number) for number in range(1, self.size + 1)}
        versions = {each["_id"]: each["_version"] for each in self._collection(CASES).find({}, {"_version": 1})}
        records = Counter(each["case_id"] for each in self._collection(RECORDS).find({}, {"case_id": 1}))
        opened = Counter(each.subject for each in published if each.type == CaseOpened.type)
        asked = Counter(each.subject for each in published if each.type == ConsultationOpened.type)
        inbox = self._collection(INBOX).count_documents({})
        return [
            *_named("cases not opened", expected - set(versions)),
            *_named("cases opened without an application", set(versions) - expected),
            *_named("cases written twice", {each for each, version in versions.items() if version != 1}),
            *_named("records without exactly one entry", _not_once(records, expected)),
            *_named("openings not under exactly one event id", _not_once(opened, expected)),
            *_named("consultations not under exactly one event id", _not_once(asked, expected)),
            *([f"{inbox} rows in the inbox for {self.size} messages"] if inbox != self.size else []),
        ]

    def _collection(self, name: str) -> Any:  # noqa: ANN401 - the driver's own type
        return self.client[self.database.name][name]


def _not_once(counts: Mapping[str, int], expected: Iterable[str]) -> set[str]:
    return {each for each in {*expected, *counts} if counts.get(each, 0) != 1}


def _named(text: str, names: set[str]) -> list[str]:
    return [f"{len(names)} {text}: {', '.join(sorted(names)[:3])}"] if names else []


def _chunks(events: Iterator[Event]) -> Iterator[Sequence[Event]]:
    while chunk := list(islice(events, CHUNK)):
        yield chunk
