"""What is known of a unit in whatever order it was heard: its bans and the ends of its applications (B2, V10)."""

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

    It is saved by whoever opens or stops a case: two at once can never miss each other.
    """

    uscc: str
    cases: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Applications withdrawn, their case perhaps not heard of yet."""
    bans: tuple[UnitBan, ...] = ()
    ineligible: tuple[Ineligibility, ...] = ()
    """Applications that lost what Art. 12 asks for, their case perhaps not heard of yet."""

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
        """The ban that stops an open application on ``day``: one that has not ended yet."""
        return next((each for each in self.bans if each.last_day >= day), None)


@dataclass(frozen=True)
class UnitBan:
    first_day: date
    last_day: date
    document_number: str


@dataclass(frozen=True)
class Ineligibility:
    """A fact became known after acceptance: which application it ends, and why."""

    case_id: str
    reasons: tuple[Reason, ...]


def stop_for_ban(case: Case, banned: UnitBan, today: date) -> Transition:
    """Art. 25: an open application of a removed unit is stopped, whatever its stage (B2)."""
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
    """V10: what made the unit eligible is gone, so the case ends whatever its stage, also after its notice."""
    return close_case(case, "ineligible", lost.reasons, today)
