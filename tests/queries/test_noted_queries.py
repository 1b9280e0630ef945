"""Every query that the test run before noted is served by an index, on ten thousand documents."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from chassis.persistence import Index
from chassis.persistence.mongo import Database, open_database
from chassis.persistence.system_collections import FILE_INDEXES, SYSTEM_INDEXES
from chassis.security.audit import AUDIT_INDEXES
from devkit.private_servers import PrivateServers
from devkit.query_log import CHASSIS
from pymongo.errors import BulkWriteError

from deploy.services import SERVICES
from tests.queries.exceptions import EXCEPTED, FEW_DOCUMENTS
from tests.queries.explaining import examples, explain
from tests.queries.many_documents import COUNT, Variation, named_paths
from tests.queries.notes import NotedCollection, NotedQuery, read

pytestmark = pytest.mark.connected

NAMES = {CHASSIS, *(service.name for service in SERVICES)}
NOTED = [each for each in read(Path(os.environ["EXPLAINED_QUERIES"])) if each.service in NAMES]


def indexes_of(collection: NotedCollection) -> list[Index]:
    if collection.service == CHASSIS:
        found: Sequence[Index] = (*SYSTEM_INDEXES, *FILE_INDEXES, *AUDIT_INDEXES)
    else:
        package = next(each.package for each in SERVICES if each.name == collection.service)
        found = import_module(f"{package}.store").INDEXES
    return [each for each in found if each.collection == collection.name]


async def fill(database: Database, collection: NotedCollection) -> list[dict[str, Any]]:
    indexes = indexes_of(collection)
    wheres = [query.where for query in collection.queries]
    sorts = [path for query in collection.queries for path, _ in query.sort]
    documents = Variation(collection.documents, named_paths(wheres, sorts, indexes)).documents()
    await database.ensure_indexes(indexes)
    held = database._database[collection.name]
    try:
        await held.insert_many(documents, ordered=False)
    except BulkWriteError:  # some meet in a unique key
        count = await database.count(collection.name, {})
        if count < COUNT / 4:
            raise
    return documents


async def wastes_of(
    database: Database, collection: NotedCollection, query: NotedQuery, documents: Sequence[dict[str, Any]]
) -> list[str]:
    found: dict[str, None] = {}
    for where in examples(query, documents):
        found |= dict.fromkeys((await explain(database._database, collection, query, where)).wastes(query))
    return [*found]


@pytest.mark.parametrize(
    "collection",
    [each for each in NOTED if (each.service, each.name) not in FEW_DOCUMENTS],
    ids=lambda each: f"{each.service}-{each.name}",
)
async def test_every_query_is_served_by_an_index(collection: NotedCollection, servers: PrivateServers) -> None:
    assert collection.documents, f"no document noted for {[query.place for query in collection.queries]}"
    created = await servers.database("queries")
    database = open_database(created.url, created.name)
    try:
        documents = await fill(database, collection)
        wasteful = [
            f"{query.shape}\n    asked at {query.place}\n    {'; '.join(wastes)}"
            for query in collection.queries
            if (collection.service, collection.name, query.shape) not in EXCEPTED
            and (wastes := await wastes_of(database, collection, query, documents))
        ]
    finally:
        await database.close()
    assert not wasteful, f"{collection.service} {collection.name}:\n" + "\n".join(wasteful)


def test_every_exception_is_still_asked() -> None:
    """Of collections of which any query was noted: a run of one service's tests explains those alone."""
    asked = {(each.service, each.name, query.shape) for each in NOTED for query in each.queries}
    collections = {key[:2] for key in asked}
    assert {key for key in EXCEPTED if key[:2] in collections} <= asked
