"""Cases of review on their way to the list: cleared, dropped, frozen on a list, announced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from messages.review import Case, CaseCleared, CaseClosed
from messages.values import AssessorRef, Level, Reason, UnitRef

from registry.domain.lines import printed_place


class ClearanceState(StrEnum):
    WAITING = "waiting"
    """On the draft of its year."""
    FROZEN = "frozen"
    """On a list that is closed and not announced yet."""
    ANNOUNCED = "announced"
    DROPPED = "dropped"
    """The case ended without a listing."""


@dataclass(frozen=True)
class CaseEnd:
    outcome: str
    reasons: tuple[Reason, ...]
    closed_on: date


@dataclass(frozen=True)
class Clearance:
    """One case of review on its way to the list, known by its case identifier."""

    case_id: str
    level: Level
    year: int
    unit: UnitRef
    assessor: AssessorRef | None
    state: ClearanceState
    place: str
    """Its place in print, by which a list is composed page by page."""
    cleared_on: date | None = None
    notice_id: str | None = None
    """The notice by whose conclusion it was cleared."""
    end: CaseEnd | None = None
    edition: str | None = None
    """The closing it was frozen by, kept when the case ends: an announcement of those lines finds it struck."""


def record_clearance(known: Clearance | None, event: CaseCleared) -> Clearance:
    """Record the clearance; a closing that arrived before it wins: a case never opens again (B2)."""
    state = ClearanceState.WAITING if known is None else known.state
    return replace(known or _clearance_of(event), state=state, cleared_on=event.cleared_on, notice_id=event.notice_id)


def record_closing(known: Clearance | None, event: CaseClosed) -> Clearance:
    """Record the end of the case; an announced line stays announced: a listing ends by removal only (L4)."""
    end = CaseEnd(event.outcome, event.reasons, event.closed_on)
    clearance = known or _clearance_of(event)
    state = clearance.state if clearance.state is ClearanceState.ANNOUNCED else ClearanceState.DROPPED
    return replace(clearance, state=state, end=end)


def freeze(clearance: Clearance, edition: str) -> Clearance:
    return replace(clearance, state=ClearanceState.FROZEN, edition=edition)


def unfreeze(clearance: Clearance) -> Clearance:
    """Take the case off a closed list; one that was dropped in the meantime stays dropped."""
    state = ClearanceState.WAITING if clearance.state is ClearanceState.FROZEN else clearance.state
    return replace(clearance, state=state, edition=None)


def mark_announced(clearance: Clearance) -> Clearance:
    """Mark the case announced, also one that ended while its list, already announced, was still being entered (L4)."""
    return replace(clearance, state=ClearanceState.ANNOUNCED)


def _clearance_of(case: Case) -> Clearance:
    return Clearance(
        case_id=case.case_id,
        level=case.level,
        year=case.batch_year,
        unit=case.unit,
        assessor=case.assessor,
        state=ClearanceState.DROPPED,
        place=printed_place(case.unit, case.case_id),
    )
