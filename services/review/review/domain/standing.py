"""What is known of a unit or an assessor in whatever order it was heard: bans, ends, sanctions (B2, V10, S2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from messages.review import CaseResumed, CaseSuspended
from messages.values import Ban, Reason
from rulebook import reason

from review.domain.case import Case
from review.domain.closing import closed
from review.domain.record import Step


@dataclass(frozen=True)
class Standing:
    """One document per USCC, on which a ban lies whatever the unit's name (B1).

    It is saved by whoever opens or stops a case: two at once can never miss each other.
    """

    uscc: str
    cases: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Applications withdrawn, their case perhaps not heard of yet."""
    bans: tuple[Banned, ...] = ()
    ineligible: tuple[Ineligible, ...] = ()
    """Applications that lost what Art. 12 asks for, their case perhaps not heard of yet."""

    def with_case(self, case_id: str) -> Standing:
        return replace(self, cases=tuple(dict.fromkeys((*self.cases, case_id))))

    def with_withdrawal(self, case_id: str) -> Standing:
        return replace(self, withdrawn=tuple(dict.fromkeys((*self.withdrawn, case_id))))

    def with_ban(self, banned: Banned) -> Standing:
        return replace(self, bans=tuple(dict.fromkeys((*self.bans, banned))))

    def with_ineligible(self, lost: Ineligible) -> Standing:
        return replace(self, ineligible=tuple(dict.fromkeys((*self.ineligible, lost))))

    def ineligible_for(self, case_id: str) -> Ineligible | None:
        return next((each for each in self.ineligible if each.case_id == case_id), None)

    def ban_on(self, day: date) -> Banned | None:
        """The ban that stops an open application on ``day``: one that has not ended yet."""
        return next((each for each in self.bans if each.last_day >= day), None)


@dataclass(frozen=True)
class Banned:
    first_day: date
    last_day: date
    document_number: str


@dataclass(frozen=True)
class Ineligible:
    """A fact became known after acceptance: which application it ends, and why."""

    case_id: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class AssessorStanding:
    """One document per assessor: its cases, and the sanction against it."""

    uscc: str
    cases: tuple[str, ...] = ()
    ban: Ban | None = None
    document_number: str | None = None
    heard: int = 0
    """Sequence of the last fact about it: an older one that comes later changes nothing."""

    def with_case(self, case_id: str) -> AssessorStanding:
        return replace(self, cases=tuple(dict.fromkeys((*self.cases, case_id))))

    def sanctioned_on(self, day: date) -> str | None:
        """The document of the sanction that holds on ``day``."""
        return self.document_number if self.ban is not None and day <= self.ban.last_day else None


def stopped_by_ban(case: Case, banned: Banned, today: date) -> Step:
    """Art. 25: an open application of a removed unit is stopped, whatever its stage (B2)."""
    return closed(case, "ineligible", (ban_reason(banned),), today)


def ban_reason(banned: Banned) -> Reason:
    text = f"该单位已被移出绿色制造体系示范名单，{banned.last_day.isoformat()}前不得重新申报"
    return reason(
        "B2", "unit-banned", text, evidence=f"{banned.document_number}: {banned.first_day}..{banned.last_day}"
    )


def withdrawn(case: Case, today: date) -> Step:
    words = reason("A5", "application-withdrawn", "申报单位撤回申报")
    return closed(case, "withdrawn", (words,), today)


def stopped_as_ineligible(case: Case, lost: Ineligible, today: date) -> Step:
    """V10: what made the unit eligible is gone, so the case ends whatever its stage, also after its notice."""
    return closed(case, "ineligible", lost.reasons, today)


def suspended(case: Case, document_number: str, today: date) -> Step:
    """S2: what rests on the report of a sanctioned assessor goes no further."""
    return Step(
        replace(case, suspended_by=document_number),
        what="suspended",
        rule="S2",
        why="出具评价报告的第三方服务机构被通报，该项目中止办理",
        seen={"state": case.state, "document": document_number},
        events=(CaseSuspended(**case.facts(), document_number=document_number, suspended_on=today),),
    )


def resumed(case: Case, document_number: str, today: date) -> Step:
    return Step(
        replace(case, suspended_by=None),
        what="resumed",
        rule="S4",
        why="对第三方服务机构的通报已撤销，该项目恢复办理",
        seen={"state": case.state, "document": document_number},
        events=(CaseResumed(**case.facts(), resumed_on=today),),
    )
