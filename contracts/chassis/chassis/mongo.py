"""The seam to MongoDB: the only importer of a driver; the same methods over motor and PyMongo's async client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from bson import ObjectId
from bson.errors import BSONError
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, DeleteOne, InsertOne, ReplaceOne, ReturnDocument
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    ConnectionFailure,
    DocumentTooLarge,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.handling import Sort, Transient, Where
from chassis.kept import OWN_COLLECTIONS, OWN_INDEXES
from chassis.store import Index
from chassis.unit import Commit, Conflict, Document, Refused, Taken, Unstorable, Write

Driver: TypeAlias = Literal["motor", "pymongo"]

COMMIT_TRIES = 5


class Unavailable(Transient):
    """The database does not answer, or not in time: nothing is known to be saved."""


def open_database(url: str, name: str, driver: Driver = "motor", listeners: Sequence[Any] = ()) -> Database:
    """Open a database; every read and write is of the majority and journaled (a kill lost unjournaled writes)."""
    client: Any = AsyncIOMotorClient if driver == "motor" else AsyncMongoClient
    return Database(client(url, event_listeners=[*listeners], **_CLIENT), name, driver)


def opened_at(identifier: object) -> datetime | None:
    """Real time at which an identifier of the outbox was made."""
    return identifier.generation_time.astimezone(UTC) if isinstance(identifier, ObjectId) else None


def made_at(instant: datetime) -> object:
    """Give the smallest identifier of the outbox made at that real time or later."""
    return ObjectId.from_datetime(instant)


class Reads:
    """What is read of a database, each question for itself or all of them in one session."""

    def __init__(self, database: Any, session: Any = None) -> None:  # noqa: ANN401 - two drivers, one shape
        self._database = database
        self._session = session

    async def load(self, collection: str, keys: Sequence[str]) -> Sequence[Document]:
        async with _translated():
            where = {"_id": {"$in": list(keys)}}
            return await self._list(self._database[collection].find(where, session=self._session))

    async def find(
        self, collection: str, where: Where, sort: Sort = (), limit: int = 0, fields: Sequence[str] | None = None
    ) -> Sequence[Document]:
        cursor = self._database[collection].find(where, fields, limit=limit, session=self._session)
        async with _translated():
            return await self._list(cursor.sort(list(sort)) if sort else cursor)

    async def count(self, collection: str, where: Where) -> int:
        async with _translated():
            return int(await self._database[collection].count_documents(where, session=self._session))

    async def total(self, collection: str, where: Where, field: str) -> int:
        """Add up a number that every matching document has."""
        steps = [{"$match": where}, {"$group": {"_id": None, "total": {"$sum": f"${field}"}}}]
        async with _translated():
            found = self._database[collection].aggregate(steps, session=self._session)
            rows = await self._list(await found if hasattr(found, "__await__") else found)
        return int(rows[0]["total"]) if rows else 0

    @staticmethod
    async def _list(cursor: Any) -> list[Document]:  # noqa: ANN401
        found: list[Document] = await cursor.to_list(None)
        return found


class Database(Reads):
    """One service's database. Driver errors come out as Conflict, Taken, Refused or Unavailable."""

    def __init__(self, client: Any, name: str, driver: Driver) -> None:  # noqa: ANN401 - two clients, one shape
        super().__init__(
            client.get_database(
                name, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority", j=True)
            )
        )
        self.name = name
        self.driver = driver
        self._client = client

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reads]:
        """Read as the majority had it at one instant, that of the first question."""
        async with self._started(snapshot=True) as session:
            yield Reads(self._database, session)

    async def commit(self, commit: Commit) -> None:
        """Save all or nothing in one transaction.

        Runs in the caller's task, which must not be cancelled: a cancelled operation of motor can run after the abort,
        outside the transaction.
        """
        async with _translated(), self._started() as session:
            await self._begin(session)
            try:
                await self._save(commit, session)
            except BaseException:
                await self._abort(session)
                raise
            await self._finish(session)

    async def insert(self, collection: str, document: Document) -> None:
        async with _translated():
            await self._database[collection].insert_one(document)

    async def update(
        self, collection: str, where: Where, change: Mapping[str, Any] | list[Any], *, upsert: bool = False
    ) -> int:
        """Change one document; return how many matched."""
        async with _translated():
            result = await self._database[collection].update_one(where, change, upsert=upsert)
            return int(result.matched_count)

    async def update_all(self, collection: str, where: Where, change: Mapping[str, Any] | list[Any]) -> int:
        async with _translated():
            return int((await self._database[collection].update_many(where, change)).matched_count)

    async def take(
        self, collection: str, where: Where, change: Mapping[str, Any] | list[Any], sort: Sort = (("_id", 1),)
    ) -> Document | None:
        """Change one document and return it as it is then."""
        async with _translated():
            found: Document | None = await self._database[collection].find_one_and_update(
                where, change, sort=list(sort), return_document=ReturnDocument.AFTER
            )
            return found

    async def ping(self) -> None:
        async with _translated():
            await self._database.command("ping")

    async def prepare(self, indexes: Sequence[Index]) -> None:
        """Create collections and indexes, outside any transaction; run again it changes nothing."""
        for collection in sorted({*OWN_COLLECTIONS, *(index.collection for index in indexes)}):
            await self._create(collection)
        for index in (*OWN_INDEXES, *indexes):
            async with _translated():
                await self._database[index.collection].create_index(list(index.keys), **_options(index))

    async def drop(self) -> None:
        """Remove the whole database (test stands)."""
        async with _translated():
            await self._client.drop_database(self.name)

    async def close(self) -> None:
        closing = self._client.close()
        if closing is not None:
            await closing

    async def _create(self, collection: str) -> None:
        async with _translated():
            try:
                await self._database.create_collection(collection)
            except CollectionInvalid:
                return
            except OperationFailure as problem:
                # Another process of the service made it between the driver's look and its request.
                if problem.code != NAMESPACE_EXISTS:
                    raise

    @asynccontextmanager
    async def _started(self, *, snapshot: bool = False) -> AsyncIterator[Any]:
        started = self._client.start_session(snapshot=snapshot)
        session = await started if self.driver == "motor" else started
        try:
            yield session
        finally:
            await session.end_session()

    async def _begin(self, session: Any) -> None:  # noqa: ANN401
        begun = session.start_transaction(write_concern=WriteConcern("majority", j=True), max_commit_time_ms=10_000)
        if self.driver == "pymongo":
            await begun

    async def _abort(self, session: Any) -> None:  # noqa: ANN401
        if session.in_transaction:
            await session.abort_transaction()

    async def _finish(self, session: Any) -> None:  # noqa: ANN401
        for attempt in range(COMMIT_TRIES):
            try:
                await session.commit_transaction()
            except PyMongoError as problem:
                unknown = problem.has_error_label("UnknownTransactionCommitResult")
                if not unknown or attempt == COMMIT_TRIES - 1:
                    raise
            else:
                return

    async def _save(self, commit: Commit, session: Any) -> None:  # noqa: ANN401
        if commit.inbox:
            await self._database["inbox"].insert_many(commit.inbox, session=session)
        for collection, writes in _by_collection(commit.writes).items():
            result = await self._database[collection].bulk_write([_request(each) for each in writes], session=session)
            done = result.inserted_count + result.matched_count + result.deleted_count
            if done != len(writes):
                raise Conflict(f"{len(writes) - done} of {len(writes)} in {collection} have moved")
        if commit.outbox is not None:
            commit.outbox.setdefault("_id", ObjectId())
            await self._database["outbox"].insert_one(commit.outbox, session=session)


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
        return DeleteOne({"_id": write.key, "v": write.expected})
    if write.expected == 0:
        return InsertOne(write.document)
    return ReplaceOne({"_id": write.key, "v": write.expected}, write.document)


