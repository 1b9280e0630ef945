"""A service's own user in the database: reads, adds, changes what may change, and can destroy or rewrite nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from bson import ObjectId
from chassis.persistence.mongo import Database, open_database
from chassis.persistence.mongo.preparation import UnpreparedDatabaseError
from chassis.runtime.layout import DatabaseLayout
from devkit.private_servers import PASSWORD, PrivateServers
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import OperationFailure

from deploy.generate import database_roles
from deploy.services import SERVICES, Service

pytestmark = pytest.mark.connected

UNAUTHORIZED = 13


@dataclass
class Prepared:
    """A service's database as the setup leaves it, seen by the service's user at run time."""

    layout: DatabaseLayout
    name: str
    url: str
    admin: AsyncDatabase[dict[str, Any]]
    own: AsyncDatabase[dict[str, Any]]

    async def is_refused(self, command: dict[str, Any]) -> bool:
        try:
            await self.own.command(command)
        except OperationFailure as problem:
            return problem.code == UNAUTHORIZED
        return False


@pytest.fixture(params=SERVICES, ids=lambda each: each.name)
async def prepared(request: pytest.FixtureRequest, servers: PrivateServers) -> AsyncIterator[Prepared]:
    service: Service = request.param
    name, mongod = f"{service.database}_{uuid4().hex[:8]}", servers.mongod
    layout = DatabaseLayout.of_package(service.package)
    await mongod.add_user(name, "runtime", PASSWORD, layout.role("runtime", name))
    url = mongod.url("runtime", PASSWORD, name)
    clients = [AsyncMongoClient[dict[str, Any]](each) for each in (mongod.admin_url, url)]
    await _prepare(mongod.admin_url, name, layout)
    yield Prepared(layout, name, url, clients[0][name], clients[1][name])
    for each in clients:
        await each.close()
    await mongod.remove_database(name)


async def _prepare(url: str, name: str, layout: DatabaseLayout) -> None:
    database: Database = open_database(url, name, "pymongo")
    try:
        await database.prepare(layout.collections, layout.indexes)
    finally:
        await database.close()


async def test_no_collection_can_be_dropped_emptied_of_indexes_renamed_or_made(prepared: Prepared) -> None:
    allowed = []
    for each in prepared.layout.collections:
        index = {"key": {"x": 1}, "name": "x_1"}
        commands: list[dict[str, Any]] = [
            {"drop": each},
            {"createIndexes": each, "indexes": [index]},
            {"dropIndexes": each, "index": "*"},
            {"collMod": each, "validator": {}},
            {"convertToCapped": each, "size": 4096},
            {"aggregate": each, "pipeline": [{"$out": "elsewhere"}], "cursor": {}},
        ]
        allowed += [(each, next(iter(command))) for command in commands if not await prepared.is_refused(command)]
    others: list[dict[str, Any]] = [
        {"dropDatabase": 1},
        {"create": "new"},
        {"insert": "new", "documents": [{}]},
        {"createUser": "other", "pwd": "x", "roles": []},
        {"grantRolesToUser": "runtime", "roles": ["dbOwner"]},
        {"updateRole": "runtime", "privileges": [], "roles": ["dbOwner"]},
    ]
    allowed += [("", next(iter(command))) for command in others if not await prepared.is_refused(command)]

    assert allowed == []


async def test_what_is_added_to_can_be_neither_changed_nor_removed(prepared: Prepared) -> None:
    assert len(prepared.layout.append_only) >= 3
    allowed = []
    for each in sorted(prepared.layout.append_only):
        added = {"_id": ObjectId(), "n": 1}
        await prepared.own[each].insert_one(added)
        chosen = {"_id": added["_id"]}
        commands: list[dict[str, Any]] = [
            {"update": each, "updates": [{"q": chosen, "u": {"$set": {"n": 2}}}]},
            {"update": each, "updates": [{"q": chosen, "u": {"n": 2}}]},
            {"findAndModify": each, "query": chosen, "update": {"$set": {"n": 2}}},
            {"findAndModify": each, "query": chosen, "remove": True},
            {"delete": each, "deletes": [{"q": {}, "limit": 0}]},
        ]
        allowed += [(each, next(iter(command))) for command in commands if not await prepared.is_refused(command)]

        assert await prepared.own[each].find_one(chosen) == added

    assert allowed == []


async def test_everything_else_can_be_read_and_changed(prepared: Prepared) -> None:
    for each in prepared.layout.collections:
        if each not in prepared.layout.append_only:
            row = ObjectId()
            await prepared.own[each].insert_one({"_id": row, **_filled(prepared.layout, each)})
            assert (await prepared.own[each].update_one({"_id": row}, {"$set": {"n": 2}})).modified_count == 1
            assert (await prepared.own[each].delete_one({"_id": row})).deleted_count == 1


def _filled(layout: DatabaseLayout, collection: str) -> dict[str, Any]:
    """Return a value for each plain field of the unique indexes, so that no two empty rows meet."""
    unique = [each for each in layout.indexes if each.collection == collection and each.unique]
    return {path: uuid4().hex for each in unique for path, _ in each.keys if "." not in path}


async def test_no_query_runs_a_program(prepared: Prepared) -> None:
    collection = next(each for each in prepared.layout.collections if each not in prepared.layout.append_only)
    body = "function() { return true; }"
    program = {"$function": {"body": body, "args": [], "lang": "js"}}
    await prepared.own[collection].insert_one({"_id": ObjectId(), **_filled(prepared.layout, collection)})

    for command in (
        {"find": collection, "filter": {"$where": body}},
        {"find": collection, "filter": {"$expr": program}},
        {"aggregate": collection, "pipeline": [{"$addFields": {"x": program}}], "cursor": {}},
        {"mapReduce": collection, "map": body, "reduce": body, "out": {"inline": 1}},
    ):
        with pytest.raises(OperationFailure) as refused:
            await prepared.admin.command(command)
        assert "script" in str(refused.value).lower(), refused.value


async def test_a_process_starts_on_a_prepared_database_and_says_what_is_missing_on_another(prepared: Prepared) -> None:
    await _prepare(prepared.url, prepared.name, prepared.layout)

    indexed = next(each for each in prepared.layout.indexes if not each.collection.startswith("fs."))
    await prepared.admin[indexed.collection].drop_index(list(indexed.keys))
    with pytest.raises(UnpreparedDatabaseError, match=f"{indexed.collection} or an index of it is missing"):
        await _prepare(prepared.url, prepared.name, prepared.layout)

    await prepared.admin[indexed.collection].drop()
    with pytest.raises(UnpreparedDatabaseError, match="database setup"):
        await _prepare(prepared.url, prepared.name, prepared.layout)


def test_the_committed_configuration_turns_javascript_off() -> None:
    assert "javascriptEnabled: false" in database_roles.CONFIGURATION
    assert "requireTLS" in database_roles.CONFIGURATION
