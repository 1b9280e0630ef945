"""Q2 on the real database and broker: several committers, several processes, one limit."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from assessor_quota import handlers
from assessor_quota.bus import HEARS
from assessor_quota.domain.item import Item, ItemState
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.clock import FixedClock, set_simulated
from chassis.committer import Committer
from chassis.identity import add_key
from chassis.issuer import DevelopmentIssuer
from chassis.metrics import Metrics
from chassis.mongo import Database, open_database
from chassis.outbox import Cause, entry, event_id
from chassis.publisher import BrokerPublisher
from chassis.road import CommandRoad
from chassis.servers import free_ports
from chassis.settings import Mode
from chassis.testing.stack import ServiceDatabase, Stand
from chassis.topology import definitions
from chassis.unit import reading
from messages.applications import ApplicationSubmitted
from messages.assessor_quota import QuotaItemConfirmed, QuotaItemRefused, QuotaItemReleased, QuotaItemReserved
from messages.event import Event

from .kit import LIMIT, NORTH, NOW, SOUTH, assessor, registration, submitted, withdrawn

pytestmark = pytest.mark.connected

ASKED = 60
ANSWERS = (QuotaItemReserved, QuotaItemRefused, QuotaItemReleased, QuotaItemConfirmed)
SERVICE = "assessor-quota"
PATIENCE = 90


@pytest.fixture
async def mine(stand: Stand) -> ServiceDatabase:
    return await stand.database(SERVICE)


@pytest.fixture
async def database(mine: ServiceDatabase) -> AsyncIterator[Database]:
    database = open_database(mine.url, mine.name)
    await database.prepare(INDEXES)
    async with road(database) as registering:
        for uscc in (NORTH, SOUTH):
            command = registration(assessor(uscc))
            await registering.perform(
                uuid4().hex, "", lambda unit, now, it=command: handlers.register_assessor(it, Store(unit), now)
            )
    yield database
    await database.close()


@asynccontextmanager
async def road(database: Database) -> AsyncIterator[CommandRoad]:
    """A process's way into the database: a committer of its own."""
    committer = Committer(database, SERVICE, AGGREGATES, clock=FixedClock(NOW), metrics=Metrics())
    committer.start()
    yield CommandRoad(committer)
    await committer.stop()


def submissions() -> list[ApplicationSubmitted]:
    return [submitted(f"app-{number}", (NORTH, SOUTH)[number % 2]) for number in range(ASKED)]


async def items(database: Database) -> list[Item]:
    return await Store(reading(database)).items.find()


async def said(database: Database) -> Counter[str]:
    outbox = await database.find("outbox", {})
    return Counter(each["t"] for document in outbox for each in document["events"])


async def exactly_fifteen(database: Database) -> None:
    kept = Counter(item.state for item in await items(database))
    assert kept == {ItemState.RESERVED: LIMIT, ItemState.REFUSED: ASKED - LIMIT}
    (ledger,) = await Store(reading(database)).ledgers.find()
    granted = {item.application_id for item in await items(database) if item.in_use}
    assert {line.application_id for line in ledger.lines} == granted
    assert len(ledger.lines) == LIMIT
    spoken = await said(database)
    assert spoken[QuotaItemReserved.type] == LIMIT
    assert spoken[QuotaItemRefused.type] == ASKED - LIMIT


@pytest.mark.rule("Q2")
async def test_sixty_reservations_at_once_through_four_committers_give_exactly_fifteen(database: Database) -> None:
    async with AsyncExitStack() as processes:
        roads = [await processes.enter_async_context(road(database)) for _ in range(4)]
        await asyncio.gather(
            *(
                roads[number % 4].perform(
                    uuid4().hex, "", lambda unit, now, it=each: handlers.reserve_item(it, Store(unit), now)
                )
                for number, each in enumerate(submissions())
            )
        )
    await exactly_fifteen(database)


@pytest.mark.rule("Q2")
async def test_places_given_back_and_taken_at_once_never_exceed_the_limit(database: Database) -> None:
    async with AsyncExitStack() as processes:
        roads = [await processes.enter_async_context(road(database)) for _ in range(2)]
        asking = [(handlers.reserve_item, each) for each in submissions()]
        leaving = [(handlers.release_item, withdrawn(f"app-{number}")) for number in range(0, ASKED, 3)]
        await asyncio.gather(
            *(
                roads[number % 2].perform(
                    uuid4().hex, "", lambda unit, now, run=handler, it=event: run(it, Store(unit), now)
                )
                for number, (handler, event) in enumerate([*asking, *leaving])
            )
        )
    kept = await items(database)
    in_use = {item.application_id for item in kept if item.in_use}
    assert len(in_use) <= LIMIT
    assert in_use.isdisjoint(end.application_id for _, end in leaving)
    (ledger,) = await Store(reading(database)).ledgers.find()
    assert {line.application_id for line in ledger.lines} == in_use


@pytest.mark.rule("Q2")
async def test_sixty_submissions_over_the_broker_to_two_worker_processes_give_exactly_fifteen(
    stand: Stand, mine: ServiceDatabase, database: Database, tmp_path: Path
) -> None:
    heard = {SERVICE: [each.event_type for each in HEARS], "applications": ANSWERS}
    vhost = await stand.vhost(definitions(heard))
    environment = surroundings(stand.amqp_url(vhost, SERVICE), mine, tmp_path)
    async with workers(environment, 2):
        for _ in ("once", "and once more, as after a lost confirm"):
            await publish(stand.amqp_url(vhost, "applications"), submissions())
        await settled(stand, vhost)
    await exactly_fifteen(database)


def surroundings(amqp_url: str, mine: ServiceDatabase, folder: Path) -> Mapping[str, str]:
    """What a worker's environment says, with keys and a clock of this test's own."""
    add_key(folder / "persons.toml", "k1")
    set_simulated(folder / "clock.json", NOW)
    return {
        **os.environ,
        "GREEN_ROLE": "worker",
        "GREEN_AMQP_URL": amqp_url,
        "GREEN_MONGO_URL": mine.url,
        "GREEN_DATABASE": mine.name,
        "GREEN_JWKS_FILE": str(DevelopmentIssuer(folder / "issuer", Mode.LOCAL).jwks_file),
        "GREEN_PERSON_KEY_FILE": str(folder / "persons.toml"),
        "GREEN_CLOCK_FILE": str(folder / "clock.json"),
        "GREEN_LOG_LEVEL": "WARNING",
    }


@asynccontextmanager
async def workers(environment: Mapping[str, str], count: int) -> AsyncIterator[None]:
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "assessor_quota.main", env={**environment, "GREEN_PORT": str(port)}
        )
        for port in free_ports(count)
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        ended = [await process.wait() for process in started]
    assert ended == [0] * count


async def publish(url: str, events: Sequence[Event]) -> None:
    publisher = BrokerPublisher(url)
    refused = await publisher.send([entry(each, Cause(event_id(each)), NOW) for each in events])
    await publisher.close()
    assert refused == [None] * len(events)


async def settled(stand: Stand, vhost: str) -> None:
    """All submissions are taken and all answers have reached the queue of applications."""
    async with asyncio.timeout(PATIENCE):
        while True:
            counts = await stand.broker.queue_counts(vhost)
            if counts[f"{SERVICE}.applications"] == 0 and counts[f"applications.{SERVICE}"] == ASKED:
                return
            await asyncio.sleep(0.3)
