"""One quota item: an application's claim on the yearly quota, reserved, confirmed or released (Q5, Q6)."""

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
    """The purpose of an assessor's report."""

    CREATION = "creation"
    RECHECK = "recheck"
    REEVALUATION = "reevaluation"


class ItemState(StrEnum):
    AWAITING = "awaiting"
    """Requested, and takes no place until the assessor has given its word."""
    RESERVED = "reserved"
    """Counts until initial review decides."""
    CONFIRMED = "confirmed"
    """Accepted by initial review: counts whatever the outcome."""
    RELEASED = "released"
    """Ended before that, perhaps before anything was reserved."""
    REFUSED = "refused"
    """Requested and not granted."""


IN_USE = (ItemState.RESERVED, ItemState.CONFIRMED)


@dataclass(frozen=True)
class QuotaItem:
    """The item of one application.

    The sequences are those of the latest submission and the latest end received: events may overtake each other on
    their way, and the sequences show the order.
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
    """Day of its submission: it counts with whoever represented the assessor then (Q4)."""
    reserved_at: datetime | None = None
    """Since when it waits for initial review, or waited."""
    refused_for: tuple[str, ...] = ()
    """Codes of the reasons, where it was refused."""
    refused_as: str | None = None
    """The first of them, by which refusals are counted."""
    submission: int = 0
    """Which submission of the application it answers."""
    answer_by: date | None = None
    """Last day of the assessor's word, where it was awaited."""
    next_on: date | None = None
    """Day of the reminder, then the first one after ``answer_by``; of use only while the word is awaited."""
    denied: bool = False
    """The assessor has said that it was named falsely: no acceptance takes the place back."""
    last_submission_sequence: int = 0
    last_end_sequence: int = 0
    case_closed: bool = False
    """Review has closed the case: the application gets no item any more."""

    def event_fields(self) -> dict[str, Any]:
        """Return the fields of every event about it."""
        return {
            "application_id": self.application_id,
            "assessor": self.assessor,
            "year": self.year,
            "rule_set": self.rule_set,
        }

    def answer_fields(self) -> dict[str, Any]:
        """Return the fields of every answer to the submission it is of."""
        return {**self.event_fields(), "submission": self.submission}

    @property
    def in_use(self) -> bool:
        return self.state in IN_USE

    def is_outdated(self, submission: int) -> bool:
        """Whether that submission was answered already, or had ended before it was received (Q6)."""
        return self.case_closed or submission <= max(self.last_submission_sequence, self.last_end_sequence)

    def is_granted_for(self, assessor: AssessorRef) -> bool:
        """Whether a new submission keeps the item (Q6): not when the report is now by another assessor."""
        same = self.assessor.uscc == assessor.uscc
        return self.state is ItemState.CONFIRMED or (self.state is ItemState.RESERVED and same)

    @property
    def submission_day(self) -> date:
        return self.submitted_on or date(self.year, 1, 1)

    def granted(self, now: datetime) -> QuotaItem:
        return replace(self, state=ItemState.RESERVED, reserved_at=now)

    def awaiting(self, reminded_on: date, answer_by: date) -> QuotaItem:
        return replace(self, state=ItemState.AWAITING, answer_by=answer_by, next_on=reminded_on)

    def refused(self, reasons: Iterable[Reason]) -> QuotaItem:
        codes = tuple(dict.fromkeys(each.code for each in reasons))
        return replace(self, state=ItemState.REFUSED, refused_for=codes, refused_as=codes[0])

    def carried_to(self, ledger: str) -> QuotaItem:
        """Return the item counted in ``ledger`` as well, as the last: the present representative's (Q4)."""
        return replace(self, ledgers=(*(key for key in self.ledgers if key != ledger), ledger))

    def released(self) -> QuotaItem:
        """Return it released if it was only requested or reserved; a confirmed item stays used (Q5)."""
        waiting = (ItemState.AWAITING, ItemState.RESERVED)
        return replace(self, state=ItemState.RELEASED) if self.state in waiting else self

    def confirmed(self) -> QuotaItem:
        return replace(self, state=ItemState.CONFIRMED) if self.state is ItemState.RESERVED else self

    @property
    def released_after_grant(self) -> bool:
        """Whether it was granted and then released: initial review's acceptance may have been on its way then (Q5)."""
        return self.state is ItemState.RELEASED and bool(self.ledgers) and not self.denied


def counts_as_item(work: EvaluationKind, rules: RuleSet) -> bool:
    """Whether the report uses an item: that of a recheck or re-evaluation depends on the reading (Q1)."""
    return work is EvaluationKind.CREATION or rules.readings.recheck_counts_as_item


def ended_after_initial_review(end: ApplicationEnd | CaseEnd) -> bool:
    """Whether initial review had accepted the application before: the item stays used (Q5)."""
    return isinstance(end, ApplicationWithdrawn | CaseClosed) and end.initial_review_accepted


def new_item(submitted: ApplicationSubmitted, assessor: AssessorRef, year: int, rules: RuleSet) -> QuotaItem:
    """Return the item of a submission, refused until a ledger grants it."""
    return QuotaItem(
        application_id=submitted.application_id,
        year=year,
        unit=submitted.unit,
        assessor=assessor,
        state=ItemState.REFUSED,
        rule_set=rules.version,
        submitted_on=submitted.submitted_on,
        submission=submitted.submission,
        last_submission_sequence=submitted.sequence,
    )


def item_for_early_end(end: ApplicationEnd, assessor: AssessorRef) -> QuotaItem:
    """Return the record of an end received before its submission, so that the submission finds it (Q6)."""
    return QuotaItem(
        end.application_id, end.batch_year, end.unit, assessor, ItemState.RELEASED, last_end_sequence=end.sequence
    )


def item_for_early_closing(end: CaseEnd, assessor: AssessorRef) -> QuotaItem:
    return QuotaItem(end.case_id, end.batch_year, end.unit, assessor, ItemState.RELEASED, case_closed=True)
