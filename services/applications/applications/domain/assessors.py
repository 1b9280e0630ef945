"""What applications knows of assessors, as assessor-quota has said it: who may be named in a report (E12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from messages.assessor_quota import (
    AssessorAmended,
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.values import Ban, UnitType


@dataclass(frozen=True)
class KnownAssessor:
    """Entry, name and sanction are kept apart, each with the sequence it was said at: any may be heard first."""

    uscc: str
    name: str
    scope: tuple[UnitType, ...] = ()
    registered: bool = False
    registered_at: int = 0
    ban: Ban | None = None
    ban_at: int = 0
    named_at: int = 0

    def with_registration(self, event: AssessorRegistered | AssessorAmended) -> KnownAssessor:
        """The latest entry counts; an amendment tells that there was a registration before it."""
        if event.sequence <= self.registered_at:
            return self.with_name(event)
        registered = replace(self, scope=event.scope, registered=True, registered_at=event.sequence)
        return registered.with_name(event)

    def with_name(self, event: AssessorRegistered | AssessorAmended | LegalRepresentativeChanged) -> KnownAssessor:
        """The code stays, the name may change."""
        return self if event.sequence <= self.named_at else replace(self, name=event.name, named_at=event.sequence)

    def with_ban(self, event: AssessorSanctioned | SanctionRevoked) -> KnownAssessor:
        """The latest word counts: a sanction's ban, or what a revocation leaves of it."""
        if event.sequence <= self.ban_at:
            return self
        return replace(self, ban=event.ban, ban_at=event.sequence)
