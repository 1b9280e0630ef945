"""One service's database: the same methods over motor and PyMongo's async client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Literal, TypeAlias

from bson import ObjectId
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, DeleteOne, InsertOne, ReplaceOne, ReturnDocument
from pymongo.errors import (
    CollectionInvalid,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.handling import Document, Filter, Sort
from chassis.persistence.collections import Index
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.mongo.errors import DatabaseFullError, translate_errors
from chassis.persistence.mongo.preparation import index_options, is_same_index, preparing
from chassis.persistence.mongo.reader import Reader
from chassis.persistence.system_collections import INBOX, LEASES, OUTBOX, SYSTEM_COLLECTIONS, SYSTEM_INDEXES
from chassis.persistence.unit_of_work import ChangeSet, Write

Driver: TypeAlias = Literal["motor", "pymongo"]

COMMIT_TRIES = 5
_ROOM = "room"
"""The row of the leases that tells whether a full database takes writes again."""
NAMESPACE_EXISTS = 48


def open_database(url: str, name: str, driver: Driver = "motor", listeners: Sequence[Any] = ()) -> Database:
    """Open a database; reads and writes are of the majority and journaled (a kill lost unjournaled writes)."""
    client: Any = AsyncIOMotorClient if driver == "motor" else AsyncMongoClient
    return Database(client(url, event_listeners=[*listeners], **_CLIENT), name, driver)


class Database(Reader):
    """One service's database.

    Driver errors come out as WriteConflictError, DuplicateKeyError, RejectedWriteError or
    DatabaseUnavailableError.
    """

    def __init__(self, client: Any, name: str, driver: Driver) -> None:  # noqa: ANN401 - two clients, one shape
        super().__init__(
            client.get_database(
                name, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority", j=True)
            )
        )
        self.name = name
        self.driver = driver
        self._client = client
        self._full = False

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reader]:
        """Open a reader of the majority's state at one instant, that of the first query."""
        async with self._start_session(snapshot=True) as session:
            yield Reader(self._database, session)

    async def commit(self, changes: ChangeSet) -> None:
        """Save all or nothing in one transaction.

        Runs in the caller's task, which must not be cancelled: a cancelled operation of motor can run after the abort,
        outside the transaction.
        """
        async with self._writing(), self._start_session() as session:
            await self._begin(session)
            try:
                await self._save(changes, session)
            except BaseException:
                await self._abort(session)
                raise
            await self._commit_transaction(session)

    async def insert(self, collection: str, document: Document) -> None:
        async with self._writing():
            await self._database[collection].insert_one(document)

    async def insert_all(self, collection: str, documents: Sequence[Document]) -> None:
        async with self._writing():
            await self._database[collection].insert_many(documents)

    async def remove_all(self, collection: str, where: Filter) -> int:
        async with self._writing():
            return int((await self._database[collection].delete_many(where)).deleted_count)

    async def update(
        self, collection: str, where: Filter, change: Mapping[str, Any] | list[Any], *, upsert: bool = False
    ) -> int:
        """Change one document; return how many matched."""
        async with self._writing():
            result = await self._database[collection].update_one(where, change, upsert=upsert)
            return int(result.matched_count)

    async def update_all(self, collection: str, where: Filter, change: Mapping[str, Any] | list[Any]) -> int:
        async with self._writing():
            return int((await self._database[collection].update_many(where, change)).matched_count)

    async def find_one_and_update(
        self, collection: str, where: Filter, change: Mapping[str, Any] | list[Any], sort: Sort = (("_id", 1),)
    ) -> Document | None:
        """Change one document and return it as it is afterwards."""
        async with self._writing():
            found: Document | None = await self._database[collection].find_one_and_update(
                where, change, sort=list(sort), return_document=ReturnDocument.AFTER
            )
            return found

    async def ping(self) -> None:
        """Raise when the database does not answer, or still has no room after a write was refused for want of it."""
        async with translate_errors():
            await self._database.command("ping")
        if self._full:
            await self.update(LEASES, {"_id": _ROOM}, [{"$set": {"at": "$$NOW"}}], upsert=True)

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Create missing collections and indexes, those of the chassis included, outside any transaction."""
        await self.prepare((*SYSTEM_COLLECTIONS, *(each.collection for each in indexes)), (*SYSTEM_INDEXES, *indexes))

    async def prepare(self, collections: Iterable[str], indexes: Sequence[Index]) -> None:
        """Create missing collections and indexes, outside any transaction.

        Raises UnpreparedDatabaseError when some are missing and this user may not create them, as at run time.
        """
        async with translate_errors():
            existing = set(await self._database.list_collection_names())
        for collection in sorted(set(collections)):
            found = await self._indexes(collection) if collection in existing else []
            async with preparing(collection):
                if collection not in existing:
                    await self._create(collection)
                for index in indexes:
                    if index.collection == collection and not any(is_same_index(each, index) for each in found):
                        await self._database[collection].create_index(list(index.keys), **index_options(index))

    async def drop(self) -> None:
        """Remove the whole database (tests only)."""
        async with translate_errors():
            await self._client.drop_database(self.name)

    async def close(self) -> None:
        closing = self._client.close()
        if closing is not None:
            await closing

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        """Translate errors, and keep in mind whether the disk of the database is full."""
        try:
            async with translate_errors():
                yield
        except DatabaseFullError:
            self._full = True
            raise
        self._full = False

    async def _indexes(self, collection: str) -> list[Document]:
        async with translate_errors():
            answer = await self._database.command("listIndexes", collection)
            found: list[Document] = answer["cursor"]["firstBatch"]  # a collection has 64 indexes at most
            return found

    async def _create(self, collection: str) -> None:
        try:
            await self._database.create_collection(collection)
        except CollectionInvalid:
            return
        except OperationFailure as problem:
            # Another process of the service created it between the driver's check and its request.
            if problem.code != NAMESPACE_EXISTS:
                raise

    @asynccontextmanager
    async def _start_session(self, *, snapshot: bool = False) -> AsyncIterator[Any]:
        opened = self._client.start_session(snapshot=snapshot)
        session = await opened if self.driver == "motor" else opened
        try:
            yield session
        finally:
            await session.end_session()

    async def _begin(self, session: Any) -> None:  # noqa: ANN401
        started = session.start_transaction(write_concern=WriteConcern("majority", j=True), max_commit_time_ms=10_000)
        if self.driver == "pymongo":
            await started

    async def _abort(self, session: Any) -> None:  # noqa: ANN401
        if session.in_transaction:
            await session.abort_transaction()

    async def _commit_transaction(self, session: Any) -> None:  # noqa: ANN401
        for attempt in range(COMMIT_TRIES):
            try:
                await session.commit_transaction()
            except PyMongoError as problem:
                unknown = problem.has_error_label("UnknownTransactionCommitResult")
                if not unknown or attempt == COMMIT_TRIES - 1:
                    raise
            else:
                return

    async def _save(self, changes: ChangeSet, session: Any) -> None:  # noqa: ANN401
        if changes.inbox:
            await self._database[INBOX].insert_many(changes.inbox, session=session)
        for collection, writes in _by_collection(changes.writes).items():
            result = await self._database[collection].bulk_write([_request(each) for each in writes], session=session)
            applied = result.inserted_count + result.matched_count + result.deleted_count
            if applied != len(writes):
                raise WriteConflictError(
                    f"{len(writes) - applied} of {len(writes)} in {collection} have another version"
                )
        if changes.outbox is not None:
            changes.outbox.setdefault("_id", ObjectId())
            await self._database[OUTBOX].insert_one(changes.outbox, session=session)
        # Checked last: from here on the server's limit on the life of a transaction bounds a process that pauses.
        if monotonic() > changes.deadline:
            raise WriteConflictError("read too long ago")


_CLIENT: dict[str, Any] = {
    "tz_aware": True,
    "serverSelectionTimeoutMS": 5_000,
    "connectTimeoutMS": 5_000,
    "socketTimeoutMS": 20_000,
    "retryWrites": True,
}


def _by_collection(writes: Sequence[Write]) -> dict[str, list[Write]]:
    groups: dict[str, list[Write]] = {}
    for write in writes:
        groups.setdefault(write.collection, []).append(write)
    return groups


def _request(write: Write) -> InsertOne[Document] | ReplaceOne[Document] | DeleteOne:
    if write.document is None:
        return DeleteOne({"_id": write.key, "_version": write.expected})
    if write.expected == 0:
        return InsertOne(write.document)
    return ReplaceOne({"_id": write.key, "_version": write.expected}, write.document)
