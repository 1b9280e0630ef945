from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from chassis.handling import Document, Sort
from chassis.persistence.errors import DuplicateKeyError, WriteConflictError
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet, DocumentStore, Write

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def notice(key: str, *, v: int = 1, **fields: object) -> Document:
    return {"_id": key, "_version": v, "_sequence": 0, **fields}


def insert(key: str, **fields: object) -> Write:
    return Write("notices", key, 0, {**notice(key), **fields})


async def save(document_store: DocumentStore, *writes: Write) -> None:
    await document_store.commit(ChangeSet([], writes, None))


async def find_keys(
    document_store: DocumentStore, where: dict[str, Any], sort: Sort = (("_id", 1),), limit: int = 0
) -> list[str]:
    found = await document_store.find("notices", where, sort, limit)
    return [each["_id"] for each in found]


async def test_saved_document_is_loaded_unchanged(document_store: DocumentStore) -> None:
    document = notice("a", text="文", number=3, at=NOON, body=b"\x00\xff", parts=[{"x": None}], flag=True)
    await save(document_store, Write("notices", "a", 0, document))

    assert list(await document_store.load("notices", ["a", "missing"])) == [document]


async def test_insert_of_an_existing_document_conflicts_and_saves_nothing(document_store: DocumentStore) -> None:
    await save(document_store, insert("a", count=1))

    with pytest.raises(WriteConflictError):
        await save(document_store, insert("b"), insert("a", count=2))

    assert await find_keys(document_store, {}) == ["a"]


async def test_replacement_of_a_newer_version_conflicts_and_saves_nothing(document_store: DocumentStore) -> None:
    await save(document_store, insert("a"), insert("b"))
    await save(document_store, Write("notices", "a", 1, notice("a", v=2)))

    with pytest.raises(WriteConflictError):
        await save(
            document_store, Write("notices", "b", 1, notice("b", v=2)), Write("notices", "a", 1, notice("a", v=2))
        )

    assert [each["_version"] for each in await document_store.load("notices", ["b"])] == [1]


async def test_removal_of_another_version_conflicts(document_store: DocumentStore) -> None:
    await save(document_store, insert("a"))

    with pytest.raises(WriteConflictError):
        await save(document_store, Write("notices", "a", 7, None))
    await save(document_store, Write("notices", "a", 1, None))

    assert await find_keys(document_store, {}) == []


async def test_known_inbox_row_conflicts_and_saves_nothing(document_store: DocumentStore) -> None:
    await document_store.commit(ChangeSet([{"_id": "notify|1", "at": NOON}], [], None))

    with pytest.raises(WriteConflictError):
        await document_store.commit(ChangeSet([{"_id": "notify|1", "at": NOON}], [insert("a")], None))

    assert await find_keys(document_store, {}) == []


async def test_single_insert_never_replaces_a_document(document_store: DocumentStore) -> None:
    await document_store.insert("notices", notice("a", count=1))

    with pytest.raises(WriteConflictError):
        await document_store.insert("notices", notice("a", count=2))

    assert list(await document_store.load("notices", ["a"])) == [notice("a", count=1)]


async def test_second_document_with_the_same_natural_key_is_a_duplicate(document_store: DocumentStore) -> None:
    await save(document_store, insert("a", label="only one"), insert("b"), insert("c"))

    with pytest.raises(DuplicateKeyError):
        await save(document_store, insert("d", label="only one"))


async def test_reads_of_a_snapshot_show_one_instant(document_store: DocumentStore) -> None:
    await save(document_store, insert("a", count=1), insert("b", count=1), insert("c", count=0))
    async with document_store.snapshot() as seen:
        first = await seen.load("notices", ["a"])
        await save(
            document_store,
            *(Write("notices", key, 1, {"_id": key, "_version": 2, "_sequence": 0, "count": 2}) for key in ("a", "b")),
            insert("d", count=1),
        )
        second = await seen.load("notices", ["b"])
        asked = await seen.find("notices", {"count": {"$gte": 1}}, (("_id", 1),), 0)
        counted = await seen.count("notices", {"count": {"$gte": 1}})

    assert [each["count"] for each in (*first, *second)] == [1, 1]
    assert [(each["_id"], each["count"]) for each in asked] == [("a", 1), ("b", 1)]
    assert counted == 2
    assert await find_keys(document_store, {"count": 2}) == ["a", "b"]


