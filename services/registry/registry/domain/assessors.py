"""Sanctions on assessors: who may not be listed today (S1), and which decisions hold or are revoked (S2, S4)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from chassis.settling import Settling
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.values import Ban


@dataclass(frozen=True)
class Sanction:
    """One decision on the assessor."""

    document_number: str
    sequence: int
    ban: Ban


@dataclass(frozen=True)
class Revocation:
    """A revocation: it ends the decision it names or, where it names none and no ban is left, all before it."""

    sequence: int
    revoked_on: date
    decision: str | None
    leaves_one: bool

    def ends(self, sanction: Sanction) -> bool:
        if self.decision is not None:
            return self.decision == sanction.document_number
        running = sanction.sequence < self.sequence and self.revoked_on <= sanction.ban.last_day
        return running and not self.leaves_one


@dataclass(frozen=True)
class AssessorStatus:
    """An assessor that was ever sanctioned, as assessor-quota published it; it grows with its decisions only."""

    uscc: str
    sequence: int = 0
    """Of the latest event on its ban; an earlier one that arrives later leaves the ban as it is."""
    ban: Ban | None = None
    """The longest that was in force when that event was published."""
    document_number: str | None = None
    """Of the decision behind the ban, where an event has named it."""
    sanctions: tuple[Sanction, ...] = ()
    """Every decision received, in whatever order; a revoked one stays on record (S4)."""
    revocations: tuple[Revocation, ...] = ()
    settling: Settling = field(default_factory=Settling)
    """When its titles are looked at next: they are found by its code, and it holds none of them."""

    @property
    def known_decisions(self) -> int:
        """The number of decisions and revocations received; a title with that many applied is up to date."""
        return len(self.sanctions) + len(self.revocations)

    def has_ended(self, sanction: Sanction) -> bool:
        return any(each.ends(sanction) for each in self.revocations)


def add_sanction(status: AssessorStatus, event: AssessorSanctioned, now: datetime) -> AssessorStatus:
    """Record the decision; an older one recorded later leaves the ban in force and the number it rests on."""
    if any(each.sequence == event.sequence for each in status.sanctions):
        return status
    known = _with_ban(status, event.sequence, event.ban, event.document_number)
    added = Sanction(event.document_number, event.sequence, event.ban)
    return replace(known, sanctions=(*known.sanctions, added), settling=known.settling.begin(now))


def add_revocation(status: AssessorStatus, event: SanctionRevoked, now: datetime) -> AssessorStatus:
    """Record the revocation; a ban by another decision stays (S4), but the event does not name that decision."""
    if any(each.sequence == event.sequence for each in status.revocations):
        return status
    known = _with_ban(status, event.sequence, event.ban, None)
    added = Revocation(event.sequence, event.revoked_on, event.decision, leaves_one=event.ban is not None)
    return replace(known, revocations=(*known.revocations, added), settling=known.settling.begin(now))


def _with_ban(status: AssessorStatus, sequence: int, ban: Ban | None, document_number: str | None) -> AssessorStatus:
    if sequence <= status.sequence:
        return status
    number = status.document_number if ban == status.ban else document_number
    return replace(status, sequence=sequence, ban=ban, document_number=number)
