"""Pages: each document once, in order, whatever the filter and the order; each query is one stretch of an index."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from chassis.handling import Document, Filter, Refusal, Sort
from chassis.http.pagination import decode_cursor, page
from chassis.persistence import DocumentCollection
from chassis.persistence.query import alternatives, matches, sorted_by
from chassis.persistence.unit_of_work import ChangeSet, Write, read_only_unit
from devkit.in_memory_store import InMemoryStore
from hypothesis import given
from hypothesis import strategies as st

DOCUMENTS = 60
LIMIT = 7


@dataclass(frozen=True)
class Line:
    group: str
    rank: int | None


class RecordingStore(InMemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Filter] = []

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        self.asked.append(where)
        return await super().find(collection, where, sort, limit)


@pytest.fixture
async def store() -> RecordingStore:
    recording = RecordingStore()
    for number in range(DOCUMENTS):
        fields = {"group": "abc"[number * 7 % 3], "rank": (None, 1, 2, 3)[number * 11 % 4]}
        document: Document = {"_id": f"{number * 37 % 60:03}", "_version": 1, "_sequence": 0, **fields}
        await recording.commit(ChangeSet([], [Write("lines", document["_id"], 0, document)], None))
    return recording


async def read_pages(store: InMemoryStore, where: Filter, sort: Sort) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        lines = DocumentCollection(read_only_unit(store), "lines", Line)
        found, cursor, _ = await page([lines], where, sort, LIMIT, cursor)
        assert len(found) <= LIMIT
        seen += [each.key for each in found]
        if cursor is None:
            return seen


@pytest.mark.parametrize("sort", [(), (("_id", -1),), (("rank", 1),), (("rank", -1),), (("group", -1), ("rank", -1))])
@pytest.mark.parametrize(
    "where",
    [
        {},
        {"group": "a"},
        {"$or": [{"group": "a"}, {"rank": 2}]},
        {"$and": [{"group": {"$in": ["a", "b"]}}, {"$or": [{"group": "b"}, {"rank": None}]}]},
    ],
)
async def test_pages_hold_each_match_once_in_order(store: RecordingStore, where: Filter, sort: Sort) -> None:
    order = [*(each for each in sort if each[0] != "_id"), ("_id", dict(sort).get("_id", 1))]
    every = store.collections["lines"].values()
    expected = [each["_id"] for each in sorted_by((each for each in every if matches(each, where)), order)]

    assert await read_pages(store, where, sort) == expected
    assert not [each for each in store.asked if "$or" in str(each)]


def test_filter_with_too_many_alternatives_stays_whole() -> None:
    either = {"$or": [{"group": "a"}, {"group": "b"}, {"rank": 1}, {"rank": 2}]}
    where = {"$and": [either, either, either]}

    assert alternatives(where) == [where]


INSTANTS = ["2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:00-23:59", "0001-01-01", "", "x"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("$instant") | st.text(max_size=3), inner),
    max_leaves=4,
)


def cursor_of(content: str) -> str:
    return base64.urlsafe_b64encode(content.encode("utf-8", "surrogatepass")).decode()


@pytest.mark.parametrize("instant", INSTANTS)
def test_cursor_with_an_instant_out_of_the_calendar_or_without_a_zone_is_refused(instant: str) -> None:
    with pytest.raises(Refusal, match="cursor-invalid"):
        decode_cursor(cursor_of(json.dumps([{"$instant": instant}, "x"])), 2)


@pytest.mark.parametrize(
    "content", ["[" * 100_000, '{"a":' * 50_000, "5", "null", '{"0":1}', "[1]", "[[],[]]", "\ud800"]
)
def test_cursor_of_another_shape_is_refused(content: str) -> None:
    with pytest.raises(Refusal, match="cursor-invalid"):
        decode_cursor(cursor_of(content), 2)


@given(st.lists(VALUES, min_size=2, max_size=2) | VALUES)
def test_cursor_of_any_content_is_refused_or_holds_values_to_sort_by(content: object) -> None:
    try:
        decoded = decode_cursor(cursor_of(json.dumps(content)), 2)
    except Refusal:
        return
    for value in decoded:
        assert value is None or isinstance(value, bool | int | float | str | datetime)
        assert not isinstance(value, datetime) or value.tzinfo is UTC


@given(st.text())
def test_cursor_of_any_text_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="cursor-invalid"):
        decode_cursor(text, 2)