async def test_snapshot_includes_the_latest_commit(document_store: DocumentStore) -> None:
    await save(document_store, insert("a", count=1))
    for version in range(2, 60):
        await save(document_store, Write("notices", "a", version - 1, notice("a", v=version, count=version)))
        async with document_store.snapshot() as seen:
            assert [each["count"] for each in await seen.load("notices", ["a"])] == [version]


async def test_collection_created_after_the_snapshot_conflicts(database: Database) -> None:
    made = f"made_{uuid4().hex}"
    async with database.snapshot() as seen:
        await seen.load("notices", ["a"])
        await database.insert(made, {"_id": "a"})
        with pytest.raises(WriteConflictError):
            await seen.load(made, ["a"])


async def test_outbox_document_gets_an_identifier(document_store: DocumentStore) -> None:
    document: Document = {"events": [], "count": 0, "lease_holder": "t", "sent": False}
    await document_store.commit(ChangeSet([], [insert("a")], document))

    assert document["_id"] is not None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, ["a", "b", "c", "d"]),
        ({"_id": {"$gt": "b"}}, ["c", "d"]),
        ({"count": 2}, ["b", "c"]),
        ({"count": {"$gte": 2, "$lt": 3}}, ["b", "c"]),
        ({"count": {"$in": [1, 9]}}, ["a"]),
        ({"count": {"$nin": [1, 2]}}, ["d"]),
        ({"count": {"$ne": 2}}, ["a", "d"]),
        ({"count": None}, ["d"]),
        ({"count": {"$exists": True}}, ["a", "b", "c"]),
        ({"on": {"$lt": "2026-02-01"}}, ["a"]),
        ({"at": {"$lte": NOON}}, ["c"]),
        ({"tags": "x"}, ["a", "b"]),
        ({"tags": {"$in": ["y"]}}, ["b"]),
        ({"tags": ["x"]}, ["a"]),
        ({"lines.unit": "u2"}, ["c"]),
        ({"lines.0.unit": "u1"}, ["c"]),
        ({"place.code": {"$gt": "150100"}}, ["d"]),
        ({"flag": True}, ["a"]),
        ({"count": {"$gte": ""}}, []),
        ({"on": {"$gt": 1}}, []),
        ({"flag": {"$gte": 0}}, ["b"]),
        ({"flag": {"$gte": False}}, ["a"]),
        ({"$or": [{"count": 1}, {"place.code": "150200"}]}, ["a", "d"]),
        ({"$and": [{"count": 2}, {"tags": "x"}]}, ["b"]),
    ],
)
async def test_query_finds_the_same_documents_in_every_store(
    document_store: DocumentStore, where: dict[str, Any], expected: list[str]
) -> None:
    await save(
        document_store,
        insert("a", count=1, tags=["x"], on="2026-01-31", flag=True),
        insert("b", count=2, tags=["x", "y"], on="2026-02-01", flag=1),
        insert("c", count=2, at=NOON, lines=[{"unit": "u1"}, {"unit": "u2"}]),
        insert("d", place={"code": "150200"}),
    )

    assert await find_keys(document_store, where) == expected
    assert await document_store.count("notices", where) == len(expected)


async def test_sort_and_limit_are_the_same_in_every_store(document_store: DocumentStore) -> None:
    await save(document_store, insert("a", rank=2), insert("b"), insert("c", rank=9), insert("d", rank="x"))

    assert await find_keys(document_store, {}, sort=(("rank", 1), ("_id", 1))) == ["b", "a", "c", "d"]
    assert await find_keys(document_store, {}, sort=(("rank", -1),), limit=2) == ["d", "c"]


async def test_values_of_every_kind_have_the_same_order_in_every_store(document_store: DocumentStore) -> None:
    ranks = {"a": {"x": 2}, "b": {"x": 1}, "e": True, "f": NOON, "g": None, "h": "x", "i": 3, "j": 3, "k": False}
    await save(
        document_store, *(insert(key, rank=rank) for key, rank in ranks.items()), insert("c"), insert("d", rank=None)
    )

    ascending = ["c", "d", "g", "i", "j", "h", "b", "a", "k", "e", "f"]
    descending = ["f", "e", "k", "a", "b", "h", "i", "j", "c", "d", "g"]
    assert await find_keys(document_store, {}, sort=(("rank", 1), ("_id", 1))) == ascending
    assert await find_keys(document_store, {}, sort=(("rank", -1), ("_id", 1))) == descending
