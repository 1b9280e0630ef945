"""Translates errors of a driver into those of the chassis."""

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

from chassis.handling import TransientError
from chassis.persistence.unit_of_work import (
    DuplicateKeyError,
    RejectedWriteError,
    UnstorableValueError,
    WriteConflictError,
)

DUPLICATE_KEY = 11000
SNAPSHOT_GONE = {239, 246}
"""The instant is too long ago, or a collection was made since: another attempt reads another instant."""


class DatabaseUnavailableError(TransientError):
    """The database does not answer, or not in time: nothing is known to be saved."""


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    try:
        yield
    except BulkWriteError as problem:
        raise _of_bulk(problem) from problem
    except pymongo.errors.DuplicateKeyError as problem:
        raise _of_duplicate(problem.details or {}) from problem
    except OverflowError as problem:
        raise UnstorableValueError(str(problem)) from problem
    except (DocumentTooLarge, BSONError) as problem:
        raise RejectedWriteError(str(problem)) from problem
    except (ConnectionFailure, ExecutionTimeout, WTimeoutError) as problem:
        raise DatabaseUnavailableError(str(problem)) from problem
    except PyMongoError as problem:
        raise _of_other(problem) from problem


def _of_bulk(problem: BulkWriteError) -> Exception:
    errors = (problem.details or {}).get("writeErrors", [])
    if problem.has_error_label("TransientTransactionError"):
        return WriteConflictError(str(problem))
    if errors and errors[0].get("code") == DUPLICATE_KEY:
        return _of_duplicate(errors[0])
    return RejectedWriteError(str(problem))


def _of_duplicate(details: Mapping[str, Any]) -> Exception:
    natural = set(details.get("keyPattern", {"_id": 1})) != {"_id"}
    return (
        DuplicateKeyError(f"held already: {sorted(details['keyPattern'])}")
        if natural
        else WriteConflictError("stored already")
    )


def _of_other(problem: PyMongoError) -> Exception:
    gone = isinstance(problem, OperationFailure) and problem.code in SNAPSHOT_GONE
    if gone or problem.has_error_label("TransientTransactionError"):
        return WriteConflictError(str(problem))
    if problem.has_error_label("UnknownTransactionCommitResult") or not isinstance(problem, OperationFailure):
        return DatabaseUnavailableError(str(problem))
    return RejectedWriteError(str(problem))
