from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from chassis.broker.paths import PATHS
from chassis.broker.topology import definitions
from chassis.observability import logs
from chassis.persistence import FILE_INDEXES
from chassis.persistence.mongo import Database, Driver, open_database
from chassis.persistence.unit_of_work import DocumentStore
from devkit import sample
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from devkit.in_memory_store import InMemoryStore
from devkit.private_servers import PrivateServers
from messages.values import Role

from . import sample_api
from .committer_harness import CommitterHarness
from .consumer_process import SUBSCRIBED, ConsumerProcess
from .recorded_spans import RecordedSpans

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
        await opened[driver].ensure_indexes((*sample.INDEXES, *FILE_INDEXES))
    yield opened
    for each in opened.values():
        await each.close()


async def empty(database: Database) -> Database:
    for name in await database._database.list_collection_names():
        await database._database[name].delete_many({})
    return database


@pytest.fixture(params=DRIVERS)
async def database(request: pytest.FixtureRequest, databases: dict[Driver, Database]) -> Database:
    return await empty(databases[request.param])


@pytest.fixture
async def motor_database(databases: dict[Driver, Database]) -> Database:
    return await empty(databases["motor"])


@pytest.fixture
async def pymongo_database(databases: dict[Driver, Database]) -> Database:
    return await empty(databases["pymongo"])


@pytest.fixture(params=["memory", *DRIVERS])
def document_store(request: pytest.FixtureRequest) -> DocumentStore:
    """Return a store of each kind; the one in memory starts no server."""
    if request.param == "memory":
        return InMemoryStore(sample.INDEXES)
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return database


@pytest.fixture
def spans() -> Iterator[RecordedSpans]:
    made = RecordedSpans()
    yield made
    made.tracing.close()


@pytest.fixture
async def api() -> AsyncIterator[ApiHarness]:
    async with api_harness(
        "plans",
        sample_api.router,
        sample_api.Store,
        aggregates={},
        clock=FixedClock(sample_api.NOW),
        body_max=2000,
    ) as harness:
        yield harness


@pytest.fixture
def applicant(api: ApiHarness) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=sample_api.USCC, prefecture="150100")


@pytest.fixture
def officer(api: ApiHarness) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture="150100")


@pytest.fixture(params=[1, 2], ids=["one commit in flight", "two commits in flight"])
async def harness(document_store: DocumentStore, request: pytest.FixtureRequest) -> AsyncIterator[CommitterHarness]:
    made = CommitterHarness(document_store, request.param)
    made.committer.start()
    yield made
    made.store.commits_allowed.set()
    await made.committer.stop()


@pytest.fixture(scope="session")
async def consumer_vhost(servers: PrivateServers) -> str:
    """One vhost for all consumers: queues are declared once, as at a deployment."""
    made = await servers.vhost(definitions(SUBSCRIBED))
    await asyncio.sleep(1)
    return made


@pytest.fixture(params=PATHS)
async def process(
    servers: PrivateServers, consumer_vhost: str, database: Database, request: pytest.FixtureRequest
) -> AsyncIterator[ConsumerProcess]:
    """Return a worker on each path to the broker."""
    made = ConsumerProcess(servers, consumer_vhost, database, request.param)
    await made.start()
    yield made
    await made.stop()
