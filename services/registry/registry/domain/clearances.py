"""What review says of a case, as the list sees it: cleared, dropped, frozen on a list, announced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from messages.review import Case, CaseCleared, CaseClosed
from messages.values import AssessorRef, Level, Reason, UnitRef


class ClearanceState(StrEnum):
    WAITING = "waiting"
    """On the draft of its year."""
    FROZEN = "frozen"
    """On a list that is closed and not announced yet."""
    ANNOUNCED = "announced"
    DROPPED = "dropped"
    """The case ended without a listing."""


@dataclass(frozen=True)
class Dropped:
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
    cleared_on: date | None = None
    dropped: Dropped | None = None
    list_id: str | None = None


def cleared(known: Clearance | None, event: CaseCleared) -> Clearance:
    """A closing that overtook its clearance wins: a case never opens again (B2, whatever the order)."""
    state = ClearanceState.WAITING if known is None else known.state
    return replace(known or _of(event), state=state, cleared_on=event.cleared_on)


def dropped(known: Clearance | None, event: CaseClosed) -> Clearance:
    """An announced line stays announced: a listing ends by removal only (L4)."""
    end = Dropped(event.outcome, event.reasons, event.closed_on)
    clearance = known or _of(event)
    state = clearance.state if clearance.state is ClearanceState.ANNOUNCED else ClearanceState.DROPPED
    return replace(clearance, state=state, dropped=end)


def frozen(clearance: Clearance, list_id: str) -> Clearance:
    return replace(clearance, state=ClearanceState.FROZEN, list_id=list_id)


def unfreeze(clearance: Clearance) -> Clearance:
    """Taken off a closed list; what was dropped in the meantime stays dropped."""
    state = ClearanceState.WAITING if clearance.state is ClearanceState.FROZEN else clearance.state
    return replace(clearance, state=state, list_id=None)


def announced(clearance: Clearance) -> Clearance:
    return replace(clearance, state=ClearanceState.ANNOUNCED)


def _of(case: Case) -> Clearance:
    return Clearance(case.case_id, case.level, case.batch_year, case.unit, case.assessor, ClearanceState.DROPPED)
