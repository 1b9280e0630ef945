from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from chassis.broker.topology import definitions
from chassis.clock import FixedClock
from chassis.observability import logs
from chassis.persistence.mongo import Database, Driver, open_database
from chassis.persistence.unit_of_work import DocumentStore
from devkit import sample
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.in_memory_store import InMemoryStore
from devkit.private_servers import PrivateServers
from messages.values import Role

from . import plans
from .committing import Rig
from .hearer import HEARD, Service
from .told import Told

DRIVERS: tuple[Driver, ...] = ("motor", "pymongo")


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    logs.configure("chassis", "ERROR")


@pytest.fixture(scope="session")
async def databases(servers: PrivateServers) -> AsyncIterator[dict[Driver, Database]]:
    opened: dict[Driver, Database] = {}
    for driver in DRIVERS:
        name, url = await servers.database(f"chassis_{driver}")
        opened[driver] = open_database(url, name, driver)
        await opened[driver].ensure_indexes(sample.INDEXES)
    yield opened
    for each in opened.values():
        await each.close()


async def emptied(database: Database) -> Database:
    for name in await database._database.list_collection_names():
        await database._database[name].delete_many({})
    return database


@pytest.fixture(params=DRIVERS)
async def database(request: pytest.FixtureRequest, databases: dict[Driver, Database]) -> Database:
    return await emptied(databases[request.param])


@pytest.fixture(params=["memory", *DRIVERS])
async def backing(request: pytest.FixtureRequest, databases: dict[Driver, Database]) -> DocumentStore:
    if request.param == "memory":
        return InMemoryStore(sample.INDEXES)
    return await emptied(databases[request.param])


@pytest.fixture
def told() -> Iterator[Told]:
    made = Told()
    yield made
    made.tracing.close()


@pytest.fixture
async def api() -> AsyncIterator[ApiHarness]:
    async with api_harness("plans", plans.router, aggregates={}, clock=FixedClock(plans.NOW), body_max=2000) as servers:
        yield servers


@pytest.fixture
def applicant(api: ApiHarness) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=plans.USCC, prefecture="150100")


@pytest.fixture
def officer(api: ApiHarness) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture="150100")


@pytest.fixture(params=[1, 2], ids=["one flight", "two flights"])
async def rig(backing: DocumentStore, request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    made = Rig(backing, request.param)
    made.committer.start()
    yield made
    made.backing.gate.set()
    await made.committer.stop()


@pytest.fixture(scope="session")
async def heard_vhost(servers: PrivateServers) -> str:
    """One vhost for what listens: queues are declared once, as at a deployment."""
    made = await servers.vhost(definitions(HEARD))
    await asyncio.sleep(1)
    return made


@pytest.fixture
async def service(servers: PrivateServers, heard_vhost: str, database: Database) -> AsyncIterator[Service]:
    made = Service(servers, heard_vhost, database)
    await made.start()
    yield made
    await made.stop()
