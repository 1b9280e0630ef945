"""Cursor pagination: stable while the list grows, and always within the filter."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel

from chassis.handling import Filter, Refusal, Sort
from chassis.persistence.collections import DocumentCollection, StoredDocument
from chassis.persistence.query import alternatives, and_filters, ranges_after, sort_values, sort_with_id, sorted_by

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
    order = sort_with_id(sort)
    ranges = ranges_after(order, decode_cursor(cursor, len(order))) if cursor else [{}]
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


def _merge(pages: Sequence[Sequence[StoredDocument[T]]], order: Sort) -> list[StoredDocument[T]]:
    entries = {entry.key: entry for found in pages for entry in found}
    return [entries[each["_id"]] for each in sorted_by([entry.document for entry in entries.values()], order)]


def encode_cursor(entry: StoredDocument[Any], order: Sort) -> str:
    last = sort_values(entry.document, order)
    return base64.urlsafe_b64encode(orjson.dumps(last, default=_as_json, option=_OPTIONS)).decode()


_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return {_INSTANT: value.isoformat()}
    raise TypeError(f"a list cannot be sorted by {type(value).__name__}")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    try:
        return [_value(each) for each in _decode(cursor, length)]
    except (ValueError, TypeError, KeyError, OverflowError):
        raise Refusal("cursor-invalid", status=422, title="This cursor does not belong to this list") from None


def _decode(cursor: str, length: int) -> list[Any]:
    last = orjson.loads(base64.urlsafe_b64decode(cursor.encode()))
    if not isinstance(last, list) or len(last) != length:
        raise ValueError("the cursor of another list")
    return last


def _instant(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant without its zone")
    return at.astimezone(UTC)


def _value(stored: Any) -> object:  # noqa: ANN401 - any content of a cursor is checked here
    if isinstance(stored, dict):
        return _instant(datetime.fromisoformat(stored[_INSTANT]))
    if stored is None or isinstance(stored, str | int | float | bool):
        return stored
    raise ValueError("not a sort value")
