"""Entries of the register: an event of an assessor, its time, actor and document; only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class EntryKind(StrEnum):
    REGISTERED = "registered"
    AMENDED = "amended"
    REPRESENTATIVE_CHANGED = "representative_changed"
    SANCTIONED = "sanctioned"
    SANCTION_REVOKED = "sanction_revoked"
    DEREGISTERED = "deregistered"
    REGISTERED_AGAIN = "registered_again"
    STATEMENT_FILED = "statement_filed"


@dataclass(frozen=True)
class ActorRef:
    """The acting subject of the token; never a person's name."""

    subject: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class RegisterEntry:
    """One entry; it names no person: staff and representative are in the register itself."""

    uscc: str
    number: int
    """Counts the assessor's entries from 1 without gaps."""
    what: EntryKind
    at: datetime
    on: date
    """The legal date on which it took effect."""
    by: ActorRef
    document_number: str | None = None
    changed: tuple[str, ...] = ()
    """Parts that an amendment changed."""

    @property
    def key(self) -> str:
        return f"{self.uscc}:{self.number}"
