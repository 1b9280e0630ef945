"""Assessors as assessor-quota has published them: those that a report may name (E12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from messages.assessor_quota import (
    AssessorAmended,
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.values import Ban, PersonRef, UnitType


@dataclass(frozen=True)
class KnownAssessor:
    """Entry, name, representative and sanction each have the sequence of their event: these arrive in any order."""

    uscc: str
    name: str
    scope: tuple[UnitType, ...] = ()
    registered: bool = False
    registration_sequence: int = 0
    ban: Ban | None = None
    ban_sequence: int = 0
    name_sequence: int = 0
    representative: PersonRef | None = None
    representative_sequence: int = 0

    def with_registration(self, event: AssessorRegistered | AssessorAmended) -> KnownAssessor:
        """The latest entry counts; an amendment proves that there was a registration before it."""
        if event.sequence <= self.registration_sequence:
            return self.with_name(event)
        registered = replace(self, scope=event.scope, registered=True, registration_sequence=event.sequence)
        return registered.with_name(event)

    def with_name(self, event: AssessorRegistered | AssessorAmended | LegalRepresentativeChanged) -> KnownAssessor:
        """The code stays, the name may change."""
        return (
            self
            if event.sequence <= self.name_sequence
            else replace(self, name=event.name, name_sequence=event.sequence)
        )

    def with_representative(self, event: AssessorRegistered | LegalRepresentativeChanged) -> KnownAssessor:
        """The legal representative of the latest event counts: nobody is assessed by an organisation of its own."""
        if event.sequence <= self.representative_sequence:
            return self
        return replace(self, representative=event.representative, representative_sequence=event.sequence)

    def with_ban(self, event: AssessorSanctioned | SanctionRevoked) -> KnownAssessor:
        """The latest event counts: a sanction's ban, or what a revocation leaves of it."""
        if event.sequence <= self.ban_sequence:
            return self
        return replace(self, ban=event.ban, ban_sequence=event.sequence)
