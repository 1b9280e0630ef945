"""Translates errors of the driver into those of the chassis."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pymongo.errors
from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DocumentTooLarge,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)

from chassis.handling import StorageFullError, TransientError
from chassis.persistence.errors import (
    DuplicateKeyError,
    ForbiddenError,
    RejectedWriteError,
    TransactionTooLongError,
    UnstorableValueError,
    WriteConflictError,
)

DUPLICATE_KEY = 11000
UNAUTHORIZED = 13
SNAPSHOT_GONE = {239, 246}
"""The snapshot is too old, or a collection was created since; another attempt reads a newer one."""


TRANSACTION_TOO_LONG = 290
"""TransactionExceededLifetimeLimitSeconds."""


OUT_OF_DISK_SPACE = frozenset({14031})
"""OutOfDiskSpace. A disk that is full at a checkpoint ends mongod instead: then the connection fails."""


class DatabaseUnavailableError(TransientError):
    """The database does not answer in time; whether anything was saved is unknown."""


class DatabaseFullError(DatabaseUnavailableError, StorageFullError):
    """The disk of the database is full; nothing was saved."""


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    try:
        yield
    except BulkWriteError as problem:
        raise _bulk_write_error(problem) from problem
    except pymongo.errors.DuplicateKeyError as problem:
        raise _duplicate_key_error(problem.details or {}) from problem
    except OverflowError as problem:
        raise UnstorableValueError(str(problem)) from problem
    except (DocumentTooLarge, BSONError, UnicodeEncodeError) as problem:
        raise RejectedWriteError(str(problem)) from problem
    except (ConnectionFailure, ExecutionTimeout, WTimeoutError) as problem:
        raise DatabaseUnavailableError(str(problem)) from problem
    except PyMongoError as problem:
        raise _other_error(problem) from problem


def _bulk_write_error(problem: BulkWriteError) -> Exception:
    errors = (problem.details or {}).get("writeErrors", [])
    if (problem.details or {}).get("code") == TRANSACTION_TOO_LONG:
        return TransactionTooLongError(str(problem))
    if any(each.get("code") in OUT_OF_DISK_SPACE for each in [problem.details or {}, *errors]):
        return DatabaseFullError(str(problem))
    if problem.has_error_label("TransientTransactionError"):
        return WriteConflictError(str(problem))
    if errors and errors[0].get("code") == DUPLICATE_KEY:
        return _duplicate_key_error(errors[0])
    return RejectedWriteError(str(problem))


def _duplicate_key_error(details: Mapping[str, Any]) -> Exception:
    is_natural_key = set(details.get("keyPattern", {"_id": 1})) != {"_id"}
    return (
        DuplicateKeyError(f"held already: {sorted(details['keyPattern'])}")
        if is_natural_key
        else WriteConflictError("stored already")
    )


def _other_error(problem: PyMongoError) -> Exception:
    if isinstance(problem, OperationFailure) and problem.code == TRANSACTION_TOO_LONG:
        return TransactionTooLongError(str(problem))
    if isinstance(problem, OperationFailure) and problem.code in OUT_OF_DISK_SPACE:
        return DatabaseFullError(str(problem))
    if isinstance(problem, OperationFailure) and problem.code == UNAUTHORIZED:
        return ForbiddenError(str(problem))
    snapshot_gone = isinstance(problem, OperationFailure) and problem.code in SNAPSHOT_GONE
    if snapshot_gone or problem.has_error_label("TransientTransactionError"):
        return WriteConflictError(str(problem))
    if problem.has_error_label("UnknownTransactionCommitResult") or not isinstance(problem, OperationFailure):
        return DatabaseUnavailableError(str(problem))
    return RejectedWriteError(str(problem))