def _options(index: Index) -> dict[str, Any]:
    given = {
        "unique": index.unique or None,
        "expireAfterSeconds": index.ttl_seconds,
        "partialFilterExpression": None if index.partial is None else dict(index.partial),
    }
    return {name: value for name, value in given.items() if value is not None}


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    try:
        yield
    except BulkWriteError as problem:
        raise _of_bulk(problem) from problem
    except DuplicateKeyError as problem:
        raise _of_duplicate(problem.details or {}) from problem
    except OverflowError as problem:
        raise Unstorable(str(problem)) from problem
    except (DocumentTooLarge, BSONError) as problem:
        raise Refused(str(problem)) from problem
    except (ConnectionFailure, ExecutionTimeout, WTimeoutError) as problem:
        raise Unavailable(str(problem)) from problem
    except PyMongoError as problem:
        raise _of_other(problem) from problem


def _of_bulk(problem: BulkWriteError) -> Exception:
    errors = (problem.details or {}).get("writeErrors", [])
    if problem.has_error_label("TransientTransactionError"):
        return Conflict(str(problem))
    if errors and errors[0].get("code") == DUPLICATE_KEY:
        return _of_duplicate(errors[0])
    return Refused(str(problem))


def _of_duplicate(details: Mapping[str, Any]) -> Conflict:
    natural = set(details.get("keyPattern", {"_id": 1})) != {"_id"}
    return Taken(f"held already: {sorted(details['keyPattern'])}") if natural else Conflict("stored already")


def _of_other(problem: PyMongoError) -> Exception:
    gone = isinstance(problem, OperationFailure) and problem.code in SNAPSHOT_GONE
    if gone or problem.has_error_label("TransientTransactionError"):
        return Conflict(str(problem))
    if problem.has_error_label("UnknownTransactionCommitResult") or not isinstance(problem, OperationFailure):
        return Unavailable(str(problem))
    return Refused(str(problem))


DUPLICATE_KEY = 11000
NAMESPACE_EXISTS = 48
SNAPSHOT_GONE = {239, 246}
"""The instant is too long ago, or a collection was made since: another attempt reads another instant."""
