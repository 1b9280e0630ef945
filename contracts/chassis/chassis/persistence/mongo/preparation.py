"""The preparation of a database: which indexes exist already, and what a user without the right to create meets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pymongo.errors import OperationFailure

from chassis.handling import Document, TransientError
from chassis.persistence.collections import Index
from chassis.persistence.errors import RejectedWriteError
from chassis.persistence.mongo.errors import translate_errors

UNAUTHORIZED = 13
_OPTIONS = ("unique", "expireAfterSeconds", "partialFilterExpression")


class UnpreparedDatabaseError(TransientError):
    """Collections or indexes are missing, and this user may not create them."""


@asynccontextmanager
async def preparing(collection: str) -> AsyncIterator[None]:
    """Translate the driver's errors while a collection and its indexes are created."""
    try:
        async with translate_errors():
            yield
    except RejectedWriteError as problem:
        cause = problem.__cause__
        if isinstance(cause, OperationFailure) and cause.code == UNAUTHORIZED:
            raise UnpreparedDatabaseError(
                f"{collection} or an index of it is missing, and this user may not create it:"
                " run python -m chassis database setup as the user who may"
            ) from problem
        raise


def is_same_index(found: Document, index: Index) -> bool:
    """Return whether the server's description is that of the index."""
    same_keys = list(found["key"].items()) == list(index.keys)
    described = {name: found[name] for name in _OPTIONS if name in found}
    return same_keys and described == index_options(index)


def index_options(index: Index) -> dict[str, Any]:
    partial = None if index.partial is None else dict(index.partial)
    options = zip(_OPTIONS, (index.unique or None, index.ttl_seconds, partial), strict=True)
    return {name: value for name, value in options if value is not None}
