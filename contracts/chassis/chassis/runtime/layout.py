"""The layout of a service's database: its collections and indexes, and what its user may do with them at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from chassis.persistence.collections import DocumentCollection, Index
from chassis.persistence.system_collections import (
    AUDIT_DENIALS,
    AUDIT_READS,
    INBOX,
    SYSTEM_COLLECTIONS,
    SYSTEM_INDEXES,
)
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.security.audit import AUDIT_INDEXES

SYSTEM_APPEND_ONLY = (INBOX, AUDIT_READS, AUDIT_DENIALS)
"""Messages that arrived and reads that were asked for: added to, and removed by the server's own clock."""
READ = ("find", "listIndexes")
CHANGE = ("insert", "update", "remove")


@dataclass(frozen=True)
class DatabaseLayout:
    """Everything that must exist before a process of the service works."""

    collections: tuple[str, ...]
    indexes: tuple[Index, ...]
    append_only: frozenset[str]
    """Collections whose documents nobody with the service's password can change or remove."""

    @classmethod
    def of(
        cls, store: Callable[[UnitOfWork], Any], indexes: Iterable[Index], append_only: Iterable[str] = ()
    ) -> DatabaseLayout:
        """Return the layout of a store, with the collections of the chassis."""
        whole = (*SYSTEM_INDEXES, *AUDIT_INDEXES, *indexes)
        # A store opens no collection before it is asked for a document.
        opened = vars(store(cast("UnitOfWork", None))).values()
        named = {each.collection for each in opened if isinstance(each, DocumentCollection)}
        collections = {*SYSTEM_COLLECTIONS, *(each.collection for each in whole), *named}
        return cls(tuple(sorted(collections)), whole, frozenset({*SYSTEM_APPEND_ONLY, *append_only}))

    @classmethod
    def of_package(cls, package: str) -> DatabaseLayout:
        """Return the layout that a service's ``store.py`` declares."""
        declared = import_module(f"{package}.store")
        return cls.of(declared.Store, declared.INDEXES, getattr(declared, "APPEND_ONLY", ()))

    def role(self, name: str, database: str) -> dict[str, Any]:
        """Return the command that creates the role of the service's user at run time.

        It reads and changes documents, and adds to what is only added to. It drops, creates, renames and indexes
        nothing: a user with the right to do so exists for the step that prepares the database alone.
        """
        allowed = [
            {"resource": {"db": database, "collection": each}, "actions": list(self._actions(each))}
            for each in self.collections
        ]
        listing = {"resource": {"db": database, "collection": ""}, "actions": ["listCollections"]}
        return {"createRole": name, "privileges": [listing, *allowed], "roles": []}

    def _actions(self, collection: str) -> Sequence[str]:
        return (*READ, "insert") if collection in self.append_only else (*READ, *CHANGE)
