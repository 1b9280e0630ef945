"""Parts of a service's store.py: typed collections on a unit of work, and their indexes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from chassis.handling import Document, Filter, Refusal, Sort
from chassis.persistence.codec import codec, to_bson
from chassis.persistence.query import and_filters, ranges_after, sort_values, sort_with_id
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.persistence.unreadable import UNVERSIONED, UnreadableDocumentError, faults_of
from chassis.tasks import TimeSlice

T = TypeVar("T")
PAGE_SIZE = 500
MAX_UNREADABLE = 1000
"""Unreadable documents that a limited query looks behind, so that they do not fill its page."""


class Index(NamedTuple):
    """An index for a service's queries, or a natural key."""

    collection: str
    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    ttl_seconds: int | None = None
    partial: Mapping[str, object] | None = None


class StoredDocument(NamedTuple, Generic[T]):
    """A document found by a query: its value, and the fields that pagination needs."""

    key: str
    version: int
    value: T
    fields: Document

    @property
    def document(self) -> Document:
        """The fields with the id, as a query sees them."""
        return {**self.fields, "_id": self.key}


class Readable(NamedTuple, Generic[T]):
    """Result of a query: the documents that can be read, in order, and those that cannot."""

    entries: list[StoredDocument[T]]
    unreadable: list[UnreadableDocumentError]


class DocumentCollection(Generic[T]):
    """One collection of a service as values of one type (a frozen dataclass or a pydantic model)."""

    def __init__(self, unit: UnitOfWork, collection: str, type_: type[T]) -> None:
        self._unit = unit
        self._collection = collection
        self._type = type_
        self._codec = codec(type_)

    @property
    def collection(self) -> str:
        """Return the name of the collection in the database."""
        return self._collection

    async def get(self, key: str, /) -> T | None:
        fields = await self._unit.fields(self._collection, key)
        return None if fields is None else self._load(key, fields)

    async def require(self, key: str, /) -> T:
        value = await self.get(key)
        if value is None:
            raise Refusal("not-found", status=404)
        return value

    async def find(self, where: Filter | None = None, *, sort: Sort = (), limit: int = 0) -> list[T]:
        return [each.value for each in await self.entries(where, sort=sort, limit=limit)]

    async def entries(self, where: Filter | None = None, *, sort: Sort = (), limit: int = 0) -> list[StoredDocument[T]]:
        """Return what matches; raise UnreadableDocumentError, unless the unit of work sets such documents aside."""
        found = await self.readable(where, sort=sort, limit=limit)
        for each in found.unreadable:
            self._unit.set_aside(each)
        return found.entries

    async def readable(self, where: Filter | None = None, *, sort: Sort = (), limit: int = 0) -> Readable[T]:
        """Return what matches and can be read, up to ``limit``, and apart from it what cannot."""
        wanted = limit
        while True:
            stored = await self._unit.find(self._collection, to_bson(where or {}), sort, wanted)
            found = await self._readable(stored)
            cut = limit and len(stored) == wanted
            if not cut or len(found.entries) >= limit or len(found.unreadable) > MAX_UNREADABLE:
                return found._replace(entries=found.entries[:limit] if limit else found.entries)
            wanted = limit + len(found.unreadable)

    async def _readable(self, stored: Sequence[tuple[str, Document]]) -> Readable[T]:
        found = Readable[T]([], [])
        time_slice = TimeSlice()
        for key, fields in stored:
            try:
                found.entries.append(StoredDocument(key, self.version(key), self._load(key, fields), fields))
            except UnreadableDocumentError as problem:
                found.unreadable.append(problem)
            await time_slice.give_way()
        return found

    def _load(self, key: str, fields: Document) -> T:
        """Return the value of a document; the error does not chain its cause, whose text holds the values."""
        if self.version(key) == UNVERSIONED:
            raise UnreadableDocumentError(self._collection, key, "it has no version")
        try:
            return self._codec.load(fields)
        except ValidationError as problem:
            raise UnreadableDocumentError(self._collection, key, faults_of(problem)) from None

    async def pages(
        self, where: Filter | None = None, *, sort: Sort = (), size: int = PAGE_SIZE
    ) -> AsyncIterator[list[T]]:
        """Return everything that matches, ``size`` values at a time: for exports and long acts.

        Each page is a query of its own after the last value of the page before, so that no cursor stays open and memory
        stays flat. It sees what is committed by then, and nothing that this unit of work has not committed. The paths
        of ``sort`` hold a value in every document.
        """
        order = sort_with_id(sort)
        ranges: list[Filter] = [{}]
        while True:
            found: list[StoredDocument[T]] = []
            stored = DocumentCollection(self._unit.apart(), self._collection, self._type)
            for each in ranges:
                found += await stored.entries(and_filters(where or {}, each), sort=order, limit=size - len(found))
                if len(found) == size:
                    break
            if found:
                yield [entry.value for entry in found]
            if len(found) < size:
                return
            ranges = ranges_after(order, sort_values(found[-1].document, order))

    async def count(self, where: Filter | None = None) -> int:
        return await self._unit.count(self._collection, to_bson(where or {}))

    def save(self, key: str, value: T, /) -> None:
        self._unit.save(self._collection, key, self._codec.dump(value))

    def remove(self, key: str, /) -> None:
        self._unit.save(self._collection, key, None)

    def version(self, key: str, /) -> int:
        return self._unit.version(self._collection, key)
