"""Cursor pagination: stable while the list grows, and always within the filter."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel

from chassis.handling import Filter, Refusal, Sort
from chassis.persistence.collections import DocumentCollection, StoredDocument
from chassis.persistence.query import sorted_by, values_at
from chassis.security.policies import and_filters

T = TypeVar("T")
V = TypeVar("V")
DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MAX_ALTERNATIVES = 12
_INSTANT = "$instant"


class Page(BaseModel, Generic[T]):
    """A page of a list; ``next`` is the cursor of the following page, absent on the last one."""

    items: list[T]
    next: str | None = None

    def map(self, view: Callable[[T], V]) -> Page[V]:
        """Return the page with ``view`` applied to each item."""
        return Page(items=[view(item) for item in self.items], next=self.next)


async def page(
    sources: Sequence[DocumentCollection[T]], where: Filter, sort: Sort, limit: int, cursor: str | None
) -> tuple[list[StoredDocument[T]], str | None]:
    """Return the entries after ``cursor`` in the order of ``sort`` (ids last), and the next cursor.

    Several sources, which have no id in common, are merged into one list.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Refusal("limit-out-of-range", status=422, title=f"limit must be 1 to {MAX_LIMIT}")
    order = [each for each in sort if each[0] != "_id"] + [("_id", dict(sort).get("_id", 1))]
    ranges = _ranges_after(order, decode_cursor(cursor, len(order))) if cursor else [{}]
    found: list[StoredDocument[T]] = []
    for each in ranges:
        found += await _entries(sources, and_filters(where, each), order, limit + 1 - len(found))
        if len(found) > limit:
            return found[:limit], encode_cursor(found[limit - 1], order)
    return found, None


async def _entries(
    sources: Sequence[DocumentCollection[T]], where: Filter, order: Sort, limit: int
) -> list[StoredDocument[T]]:
    """Return the first entries; each source and alternative is read in order, from the index that fits it."""
    pages = [
        await documents.entries(each, sort=order, limit=limit) for documents in sources for each in alternatives(where)
    ]
    return pages[0] if len(pages) == 1 else _merge(pages, order)[:limit]


def alternatives(where: Filter) -> list[Filter]:
    """Return filters without ``$or`` that together match the same; the filter itself where these would be many.

    The database reads each from an index in order; the whole it may have to sort in memory.
    """
    joined: list[Filter] = [{}]
    for clause in _clauses(where):
        options = [option for each in clause["$or"] for option in alternatives(each)] if "$or" in clause else [clause]
        joined = [and_filters(one, option) for one in joined for option in options]
    return joined if len(joined) <= MAX_ALTERNATIVES else [where]


def _clauses(where: Filter) -> Iterator[Mapping[str, Any]]:
    for path, operand in where.items():
        if path == "$and" and isinstance(operand, Sequence):
            yield from (clause for each in operand for clause in _clauses(each))
        else:
            yield {path: operand}


def _merge(pages: Sequence[Sequence[StoredDocument[T]]], order: Sort) -> list[StoredDocument[T]]:
    entries = {entry.key: entry for found in pages for entry in found}
    return [entries[each["_id"]] for each in sorted_by([_document(entry) for entry in entries.values()], order)]


def _document(entry: StoredDocument[Any]) -> dict[str, Any]:
    return {**entry.fields, "_id": entry.key}


def _ranges_after(order: Sort, last: list[Any]) -> list[Filter]:
    """Return the ranges of documents after the values ``last``, in ``order``; an absent value sorts first.

    One range after the other, not all in one ``$or``: each is a stretch of the index, and a page reads no more than it
    shows, however far it lies from the first.
    """
    return [
        and_filters({earlier: last[i] for i, (earlier, _) in enumerate(order[:position])}, beyond)
        for position, (path, direction) in reversed(list(enumerate(order)))
        for beyond in _beyond(path, direction, last[position])
    ]


def _beyond(path: str, direction: int, last: object) -> list[Filter]:
    if direction > 0:
        return [{path: {"$ne": None} if last is None else {"$gt": last}}]
    return [] if last is None else [{path: {"$lt": last}}, {path: None}]


def encode_cursor(entry: StoredDocument[Any], order: Sort) -> str:
    last = [next(iter(values_at(_document(entry), path)), None) for path, _ in order]
    return base64.urlsafe_b64encode(orjson.dumps(last, default=_as_json, option=_OPTIONS)).decode()


_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return {_INSTANT: value.isoformat()}
    raise TypeError(f"a list cannot be sorted by {type(value).__name__}")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    try:
        return [_value(each) for each in _decode(cursor, length)]
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise Refusal("cursor-invalid", status=422, title="This cursor does not belong to this list") from None


def _decode(cursor: str, length: int) -> list[Any]:
    last = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    if not isinstance(last, list) or len(last) != length:
        raise ValueError("the cursor of another list")
    return last


def _value(stored: Any) -> object:  # noqa: ANN401 - any content of a cursor is checked here
    if isinstance(stored, dict):
        return datetime.fromisoformat(stored[_INSTANT])
    if stored is None or isinstance(stored, str | int | float | bool):
        return stored
    raise ValueError("not a sort value")
