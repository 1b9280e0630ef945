"""One item: what became of one application's place in the yearly quota (Q5, Q6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.review import CaseClosed, InitialReviewRefused
from messages.values import AssessorRef, Reason, UnitRef
from rulebook import RuleSet

ApplicationEnd: TypeAlias = ApplicationWithdrawn | ApplicationRefused
CaseEnd: TypeAlias = InitialReviewRefused | CaseClosed


class EvaluationKind(StrEnum):
    """What an assessor's report is written for."""

    CREATION = "creation"
    RECHECK = "recheck"
    REEVALUATION = "reevaluation"


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
class QuotaItem:
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
    submitted_on: date | None = None
    """Day of the submission it was asked for with: who represented the assessor then counts it (Q4)."""
    reserved_at: datetime | None = None
    """Since when it waits for the word of initial review, or waited."""
    refused_for: tuple[str, ...] = ()
    """Codes of the reasons, where it was refused."""
    asked: int = 0
    ended: int = 0
    final: bool = False
    """Review has closed the case: nothing can be asked for this application any more."""

    def event_fields(self) -> dict[str, Any]:
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

    def is_outdated(self, submission: int) -> bool:
        """Whether that submission was answered already, or had ended before it was heard (Q6)."""
        return self.final or submission <= max(self.asked, self.ended)

    def is_granted_for(self, assessor: AssessorRef) -> bool:
        """Asking again gets the same item (Q6), unless the report is now by another assessor."""
        same = self.assessor.uscc == assessor.uscc
        return self.state is ItemState.CONFIRMED or (self.state is ItemState.RESERVED and same)

    @property
    def submission_day(self) -> date:
        return self.submitted_on or date(self.year, 1, 1)

    def granted(self, now: datetime) -> QuotaItem:
        return replace(self, state=ItemState.RESERVED, reserved_at=now)

    def refused(self, reasons: Iterable[Reason]) -> QuotaItem:
        return replace(self, state=ItemState.REFUSED, refused_for=tuple(dict.fromkeys(each.code for each in reasons)))

    def carried_to(self, ledger: str) -> QuotaItem:
        """Counts there as well and stays where it is; the present representative's ledger is the last (Q4)."""
        return replace(self, ledgers=(*(key for key in self.ledgers if key != ledger), ledger))

    def released(self) -> QuotaItem:
        """Only what is merely reserved is given back; a confirmed item stays used (Q5)."""
        return replace(self, state=ItemState.RELEASED) if self.state is ItemState.RESERVED else self

    def confirmed(self) -> QuotaItem:
        return replace(self, state=ItemState.CONFIRMED) if self.state is ItemState.RESERVED else self

    @property
    def released_after_grant(self) -> bool:
        """Granted once and released: the word of initial review may have been on its way then (Q5)."""
        return self.state is ItemState.RELEASED and bool(self.ledgers)


def counts_as_item(work: EvaluationKind, rules: RuleSet) -> bool:
    """Whether the report takes a place of the quota: a recheck's and a re-evaluation's by the reading (Q1)."""
    return work is EvaluationKind.CREATION or rules.readings.recheck_counts_as_item


def ended_after_initial_review(end: ApplicationEnd | CaseEnd) -> bool:
    """Whether initial review had accepted the application before: the item stays used (Q5)."""
    return isinstance(end, ApplicationWithdrawn | CaseClosed) and end.initial_review_accepted


def new_item(submitted: ApplicationSubmitted, assessor: AssessorRef, year: int, rules: RuleSet) -> QuotaItem:
    """The item of a submission, refused until a ledger grants it."""
    return QuotaItem(
        application_id=submitted.application_id,
        year=year,
        unit=submitted.unit,
        assessor=assessor,
        state=ItemState.REFUSED,
        rule_set=rules.version,
        submitted_on=submitted.submitted_on,
        asked=submitted.sequence,
    )


def item_for_early_end(end: ApplicationEnd, assessor: AssessorRef) -> QuotaItem:
    """Keeps an end that was heard before its submission, so that the submission finds it (Q6)."""
    return QuotaItem(end.application_id, end.batch_year, end.unit, assessor, ItemState.RELEASED, ended=end.sequence)


def item_for_early_closing(end: CaseEnd, assessor: AssessorRef) -> QuotaItem:
    return QuotaItem(end.case_id, end.batch_year, end.unit, assessor, ItemState.RELEASED, final=True)
