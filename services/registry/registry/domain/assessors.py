"""Sanctions on assessors: who may not be listed today (S1), and which decisions hold or are revoked (S2, S4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.values import Ban

from registry.domain.bans import LastCheck


@dataclass(frozen=True)
class Sanction:
    """One decision, as it was said."""

    document_number: str
    sequence: int
    ban: Ban


@dataclass(frozen=True)
class Revocation:
    """What one revocation ended: the decision it names; without a name, where none is left, all before it."""

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
    """What assessor-quota says of an assessor that a report on the list may rest on."""

    uscc: str
    sequence: int = 0
    """Of the last word on its ban; an earlier one that comes later changes nothing of it."""
    ban: Ban | None = None
    """The longest that was in force when it was said."""
    document_number: str | None = None
    """Of the decision behind the ban, where an event has told it."""
    checked: LastCheck | None = None
    sanctions: tuple[Sanction, ...] = ()
    """Every decision ever heard, in whatever order; what is revoked stays on record (S4)."""
    revocations: tuple[Revocation, ...] = ()
    unsettled: bool = False
    """Whether titles may wait to be flagged or to have a flag lifted."""
    asked: int = 0
    """How often settling was asked for or gone on with."""

    @property
    def words(self) -> int:
        """How much is known of its sanctions: a title settled at this number has nothing to learn."""
        return len(self.sanctions) + len(self.revocations)

    def ended(self, sanction: Sanction) -> bool:
        return any(each.ends(sanction) for each in self.revocations)

    def to_settle(self) -> AssessorStatus:
        return replace(self, unsettled=True, asked=self.asked + 1)

    def settled(self, *, more: bool) -> AssessorStatus:
        return replace(self, unsettled=more, asked=self.asked + 1)


def sanctioned(standing: AssessorStatus, event: AssessorSanctioned) -> AssessorStatus:
    """An older decision recorded later leaves the ban that stands, and the number it rests on."""
    if any(each.sequence == event.sequence for each in standing.sanctions):
        return standing
    known = _heard(standing, event.sequence, event.ban, event.document_number)
    added = Sanction(event.document_number, event.sequence, event.ban)
    return replace(known, sanctions=(*known.sanctions, added)).to_settle()


def revoked(standing: AssessorStatus, event: SanctionRevoked) -> AssessorStatus:
    """What still holds by another decision holds on (S4); the event does not tell that decision's number."""
    if any(each.sequence == event.sequence for each in standing.revocations):
        return standing
    known = _heard(standing, event.sequence, event.ban, None)
    added = Revocation(event.sequence, event.revoked_on, event.decision, leaves_one=event.ban is not None)
    return replace(known, revocations=(*known.revocations, added)).to_settle()


def _heard(standing: AssessorStatus, sequence: int, ban: Ban | None, document_number: str | None) -> AssessorStatus:
    if sequence <= standing.sequence:
        return standing
    number = standing.document_number if ban == standing.ban else document_number
    return replace(standing, sequence=sequence, ban=ban, document_number=number)
