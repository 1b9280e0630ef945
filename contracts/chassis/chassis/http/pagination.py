"""Cursor pagination: stable while the list grows, and always within the filter."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
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
    remaining = and_filters(where, _after_cursor(order, decode_cursor(cursor, len(order)))) if cursor else where
    pages = [await documents.entries(remaining, sort=order, limit=limit + 1) for documents in sources]
    found = pages[0] if len(pages) == 1 else _merge(pages, order)
    cursor = encode_cursor(found[limit - 1], order) if len(found) > limit else None
    return found[:limit], cursor


def _merge(pages: Sequence[Sequence[StoredDocument[T]]], order: Sort) -> list[StoredDocument[T]]:
    entries = {entry.key: entry for found in pages for entry in found}
    return [entries[each["_id"]] for each in sorted_by([_document(entry) for entry in entries.values()], order)]


def _document(entry: StoredDocument[Any]) -> dict[str, Any]:
    return {**entry.fields, "_id": entry.key}


def _after_cursor(order: Sort, last: list[Any]) -> Filter:
    """Return the filter of documents after the values ``last`` in ``order``; an absent value sorts first."""
    alternatives: list[dict[str, object]] = []
    for position, (path, direction) in enumerate(order):
        after = _after_cursor_on(path, direction, last[position])
        if after is not None:
            same = [{earlier: last[i]} for i, (earlier, _) in enumerate(order[:position])]
            alternatives.append({"$and": [*same, after]})
    return {"$or": alternatives}


def _after_cursor_on(path: str, direction: int, last: object) -> dict[str, object] | None:
    if last is None:
        return {path: {"$ne": None}} if direction > 0 else None
    if direction > 0:
        return {path: {"$gt": last}}
    return {"$or": [{path: {"$lt": last}}, {path: None}]}


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
