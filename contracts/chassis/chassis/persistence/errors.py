"""Errors of a database: try again, try with less, or never."""

from __future__ import annotations

from chassis.handling import TransientError


class WriteConflictError(Exception):
    """Another transaction changed a document first; load and try again."""


class DuplicateKeyError(WriteConflictError):
    """Another document has the same unique key."""


class TransactionTooLongError(TransientError):
    """The transaction outlived the server's limit: fewer documents, or another time, may pass."""


class RejectedWriteError(Exception):
    """The database rejects the commit because of one of its documents."""


class UnstorableValueError(RejectedWriteError):
    """A query or a document contains a number that BSON cannot hold."""


class ForbiddenError(RejectedWriteError):
    """The user of the database may not do this."""
