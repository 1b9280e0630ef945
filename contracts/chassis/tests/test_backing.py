from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from chassis.handling import Sort
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import (
    ChangeSet,
    Document,
    DocumentStore,
    DuplicateKeyError,
    Write,
    WriteConflictError,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def notice(key: str, *, v: int = 1, **fields: object) -> Document:
    return {"_id": key, "v": v, "n": 0, **fields}


def insert(key: str, **fields: object) -> Write:
    return Write("notices", key, 0, {**notice(key), **fields})


async def saved(backing: DocumentStore, *writes: Write) -> None:
    await backing.commit(ChangeSet([], writes, None))


async def keys(backing: DocumentStore, where: dict[str, Any], sort: Sort = (("_id", 1),), limit: int = 0) -> list[str]:
    found = await backing.find("notices", where, sort, limit)
    return [each["_id"] for each in found]


async def test_what_is_saved_is_loaded_as_it_was(backing: DocumentStore) -> None:
    document = notice("a", text="文", number=3, at=NOON, body=b"\x00\xff", parts=[{"x": None}], flag=True)
    await saved(backing, Write("notices", "a", 0, document))

    assert list(await backing.load("notices", ["a", "missing"])) == [document]


async def test_an_insert_of_what_is_stored_is_a_conflict_and_saves_nothing(backing: DocumentStore) -> None:
    await saved(backing, insert("a", count=1))

    with pytest.raises(WriteConflictError):
        await saved(backing, insert("b"), insert("a", count=2))

    assert await keys(backing, {}) == ["a"]


async def test_a_replacement_of_a_moved_version_is_a_conflict_and_saves_nothing(backing: DocumentStore) -> None:
    await saved(backing, insert("a"), insert("b"))
    await saved(backing, Write("notices", "a", 1, notice("a", v=2)))

    with pytest.raises(WriteConflictError):
        await saved(backing, Write("notices", "b", 1, notice("b", v=2)), Write("notices", "a", 1, notice("a", v=2)))

    assert [each["v"] for each in await backing.load("notices", ["b"])] == [1]


async def test_a_removal_needs_the_version_too(backing: DocumentStore) -> None:
    await saved(backing, insert("a"))

    with pytest.raises(WriteConflictError):
        await saved(backing, Write("notices", "a", 7, None))
    await saved(backing, Write("notices", "a", 1, None))

    assert await keys(backing, {}) == []


async def test_a_known_inbox_row_is_a_conflict_and_saves_nothing(backing: DocumentStore) -> None:
    await backing.commit(ChangeSet([{"_id": "notify|1", "at": NOON}], [], None))

    with pytest.raises(WriteConflictError):
        await backing.commit(ChangeSet([{"_id": "notify|1", "at": NOON}], [insert("a")], None))

    assert await keys(backing, {}) == []


async def test_a_document_inserted_by_itself_is_kept_and_never_replaced(backing: DocumentStore) -> None:
    await backing.insert("notices", notice("a", count=1))

    with pytest.raises(WriteConflictError):
        await backing.insert("notices", notice("a", count=2))

    assert list(await backing.load("notices", ["a"])) == [notice("a", count=1)]


async def test_a_natural_key_is_held_by_one_document(backing: DocumentStore) -> None:
    await saved(backing, insert("a", label="only one"), insert("b"), insert("c"))

    with pytest.raises(DuplicateKeyError):
        await saved(backing, insert("d", label="only one"))


async def test_all_that_is_read_in_a_snapshot_was_so_at_one_instant(backing: DocumentStore) -> None:
    await saved(backing, insert("a", count=1), insert("b", count=1), insert("c", count=0))
    async with backing.snapshot() as seen:
        first = await seen.load("notices", ["a"])
        await saved(
            backing,
            *(Write("notices", key, 1, {"_id": key, "v": 2, "n": 0, "count": 2}) for key in ("a", "b")),
            insert("d", count=1),
        )
        second = await seen.load("notices", ["b"])
        asked = await seen.find("notices", {"count": {"$gte": 1}}, (("_id", 1),), 0)
        counted = await seen.count("notices", {"count": {"$gte": 1}})

    assert [each["count"] for each in (*first, *second)] == [1, 1]
    assert [(each["_id"], each["count"]) for each in asked] == [("a", 1), ("b", 1)]
    assert counted == 2
    assert await keys(backing, {"count": 2}) == ["a", "b"]


async def test_a_snapshot_shows_what_was_committed_just_before(backing: DocumentStore) -> None:
    await saved(backing, insert("a", count=1))
    for version in range(2, 60):
        await saved(backing, Write("notices", "a", version - 1, notice("a", v=version, count=version)))
        async with backing.snapshot() as seen:
            assert [each["count"] for each in await seen.load("notices", ["a"])] == [version]


async def test_a_collection_made_after_the_instant_is_a_conflict(database: Database) -> None:
    made = f"made_{uuid4().hex}"
    async with database.snapshot() as seen:
        await seen.load("notices", ["a"])
        await database.insert(made, {"_id": "a"})
        with pytest.raises(WriteConflictError):
            await seen.load(made, ["a"])


async def test_an_outbox_document_gets_an_identifier(backing: DocumentStore) -> None:
    document: Document = {"events": [], "count": 0, "token": "t", "sent": False}
    await backing.commit(ChangeSet([], [insert("a")], document))

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
        ({"$or": [{"count": 1}, {"place.code": "150200"}]}, ["a", "d"]),
        ({"$and": [{"count": 2}, {"tags": "x"}]}, ["b"]),
    ],
)
async def test_questions_are_answered_alike(backing: DocumentStore, where: dict[str, Any], expected: list[str]) -> None:
    await saved(
        backing,
        insert("a", count=1, tags=["x"], on="2026-01-31", flag=True),
        insert("b", count=2, tags=["x", "y"], on="2026-02-01", flag=1),
        insert("c", count=2, at=NOON, lines=[{"unit": "u1"}, {"unit": "u2"}]),
        insert("d", place={"code": "150200"}),
    )

    assert await keys(backing, where) == expected
    assert await backing.count("notices", where) == len(expected)


async def test_order_and_limit_are_alike(backing: DocumentStore) -> None:
    await saved(backing, insert("a", rank=2), insert("b"), insert("c", rank=9), insert("d", rank="x"))

    assert await keys(backing, {}, sort=(("rank", 1), ("_id", 1))) == ["b", "a", "c", "d"]
    assert await keys(backing, {}, sort=(("rank", -1),), limit=2) == ["d", "c"]
