"""What applications knows of assessors, as assessor-quota has said it: who may be named in a report (E12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from messages.assessor_quota import AssessorRegistered, AssessorSanctioned, SanctionRevoked
from messages.values import Ban, UnitType


@dataclass(frozen=True)
class KnownAssessor:
    """Registration and sanction are kept apart, each with the sequence it was said at: either may be heard first."""

    uscc: str
    name: str
    scope: tuple[UnitType, ...] = ()
    registered: bool = False
    registered_at: int = 0
    ban: Ban | None = None
    ban_at: int = 0

    def with_registration(self, event: AssessorRegistered) -> KnownAssessor:
        if event.sequence <= self.registered_at:
            return self
        return replace(self, name=event.name, scope=event.scope, registered=True, registered_at=event.sequence)

    def with_ban(self, event: AssessorSanctioned | SanctionRevoked) -> KnownAssessor:
        """The latest word counts: a sanction's ban, or what a revocation leaves of it."""
        if event.sequence <= self.ban_at:
            return self
        return replace(self, ban=event.ban, ban_at=event.sequence)
