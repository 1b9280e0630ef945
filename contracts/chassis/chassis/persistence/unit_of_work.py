"""The unit of work: what one message reads and writes, seen on top of what its batch has done before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from messages.event import Event

from chassis.handling import Document, Done, Filter, HandlerResult, Refusal, Sort
from chassis.persistence.query import matches, sorted_by

Key: TypeAlias = tuple[str, str]
"""(collection, identifier)."""

RESERVED = frozenset({"_id", "_version", "_sequence"})


class TrackedDocument(NamedTuple):
    """A document as the batch sees it; ``fields`` is None when there is none."""

    version: int
    event_count: int
    fields: Document | None


ABSENT = TrackedDocument(0, 0, None)


class Write(NamedTuple):
    """One change of one document; ``expected`` is the version it must still have, 0 for none."""

    collection: str
    key: str
    expected: int
    document: Document | None


@dataclass(slots=True)
class ChangeSet:
    """All that one transaction saves."""

    inbox: Sequence[Document]
    writes: Sequence[Write]
    outbox: Document | None


class WriteConflictError(Exception):
    """Another transaction was faster; load again and try again."""


class DuplicateKeyError(WriteConflictError):
    """A unique key of the service is held by another document."""


class RejectedWriteError(Exception):
    """The database will not take this commit as it stands: one of its documents is at fault."""


class UnstorableValueError(RejectedWriteError):
    """A number that no document can hold was asked for, or was to be saved."""


class DocumentReader(Protocol):
    """Reads documents."""

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]: ...

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]: ...

    async def count(self, collection: str, where: Filter) -> int: ...


class DocumentStore(DocumentReader, Protocol):
    """Where documents are kept.

    Driver errors come out as WriteConflictError, DuplicateKeyError, RejectedWriteError or TransientError, nothing
    else.
    """

    def snapshot(self) -> AbstractAsyncContextManager[DocumentReader]:
        """Read all as it was at one instant, so that no decision rests on half of what another has saved.

        Reading raises WriteConflictError when that instant is gone.
        """

    async def commit(self, commit: ChangeSet) -> None:
        """Save all or nothing, durably; raises WriteConflictError when an inbox row is known or a version has moved."""

    async def insert(self, collection: str, document: Document) -> None:
        """Save one new document, durably and by itself; raises WriteConflictError when its ``_id`` is stored."""


class HandlerOutcome(NamedTuple):
    """Outcome of one message: its numbered events, the reply and a recorded refusal."""

    events: list[Event]
    value: object
    refusal: Refusal | None


class IdentityMap:
    """The identity map shared by the messages of one transaction. Made anew for every attempt."""

    def __init__(self, seen: DocumentReader, aggregates: Mapping[str, str]) -> None:
        self.aggregates = aggregates
        self._seen = seen
        self._records: dict[str, dict[str, TrackedDocument]] = {}
        self._loaded: dict[Key, int] = {}
        self._changed: dict[Key, TrackedDocument] = {}

    async def prefetch(self, keys: Iterable[Key]) -> None:
        """Load what is not known yet, one query per collection."""
        wanted: dict[str, dict[str, None]] = {}
        for collection, key in keys:
            if key not in self.loaded_ids(collection):
                wanted.setdefault(collection, {})[key] = None
        for collection, missing in wanted.items():
            found = {each["_id"]: each for each in await self._seen.load(collection, list(missing))}
            for key in missing:
                self._adopt(collection, key, found.get(key))

    async def record(self, collection: str, key: str) -> TrackedDocument:
        known = self.loaded_ids(collection)
        if key not in known:
            await self.prefetch([(collection, key)])
        return known[key]

    async def search(self, collection: str, where: Filter, sort: Sort, limit: int) -> list[str]:
        """Load what the database holds for a question; return the identifiers."""
        found = await self._seen.find(collection, where, sort, limit)
        for document in found:
            self._adopt(collection, document["_id"], document)
        return [document["_id"] for document in found]

    async def count(self, collection: str, where: Filter) -> int:
        return await self._seen.count(collection, where)

    def loaded_ids(self, collection: str) -> dict[str, TrackedDocument]:
        return self._records.setdefault(collection, {})

    def changed_documents(self, collection: str) -> list[str]:
        return [key for (each, key) in self._changed if each == collection]

    def merge(self, changes: Mapping[Key, TrackedDocument]) -> None:
        """Take over what one message did; nothing of a message that failed gets here."""
        for (collection, key), record in changes.items():
            self._records[collection][key] = record
            self._changed[collection, key] = record

    def writes(self) -> list[Write]:
        return [
            Write(collection, key, self._loaded[collection, key], _document(key, record))
            for (collection, key), record in self._changed.items()
            if record.fields is not None or self._loaded[collection, key]
        ]

    def _adopt(self, collection: str, key: str, document: Document | None) -> None:
        known = self.loaded_ids(collection)
        if key in known:
            return
        record = ABSENT if document is None else _record(document)
        known[key] = record
        self._loaded[collection, key] = record.version


class UnitOfWork:
    """One message's view and changes; given to the service's store."""

    def __init__(self, batch: IdentityMap) -> None:
        self._batch = batch
        self._saved: dict[Key, Document | None] = {}
        self._changes: dict[Key, TrackedDocument] = {}

    async def fields(self, collection: str, key: str) -> Document | None:
        if (collection, key) in self._saved:
            return self._saved[collection, key]
        return (await self._batch.record(collection, key)).fields

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> list[tuple[str, Document]]:
        """Answer from the database, corrected by what this batch has changed and not committed yet."""
        order = (*sort, ("_id", 1))
        moved = self._moved(collection)
        asked = limit + len(moved) if limit else 0
        stored = await self._batch.search(collection, where, order, asked)
        if not moved:
            return [(key, fields) for key in stored if (fields := await self.fields(collection, key)) is not None]
        kept = sorted_by(await self._matching(collection, dict.fromkeys([*stored, *moved]), where), order)
        return [(each.pop("_id"), each) for each in (kept[:limit] if limit else kept)]

    async def count(self, collection: str, where: Filter) -> int:
        """Count in the database, corrected by what this batch has changed and not committed yet."""
        moved = self._moved(collection)
        if not moved:
            return await self._batch.count(collection, where)
        settled = {"$and": [dict(where), {"_id": {"$nin": list(moved)}}]}
        return await self._batch.count(collection, settled) + len(await self._matching(collection, moved, where))

    def save(self, collection: str, key: str, fields: Document | None) -> None:
        self._saved[collection, key] = fields

    def version(self, collection: str, key: str) -> int:
        record = self._batch.loaded_ids(collection).get(key, ABSENT)
        return record.version + ((collection, key) in self._saved)

    async def finish(self, result: HandlerResult) -> HandlerOutcome:
        """Number the events and return what the message came to; the batch does not know of it before ``keep``."""
        done = result if isinstance(result, Done) else Done(result)
        await self._batch.prefetch(self._saved)  # one question for all that was saved without being read
        changes = {
            (collection, key): _changed(await self._batch.record(collection, key), fields)
            for (collection, key), fields in self._saved.items()
        }
        events = [await self._number(event, changes) for event in done.events]
        for (collection, key), record in changes.items():
            if record.fields is None and record.event_count:
                raise ValueError(f"{collection}/{key} has said events and may not be removed")
        self._changes = changes
        return HandlerOutcome(events, done.value, done.refusal)

    def flush(self) -> None:
        """Hand the changes to the batch."""
        self._batch.merge(self._changes)

    def _moved(self, collection: str) -> dict[str, None]:
        saved = (key for each, key in self._saved if each == collection)
        return dict.fromkeys([*self._batch.changed_documents(collection), *saved])

    async def _matching(self, collection: str, keys: Iterable[str], where: Filter) -> list[Document]:
        """Give what this unit sees under ``keys``, each with its ``_id``, as far as it matches."""
        seen = [(key, await self.fields(collection, key)) for key in keys]
        return [
            document
            for key, fields in seen
            if fields is not None and matches(document := {**fields, "_id": key}, where)
        ]

    async def _number(self, event: Event, changes: dict[Key, TrackedDocument]) -> Event:
        collection = self._batch.aggregates.get(event.aggregate)
        if collection is None:
            raise ValueError(f"{event.type} is said of an aggregate this service does not keep")
        key = (collection, event.subject)
        record = changes.get(key) or _touched(await self._batch.record(*key))
        if record.fields is None:
            raise ValueError(f"{event.type} is said of {key[0]}/{key[1]}, which is not stored")
        changes[key] = record._replace(event_count=record.event_count + 1)
        return event.model_copy(update={"sequence": record.event_count + 1})


HandlerCall: TypeAlias = Callable[[UnitOfWork, datetime], Awaitable[HandlerResult]]
RelatedKeys: TypeAlias = Callable[[UnitOfWork], Awaitable[Iterable[Key]]]
"""Names more to load, by what has been loaded."""


def read_only_unit(seen: DocumentReader) -> UnitOfWork:
    """Give a unit for reading only: nothing saved on it goes anywhere."""
    return UnitOfWork(IdentityMap(seen, {}))


def _record(document: Document) -> TrackedDocument:
    fields = {name: value for name, value in document.items() if name not in RESERVED}
    return TrackedDocument(document["_version"], document["_sequence"], fields)


def _changed(before: TrackedDocument, fields: Document | None) -> TrackedDocument:
    return TrackedDocument(before.version + 1, before.event_count, fields)


def _touched(before: TrackedDocument) -> TrackedDocument:
    return before._replace(version=before.version + 1)


def _document(key: str, record: TrackedDocument) -> Document | None:
    if record.fields is None:
        return None
    return {"_id": key, "_version": record.version, "_sequence": record.event_count, **record.fields}
