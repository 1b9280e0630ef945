"""The bans of a unit, and the end that they bring to its open cases (B2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from chassis.settling import Settling
from messages.values import Reason
from rulebook import reason

from review.domain.case import Case
from review.domain.closing import close_case
from review.domain.record import Transition


@dataclass(frozen=True)
class UnitBan:
    first_day: date
    last_day: date
    document_number: str


@dataclass(frozen=True)
class UnitStatus:
    """One document per USCC, on which a ban lies whatever the unit's name (B1).

    Only the handlers of its bans and the job that settles them save it. It grows by one ban for each removal.
    """

    uscc: str
    bans: tuple[UnitBan, ...] = ()
    settling: Settling = field(default_factory=Settling)
    """The rounds over its open cases that its newest ban still needs."""

    def with_ban(self, banned: UnitBan) -> UnitStatus:
        return replace(self, bans=tuple(dict.fromkeys((*self.bans, banned))))

    def ban_on(self, day: date) -> UnitBan | None:
        """Return the ban that stops an open application on ``day``: one that has not ended yet."""
        return next((each for each in self.bans if each.last_day >= day), None)


def stop_if_banned(case: Case, known: UnitStatus, today: date) -> list[Transition]:
    """Art. 25: stop an open application of a removed unit, whatever its stage (B2)."""
    banned = None if case.ended else known.ban_on(today)
    return [] if banned is None else [close_case(case, "ineligible", (ban_reason(banned),), today)]


def ban_reason(banned: UnitBan) -> Reason:
    text = f"该单位已被移出绿色制造体系示范名单，{banned.last_day.isoformat()}前不得重新申报"
    return reason(
        "B2", "unit-banned", text, evidence=f"{banned.document_number}: {banned.first_day}..{banned.last_day}"
    )
