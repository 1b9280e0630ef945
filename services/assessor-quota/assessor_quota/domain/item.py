"""One item: what became of one application's place in the yearly quota (Q5, Q6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.review import CaseClosed, InitialReviewRefused
from messages.values import AssessorRef, UnitRef
from rulebook import RuleSet

ApplicationEnd: TypeAlias = ApplicationWithdrawn | ApplicationRefused
CaseEnd: TypeAlias = InitialReviewRefused | CaseClosed

AFTER_INITIAL_REVIEW = frozenset(
    {
        "late",
        "mandatory_item_failed",
        "below_pass_mark",
        "beyond_cap",
        "objection_upheld",
    }
)
"""Outcomes of cases that initial review had accepted: their items stay used, even if that is heard later (Q5)."""

TOLD_BY_THE_APPLICATION = frozenset({"withdrawn"})
"""Outcomes that do not tell whether initial review had accepted the case, while the withdrawal itself does."""


class ItemState(StrEnum):
    RESERVED = "reserved"
    """Counts until initial review decides."""
    CONFIRMED = "confirmed"
    """Accepted by initial review: counts whatever the outcome."""
    RELEASED = "released"
    """Ended before that, or so soon that nothing had been reserved yet."""
    REFUSED = "refused"
    """Asked for and not granted."""


IN_USE = (ItemState.RESERVED, ItemState.CONFIRMED)


@dataclass(frozen=True)
class Item:
    """What became of one application's item.

    ``asked`` and ``ended`` are the sequences of the application's latest submission and latest end that were heard:
    events may overtake each other on their way, their sequences tell.
    """

    application_id: str
    year: int
    unit: UnitRef
    assessor: AssessorRef
    state: ItemState
    ledgers: tuple[str, ...] = ()
    """Keys of the ledgers it has a line in; none when it was never granted."""
    rule_set: str | None = None
    """Version it was decided under (G3)."""
    asked: int = 0
    ended: int = 0
    final: bool = False
    """Review has closed the case: nothing can be asked for this application any more."""

    def facts(self) -> dict[str, Any]:
        """What every event about it tells."""
        return {
            "application_id": self.application_id,
            "assessor": self.assessor,
            "year": self.year,
            "rule_set": self.rule_set,
        }

    @property
    def in_use(self) -> bool:
        return self.state in IN_USE

    def overtook(self, submission: int) -> bool:
        """Whether that submission was answered already, or had ended before it was heard (Q6)."""
        return self.final or submission <= max(self.asked, self.ended)

    def stays_for(self, assessor: AssessorRef) -> bool:
        """Asking again gets the same item (Q6), unless the report is now by another assessor."""
        same = self.assessor.uscc == assessor.uscc
        return self.state is ItemState.CONFIRMED or (self.state is ItemState.RESERVED and same)

    def granted(self, ledger: str) -> Item:
        return replace(self, state=ItemState.RESERVED, ledgers=(ledger,))

    def released(self) -> Item:
        """Only what is merely reserved is given back; a confirmed item stays used (Q5)."""
        return replace(self, state=ItemState.RELEASED) if self.state is ItemState.RESERVED else self

    def confirmed(self) -> Item:
        """Only what is reserved is confirmed: a place given back may be another application's by now (Q2)."""
        return replace(self, state=ItemState.CONFIRMED) if self.state is ItemState.RESERVED else self


def keeps_item(end: ApplicationEnd) -> bool:
    """Whether initial review had accepted the application before it ended: its item stays used (Q5)."""
    return isinstance(end, ApplicationWithdrawn) and end.initial_review_accepted


def gives_item_back(end: CaseEnd) -> bool:
    """Whether the case ended before initial review accepted it (Q5)."""
    return not (isinstance(end, CaseClosed) and end.outcome in AFTER_INITIAL_REVIEW | TOLD_BY_THE_APPLICATION)


def asked(submitted: ApplicationSubmitted, assessor: AssessorRef, year: int, rules: RuleSet) -> Item:
    """The item of a submission, refused until a ledger grants it."""
    return Item(
        application_id=submitted.application_id,
        year=year,
        unit=submitted.unit,
        assessor=assessor,
        state=ItemState.REFUSED,
        rule_set=rules.version,
        asked=submitted.sequence,
    )


def ended_unasked(end: ApplicationEnd, assessor: AssessorRef) -> Item:
    """Keeps an end that was heard before its submission, so that the submission finds it (Q6)."""
    return Item(end.application_id, end.batch_year, end.unit, assessor, ItemState.RELEASED, ended=end.sequence)


def closed_unasked(end: CaseEnd, assessor: AssessorRef) -> Item:
    return Item(end.case_id, end.batch_year, end.unit, assessor, ItemState.RELEASED, final=True)
