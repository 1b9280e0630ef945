"""Cursor pagination: stable while the list grows, and always within the filter."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
from pydantic import BaseModel, Field

from chassis.handling import Filter, Refusal, Sort
from chassis.observability.metrics import Metrics
from chassis.observability.unreadable import record_unreadable
from chassis.persistence.collections import DocumentCollection, Readable, StoredDocument
from chassis.persistence.query import alternatives, and_filters, ranges_after, sort_values, sort_with_id, sorted_by
from chassis.persistence.unreadable import UnreadableDocumentError

T = TypeVar("T")
V = TypeVar("V")
DEFAULT_LIMIT, MAX_LIMIT = 50, 200
_INSTANT = "$instant"


class Page(BaseModel, Generic[T]):
    """A page of a list; ``next`` is the cursor of the following page, absent on the last one."""

    items: list[T]
    next: str | None = None
    unreadable: list[str] = Field(
        default=[],
        exclude_if=lambda names: not names,
        description="Documents of this page that cannot be read, by id; absent where there are none",
    )

    def map(self, view: Callable[[T], V]) -> Page[V]:
        """Return the page with ``view`` applied to each item."""
        return self.with_items([view(item) for item in self.items])

    def with_items(self, items: list[V], unreadable: Sequence[str] = ()) -> Page[V]:
        """Return the page with other items in place of these; ``unreadable`` names what could not be read for them."""
        return Page(items=items, next=self.next, unreadable=[*self.unreadable, *unreadable])


class PageEntries(NamedTuple, Generic[T]):
    """The entries of a page, the next cursor, and the documents of the page that cannot be read."""

    entries: list[StoredDocument[T]]
    following: str | None
    unreadable: list[UnreadableDocumentError]


def as_page(found: PageEntries[T], metrics: Metrics) -> Page[T]:
    """Return the values found; count and name what cannot be read."""
    unreadable = name_unreadable(found.unreadable, metrics)
    return Page(items=[each.value for each in found.entries], next=found.following, unreadable=unreadable)


def name_unreadable(problems: Iterable[UnreadableDocumentError], metrics: Metrics) -> list[str]:
    """Count documents that cannot be read, and return their ids."""
    found = list(problems)
    for each in found:
        record_unreadable(metrics, each)
    return [each.key for each in found]


async def page(
    sources: Sequence[DocumentCollection[T]], where: Filter, sort: Sort, limit: int, cursor: str | None
) -> PageEntries[T]:
    """Return the entries after ``cursor`` in the order of ``sort`` (ids last), and the next cursor.

    Several sources, which have no id in common, are merged into one list. What cannot be read is left out and named.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Refusal("limit-out-of-range", status=422, title=f"limit must be 1 to {MAX_LIMIT}")
    order = sort_with_id(sort)
    ranges = ranges_after(order, decode_cursor(cursor, len(order))) if cursor else [{}]
    found: list[StoredDocument[T]] = []
    unreadable: dict[str, UnreadableDocumentError] = {}
    for each in ranges:
        readable = await _readable(sources, and_filters(where, each), order, limit + 1 - len(found))
        found += readable.entries
        unreadable |= {problem.key: problem for problem in readable.unreadable}
        if len(found) > limit:
            return PageEntries(found[:limit], encode_cursor(found[limit - 1], order), [*unreadable.values()])
    return PageEntries(found, None, [*unreadable.values()])


async def _readable(sources: Sequence[DocumentCollection[T]], where: Filter, order: Sort, limit: int) -> Readable[T]:
    """Return the first entries; each source and alternative is read in order, from the index that fits it."""
    found = [
        await documents.readable(each, sort=order, limit=limit) for documents in sources for each in alternatives(where)
    ]
    if len(found) == 1:
        return found[0]
    entries = _merge([each.entries for each in found], order)[:limit]
    return Readable(entries, [problem for each in found for problem in each.unreadable])


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
