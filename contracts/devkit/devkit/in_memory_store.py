"""An in-memory document store that passes the same tests as MongoDB's, and a harness for handlers."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic
from typing import Any, Generic, TypeVar

from bson import encode
from chassis.handling import Document, Filter, Handler, Sort
from chassis.persistence import Index, UnitOfWork
from chassis.persistence.errors import DuplicateKeyError, UnstorableValueError, WriteConflictError
from chassis.persistence.query import matches, sorted_by, values_at
from chassis.persistence.system_collections import INBOX
from chassis.persistence.unit_of_work import ChangeSet, HandlerCall, HandlerOutcome, Key, Write, read_only_unit
from chassis.scheduling import Job
from chassis.transactions.execution import Execution
from messages.event import Event

from devkit import query_log
from devkit.due_jobs import drain

M = TypeVar("M")
S = TypeVar("S")


class InMemoryStore:
    """Documents in dictionaries; a commit is checked as a whole before it is applied."""

    def __init__(self, indexes: Sequence[Index] = (), service: str = "") -> None:
        self.service = service
        self.collections: dict[str, dict[str, Document]] = {}
        self.outbox: list[Document] = []
        self._unique = [index for index in indexes if index.unique]

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        documents = self.collections.get(collection, {})
        return [copy.deepcopy(documents[key]) for key in keys if key in documents]

    async def find(self, collection: str, where: Filter, sort: Sort, limit: int) -> Sequence[Document]:
        _check_filter(where)
        self._note(collection, where, sort, limit)
        found = [each for each in self.collections.get(collection, {}).values() if matches(each, where)]
        ordered = sorted_by(found, sort)
        return copy.deepcopy(ordered[:limit] if limit else ordered)

    async def count(self, collection: str, where: Filter) -> int:
        _check_filter(where)
        self._note(collection, where, act="count")
        return sum(matches(each, where) for each in self.collections.get(collection, {}).values())

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[InMemoryStore]:
        """Return the present dictionaries, which a commit replaces and does not change."""
        snapshot = InMemoryStore(service=self.service)
        snapshot.collections = self.collections
        yield snapshot

    async def commit(self, changes: ChangeSet) -> None:
        if monotonic() > changes.deadline:
            raise WriteConflictError("read too long ago")
        rows = [Write(INBOX, row["_id"], 0, row) for row in changes.inbox]
        after = dict(self.collections)
        for write in [*rows, *changes.writes]:
            after[write.collection] = _apply(after.get(write.collection, {}), write)
        for index in self._unique:
            _check_unique(index, after.get(index.collection, {}))
        self.collections = after
        if (log := query_log.current()) is not None and self.service:
            for write in changes.writes:
                if write.document is not None:
                    log.note_document(self.service, write.collection, write.document)
        if changes.outbox is not None:
            changes.outbox.setdefault("_id", len(self.outbox))
            self.outbox.append(changes.outbox)

    async def insert(self, collection: str, document: Document) -> None:
        await self.commit(ChangeSet([], [Write(collection, document["_id"], 0, document)], None))

    async def insert_all(self, collection: str, documents: Sequence[Document]) -> None:
        await self.commit(ChangeSet([], [Write(collection, each["_id"], 0, each) for each in documents], None))

    async def remove_all(self, collection: str, where: Filter) -> int:
        _check_filter(where)
        self._note(collection, where, act="change")
        held = self.collections.get(collection, {})
        kept = {key: each for key, each in held.items() if not matches(each, where)}
        self.collections = {**self.collections, collection: kept}
        return len(held) - len(kept)

    def _note(
        self, collection: str, where: Filter, sort: Sort = (), limit: int = 0, act: query_log.Act = "find"
    ) -> None:
        if (log := query_log.current()) is not None:
            log.note_query(query_log.asker(), self.service, collection, where, sort, limit, act=act)


def _check_filter(where: Filter) -> None:
    """Refuse a filter that BSON cannot encode."""
    try:
        encode(dict(where))
    except OverflowError as problem:
        raise UnstorableValueError(str(problem)) from problem


def _apply(documents: dict[str, Document], write: Write) -> dict[str, Document]:
    current = documents.get(write.key)
    version = 0 if current is None else current.get("_version", 1)
    if version != write.expected:
        raise WriteConflictError(f"{write.collection}/{write.key} has another version")
    if write.document is None:
        return {key: document for key, document in documents.items() if key != write.key}
    return {**documents, write.key: copy.deepcopy(write.document)}


def _check_unique(index: Index, documents: Mapping[str, Document]) -> None:
    seen: set[str] = set()
    for document in documents.values():
        if index.partial is not None and not matches(document, index.partial):
            continue
        value = repr([values_at(document, path) for path, _ in index.keys])
        if value in seen:
            raise DuplicateKeyError(f"{index.collection}: {value} is held already")
        seen.add(value)


async def is_known(memory: InMemoryStore, inbox_id: str) -> bool:
    return bool(await memory.load(INBOX, [inbox_id]))


async def commit_alone(
    memory: InMemoryStore, aggregates: Mapping[str, str], run: HandlerCall, now: datetime, inbox_id: str | None = None
) -> HandlerOutcome:
    """Run one handler and commit its changes, with an inbox row under ``inbox_id``.

    As in the committer, a document saved unread that exists makes a conflict, and the second attempt loads it.
    """
    known: frozenset[Key] = frozenset()
    while True:
        execution = Execution(memory, aggregates)
        await execution.identity_map.prefetch(known)
        unit, outcome = await execution.handle(run, now)
        execution.add(unit, [] if inbox_id is None else [{"_id": inbox_id}])
        try:
            await memory.commit(execution.change_set())
        except WriteConflictError:
            stored = {key for key in execution.identity_map.assumed_new if key[1] in memory.collections.get(key[0], {})}
            if stored <= known:
                raise
            known |= stored
        else:
            return outcome


class HandlerHarness(Generic[S]):
    """One service's handlers on a store in memory: documents stay from one message to the next.

    ``handle`` returns the events with their sequences. A Refusal, TransientError or
    PoisonMessageError comes out as raised, and nothing of that message is stored.
    """

    def __init__(
        self, store: Callable[[UnitOfWork], S], aggregates: Mapping[str, str], indexes: Sequence[Index] = ()
    ) -> None:
        self.memory = InMemoryStore(indexes, query_log.service_of(store.__module__.split(".")[0]))
        self.published: list[Event] = []
        self._store = store
        self._aggregates = aggregates

    async def handle(self, handler: Handler[M, S], message: M, now: datetime) -> list[Event]:
        return (await self.perform(handler, message, now)).events

    async def perform(self, handler: Handler[M, S], command: M, now: datetime) -> HandlerOutcome:
        """Handle and return the reply and a recorded refusal as well."""
        return await self._commit(lambda unit, at: handler(command, self._store(unit), at), now)

    async def run_jobs(self, jobs: Sequence[Job[Any]], now: datetime, *, polls: int | None = None) -> list[Event]:
        """Run these jobs until nothing is due, or for so many polls; return the events of all items."""
        published = len(self.published)

        async def handle(job: Job[Any], item: object) -> bool:
            inbox_id = job.inbox_id(item)
            known = await is_known(self.memory, inbox_id)
            if not known:
                await self._commit(job.call(item, self._store), now, inbox_id)
            return not known

        await drain(jobs, self.store, lambda: now, handle, polls)
        return self.published[published:]

    def store(self) -> S:
        """Return a read-only store of the present documents."""
        return self._store(read_only_unit(self.memory))

    def documents(self, collection: str) -> dict[str, Any]:
        return self.memory.collections.get(collection, {})

    async def _commit(self, run: HandlerCall, now: datetime, inbox_id: str | None = None) -> HandlerOutcome:
        outcome = await commit_alone(self.memory, self._aggregates, run, now, inbox_id)
        self.published += outcome.events
        return outcome
