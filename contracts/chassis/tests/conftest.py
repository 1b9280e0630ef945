from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chassis import logs
from chassis.mongo import Database, Driver, open_database
from chassis.testing import sample
from chassis.testing.memory import Memory
from chassis.testing.stack import Stand
from chassis.unit import Backing

DRIVERS: tuple[Driver, ...] = ("motor", "pymongo")


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    logs.configure("chassis", "ERROR")


@pytest.fixture(scope="session")
async def databases(stand: Stand) -> AsyncIterator[dict[Driver, Database]]:
    opened: dict[Driver, Database] = {}
    for driver in DRIVERS:
        name, url = await stand.database(f"chassis_{driver}")
        opened[driver] = open_database(url, name, driver)
        await opened[driver].prepare(sample.INDEXES)
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
async def backing(request: pytest.FixtureRequest, databases: dict[Driver, Database]) -> Backing:
    if request.param == "memory":
        return Memory(sample.INDEXES)
    return await emptied(databases[request.param])
