"""The unit of work: reads and writes of one message, on top of the changes of earlier messages of its batch."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import NamedTuple, Protocol, TypeAlias

from messages.event import Event

from chassis.handling import Document, Done, Filter, HandlerResult, Refusal, Sort
from chassis.persistence.query import matches, sort_with_id, sorted_by
from chassis.persistence.unreadable import UNVERSIONED, SetAside, raise_unreadable

Key: TypeAlias = tuple[str, str]
"""(collection, identifier)."""

RESERVED = frozenset({"_id", "_version", "_sequence"})


class TrackedDocument(NamedTuple):
    """A document as the batch sees it; ``fields`` is None when it does not exist."""

    version: int
    event_count: int
    fields: Document | None


ABSENT = TrackedDocument(0, 0, None)
Unsaved: TypeAlias = Mapping[Key, TrackedDocument]
"""Documents as a transaction leaves them that is still being saved."""


class Write(NamedTuple):
    """One change of one document; ``expected`` is the version it must still have, 0 for a new one."""

    collection: str
    key: str
    expected: int
    document: Document | None


@dataclass(slots=True)
class ChangeSet:
    """Everything that one transaction saves."""

    inbox: Sequence[Document]
    writes: Sequence[Write]
    outbox: Document | None
    deadline: float = inf
    """By the monotonic clock: a commit begun later is refused as a conflict (``settling.LONGEST_TRANSACTION``)."""


class DocumentReader(Protocol):
    """Loads, finds and counts documents."""

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]: ...

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]: ...

    async def count(self, collection: str, where: Filter) -> int: ...


class DocumentStore(DocumentReader, Protocol):
    """A database; it raises WriteConflictError, DuplicateKeyError, RejectedWriteError or TransientError alone."""

    def snapshot(self) -> AbstractAsyncContextManager[DocumentReader]:
        """Open a reader of one instant, so that no handler sees half of another transaction.

        Reading raises WriteConflictError when that snapshot is no longer available.
        """

    async def commit(self, changes: ChangeSet) -> None:
        """Save all or nothing; raise WriteConflictError for a known inbox row, another version or a late commit."""

    async def insert(self, collection: str, document: Document) -> None:
        """Save one new document durably, outside a transaction; raise WriteConflictError when its ``_id`` exists."""

    async def insert_all(self, collection: str, documents: Sequence[Document]) -> None: ...

    async def remove_all(self, collection: str, where: Filter) -> int: ...


class HandlerOutcome(NamedTuple):
    """Outcome of one message: its numbered events, the reply and a recorded refusal."""

    events: list[Event]
    value: object
    refusal: Refusal | None


class IdentityMap:
    """The identity map of one transaction, shared by its messages. Rebuilt for every retry."""

    def __init__(self, reader: DocumentReader, aggregates: Mapping[str, str], unsaved: Unsaved | None = None) -> None:
        """Whatever is loaded or found is as ``unsaved`` has it.

        A query does not know those changes, and one of these documents written without being read counts as new, so
        that its commit conflicts.
        """
        self.aggregates = aggregates
        self.reader = reader
        self._tracked: dict[str, dict[str, TrackedDocument]] = {}
        self._loaded_versions: dict[Key, int] = {}
        self._assumed_new: set[Key] = set()
        self._changed: dict[Key, TrackedDocument] = {}
        self._unsaved = unsaved or {}

    async def prefetch(self, keys: Iterable[Key]) -> None:
        """Load the documents not loaded yet, one query for each collection."""
        missing: dict[str, dict[str, None]] = {}
        for collection, key in keys:
            if (collection, key) in self._unsaved:
                self._adopt(collection, key, None)
            elif key not in self.loaded_documents(collection):
                missing.setdefault(collection, {})[key] = None
        for collection, ids in missing.items():
            found = {each["_id"]: each for each in await self.reader.load(collection, list(ids))}
            for key in ids:
                self._adopt(collection, key, found.get(key))

    async def track(self, collection: str, key: str) -> TrackedDocument:
        tracked = self.loaded_documents(collection)
        if key not in tracked:
            await self.prefetch([(collection, key)])
        return tracked[key]

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> list[str]:
        """Track the stored documents that match; return their ids."""
        found = await self.reader.find(collection, where, sort, limit)
        for document in found:
            self._adopt(collection, document["_id"], document)
        return [document["_id"] for document in found]

    async def count(self, collection: str, where: Filter) -> int:
        return await self.reader.count(collection, where)

    def loaded_documents(self, collection: str) -> dict[str, TrackedDocument]:
        return self._tracked.setdefault(collection, {})

    def changed_ids(self, collection: str) -> list[str]:
        return [key for (each, key) in self._changed if each == collection]

    @property
    def changed(self) -> Unsaved:
        """The documents as this transaction leaves them."""
        return self._changed

    @property
    def assumed_new(self) -> frozenset[Key]:
        """The documents saved unread. Where one exists its insert conflicts, and the next attempt must load it."""
        return frozenset(self._assumed_new)

    def merge(self, changes: Mapping[Key, TrackedDocument]) -> None:
        """Add the changes of one message; those of a failed message are never merged."""
        for (collection, key), tracked in changes.items():
            if key not in self.loaded_documents(collection):
                self._loaded_versions[collection, key] = 0
                self._assumed_new.add((collection, key))
            self._tracked[collection][key] = tracked
            self._changed[collection, key] = tracked

    def writes(self) -> list[Write]:
        return [
            Write(collection, key, self._loaded_versions[collection, key], _stored_document(key, tracked))
            for (collection, key), tracked in self._changed.items()
            if tracked.fields is not None or self._loaded_versions[collection, key]
        ]

    def _adopt(self, collection: str, key: str, document: Document | None) -> None:
        loaded = self.loaded_documents(collection)
        if key in loaded:
            return
        tracked = self._unsaved.get((collection, key)) or (ABSENT if document is None else _tracked_document(document))
        loaded[key] = ABSENT if tracked.fields is None else tracked
        self._loaded_versions[collection, key] = loaded[key].version


class UnitOfWork:
    """The view and the changes of one message; a service's store works on it."""

    def __init__(self, identity_map: IdentityMap, set_aside: SetAside = raise_unreadable) -> None:
        self._identity_map = identity_map
        self.set_aside = set_aside
        self._saved: dict[Key, Document | None] = {}
        self._changes: dict[Key, TrackedDocument] = {}

    async def fields(self, collection: str, key: str) -> Document | None:
        if (collection, key) in self._saved:
            return self._saved[collection, key]
        return (await self._identity_map.track(collection, key)).fields

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> list[tuple[str, Document]]:
        """Find in the database, corrected by the uncommitted changes of this batch."""
        order = sort_with_id(sort)
        changed = self._changed_ids(collection)
        enlarged = limit + len(changed) if limit else 0
        stored = await self._identity_map.find(collection, where, order, enlarged)
        if not changed:
            return [(key, fields) for key in stored if (fields := await self.fields(collection, key)) is not None]
        matching = sorted_by(await self._matching(collection, dict.fromkeys([*stored, *changed]), where), order)
        return [(each.pop("_id"), each) for each in (matching[:limit] if limit else matching)]

    async def count(self, collection: str, where: Filter) -> int:
        """Count in the database, corrected by the uncommitted changes of this batch."""
        changed = self._changed_ids(collection)
        if not changed:
            return await self._identity_map.count(collection, where)
        unchanged = {"$and": [dict(where), {"_id": {"$nin": list(changed)}}]}
        matching = await self._matching(collection, changed, where)
        return await self._identity_map.count(collection, unchanged) + len(matching)

    def apart(self) -> UnitOfWork:
        """Return a unit on the same reader without these changes, for long reads: whole, so it sets nothing aside."""
        return read_only_unit(self._identity_map.reader)

    def save(self, collection: str, key: str, fields: Document | None) -> None:
        self._saved[collection, key] = fields

    def version(self, collection: str, key: str) -> int:
        tracked = self._identity_map.loaded_documents(collection).get(key, ABSENT)
        return tracked.version + ((collection, key) in self._saved)

    async def finish(self, result: HandlerResult) -> HandlerOutcome:
        """Number the events and return the outcome; the batch sees the changes only after ``flush``.

        A document saved unread counts as new (a query took half of the commit); after a conflict it is loaded.
        """
        done = result if isinstance(result, Done) else Done(result)
        await self._identity_map.prefetch(key for key, fields in self._saved.items() if fields is None)
        changes = {
            (collection, key): _next_version(self._identity_map.loaded_documents(collection).get(key, ABSENT), fields)
            for (collection, key), fields in self._saved.items()
        }
        events = [await self._number(event, changes) for event in done.events]
        for (collection, key), tracked in changes.items():
            if tracked.fields is None and tracked.event_count:
                raise ValueError(f"{collection}/{key} has published events and may not be removed")
        self._changes = changes
        return HandlerOutcome(events, done.value, done.refusal)

    def flush(self) -> None:
        """Merge the changes into the identity map."""
        self._identity_map.merge(self._changes)

    def _changed_ids(self, collection: str) -> dict[str, None]:
        saved = (key for each, key in self._saved if each == collection)
        return dict.fromkeys([*self._identity_map.changed_ids(collection), *saved])

    async def _matching(self, collection: str, keys: Iterable[str], where: Filter) -> list[Document]:
        """Return the documents under ``keys`` that match, each with its ``_id``."""
        loaded = [(key, await self.fields(collection, key)) for key in keys]
        return [
            document
            for key, fields in loaded
            if fields is not None and matches(document := {**fields, "_id": key}, where)
        ]

    async def _number(self, event: Event, changes: dict[Key, TrackedDocument]) -> Event:
        collection = self._identity_map.aggregates.get(event.aggregate)
        if collection is None:
            raise ValueError(f"{event.type} belongs to an aggregate that this service does not store")
        key = (collection, event.subject)
        tracked = changes.get(key) or _next_version(before := await self._identity_map.track(*key), before.fields)
        if tracked.fields is None:
            raise ValueError(f"{event.type} belongs to {key[0]}/{key[1]}, which is not stored")
        changes[key] = tracked._replace(event_count=tracked.event_count + 1)
        return event.model_copy(update={"sequence": tracked.event_count + 1})


HandlerCall: TypeAlias = Callable[[UnitOfWork, datetime], Awaitable[HandlerResult]]
RelatedKeys: TypeAlias = Callable[[UnitOfWork], Awaitable[Iterable[Key]]]
"""Returns further keys to load, by the documents loaded so far."""


def read_only_unit(
    reader: DocumentReader, unsaved: Unsaved | None = None, set_aside: SetAside = raise_unreadable
) -> UnitOfWork:
    """Return a unit of work for reading; saves are discarded."""
    return UnitOfWork(IdentityMap(reader, {}, unsaved), set_aside)


def _tracked_document(document: Document) -> TrackedDocument:
    fields = {name: value for name, value in document.items() if name not in RESERVED}
    return TrackedDocument(document.get("_version", UNVERSIONED), document.get("_sequence", 0), fields)


def _next_version(before: TrackedDocument, fields: Document | None) -> TrackedDocument:
    return TrackedDocument(before.version + 1, before.event_count, fields)


def _stored_document(key: str, tracked: TrackedDocument) -> Document | None:
    if tracked.fields is None:
        return None
    return {"_id": key, "_version": tracked.version, "_sequence": tracked.event_count, **tracked.fields}
