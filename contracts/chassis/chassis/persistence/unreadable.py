"""Stored documents that cannot be read: a newer release, a fault or a hand wrote them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pydantic import ValidationError

UNVERSIONED = -1
"""Version of a document that was not saved by a unit of work; no type reads it, and no write replaces it."""
MAX_FAULTS = 5
"""Faulty fields that the text of one unreadable document names."""


class UnreadableDocumentError(Exception):
    """A stored document does not fit its type.

    The text names it and its faulty fields, and none of its values: they may be personal data, and the text is logged
    and stored.
    """

    def __init__(self, collection: str, key: str, faults: str) -> None:
        super().__init__(f"{collection}/{key} cannot be read: {faults}")
        self.collection = collection
        self.key = key
        self.faults = faults


SetAside: TypeAlias = Callable[[UnreadableDocumentError], None]
"""Decides on a document that a query found and nobody can read: returns to leave it out, or raises."""


def raise_unreadable(problem: UnreadableDocumentError) -> None:
    """Leave nothing out: a handler decides by what it reads, and would decide wrongly."""
    raise problem


def faults_of(problem: ValidationError) -> str:
    """Return the faulty fields and the kind of each fault."""
    found = problem.errors(include_input=False, include_url=False, include_context=False)
    named = [f"{'.'.join(map(str, each['loc'])) or 'document'} ({each['type']})" for each in found[:MAX_FAULTS]]
    return ", ".join([*named, f"{len(found) - MAX_FAULTS} more"] if len(found) > MAX_FAULTS else named)
