from __future__ import annotations

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from chassis.mongo import Database, Driver, open_database
from chassis.testing import sample
from chassis.testing.memory import Memory
from chassis.unit import Backing

DRIVERS: tuple[Driver, ...] = ("motor", "pymongo")


@pytest.fixture(scope="session")
async def databases() -> AsyncIterator[dict[str, Database]]:
    url = os.environ["GREEN_TEST_MONGO"]
    opened = {driver: open_database(url, f"chassis_{driver}_{uuid4().hex[:8]}", driver) for driver in DRIVERS}
    for each in opened.values():
        await each.prepare(sample.INDEXES)
    yield opened
    for each in opened.values():
        await each.drop()
        await each.close()


async def emptied(database: Database) -> Database:
    for name in await database._database.list_collection_names():
        await database._database[name].delete_many({})
    return database


@pytest.fixture(params=DRIVERS)
async def database(request: pytest.FixtureRequest, databases: dict[str, Database]) -> Database:
    return await emptied(databases[request.param])


@pytest.fixture(params=["memory", *DRIVERS])
async def backing(request: pytest.FixtureRequest, databases: dict[str, Database]) -> Backing:
    if request.param == "memory":
        return Memory(sample.INDEXES)
    return await emptied(databases[request.param])
