"""The status of a unit, built in any order of events: its bans and ended applications (B2, V10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.values import Reason
from rulebook import reason

from review.domain.case import Case
from review.domain.closing import close_case
from review.domain.record import Transition


@dataclass(frozen=True)
class UnitStatus:
    """One document per USCC, on which a ban lies whatever the unit's name (B1).

    Opening and stopping a case both save it, so that a concurrent change conflicts and neither is missed.
    """

    uscc: str
    cases: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Applications withdrawn, perhaps before their case is opened."""
    bans: tuple[UnitBan, ...] = ()
    ineligible: tuple[Ineligibility, ...] = ()
    """Applications no longer eligible under Art. 12, perhaps before their case is opened."""

    def with_case(self, case_id: str) -> UnitStatus:
        return replace(self, cases=tuple(dict.fromkeys((*self.cases, case_id))))

    def with_withdrawal(self, case_id: str) -> UnitStatus:
        return replace(self, withdrawn=tuple(dict.fromkeys((*self.withdrawn, case_id))))

    def with_ban(self, banned: UnitBan) -> UnitStatus:
        return replace(self, bans=tuple(dict.fromkeys((*self.bans, banned))))

    def with_ineligible(self, lost: Ineligibility) -> UnitStatus:
        return replace(self, ineligible=tuple(dict.fromkeys((*self.ineligible, lost))))

    def ineligible_for(self, case_id: str) -> Ineligibility | None:
        return next((each for each in self.ineligible if each.case_id == case_id), None)

    def ban_on(self, day: date) -> UnitBan | None:
        """Return the ban that stops an open application on ``day``: one that has not ended yet."""
        return next((each for each in self.bans if each.last_day >= day), None)


@dataclass(frozen=True)
class UnitBan:
    first_day: date
    last_day: date
    document_number: str


@dataclass(frozen=True)
class Ineligibility:
    """An application that a fact known after acceptance ends, with the reasons."""

    case_id: str
    reasons: tuple[Reason, ...]


def stop_for_ban(case: Case, banned: UnitBan, today: date) -> Transition:
    """Art. 25: stop an open application of a removed unit, whatever its stage (B2)."""
    return close_case(case, "ineligible", (ban_reason(banned),), today)


def ban_reason(banned: UnitBan) -> Reason:
    text = f"该单位已被移出绿色制造体系示范名单，{banned.last_day.isoformat()}前不得重新申报"
    return reason(
        "B2", "unit-banned", text, evidence=f"{banned.document_number}: {banned.first_day}..{banned.last_day}"
    )


def withdraw_case(case: Case, today: date) -> Transition:
    words = reason("A5", "application-withdrawn", "申报单位撤回申报")
    return close_case(case, "withdrawn", (words,), today)


def stop_as_ineligible(case: Case, lost: Ineligibility, today: date) -> Transition:
    """V10: end the case of a unit no longer eligible, whatever its stage, also after its notice."""
    return close_case(case, "ineligible", lost.reasons, today)
