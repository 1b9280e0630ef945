"""Events of the applications service."""

from __future__ import annotations

from datetime import date, datetime

from messages.event import Event
from messages.records import RecordHeads
from messages.values import (
    Evaluation,
    FileRef,
    Identifier,
    IndicatorValue,
    Level,
    MandatoryItemAnswer,
    Number,
    PersonRef,
    Prefecture,
    Reason,
    SchemeRef,
    Text,
    UnitRef,
    Uscc,
    Value,
)


class Application(Value):
    """The fields of every event about an application."""

    application_id: Identifier
    unit: UnitRef
    level: Level
    batch_year: int
    evaluation: Evaluation
    rule_set: str
    """Version of the rule set the application was checked under (G2)."""


class ApplicationSubmitted(Application, Event, type="applications.application.submitted.v1", subject="application_id"):
    """Every check that rests on the applicant's own papers was passed; an assessor's report still needs an item."""

    submitted_at: datetime
    submitted_on: date
    """The legal date, Asia/Shanghai (T1)."""
    submission: int
    """Which submission of the application it is, counted from 1 (A6)."""


class ApplicationAccepted(Application, Event, type="applications.application.accepted.v1", subject="application_id"):
    """Checks passed and, with an assessor's report, the item reserved: the frozen application (Art. 14(1))."""

    submitted_at: datetime
    submitted_on: date
    scheme: SchemeRef
    indicators: tuple[IndicatorValue, ...]
    mandatory_items: tuple[MandatoryItemAnswer, ...]
    self_score: Number
    """Score of the evaluation report under the scheme, 0 to 100."""
    evidence: tuple[FileRef, ...]
    legal_representative: PersonRef
    group: str | None = None
    """Name of the group the unit belongs to, for conflicts of interest (V5)."""
    justification: str | None = None
    """Why a unit that is on no lower list is put forward all the same (E10)."""
    submitted_by: str | None = None
    """Subject of the person who submitted it for the unit and may not judge it (P3)."""


class UnitMoved(Event, type="applications.unit.moved.v1", subject="uscc"):
    """An organisation belongs to another prefecture from that day on; its cases under way stay (R36)."""

    uscc: Uscc
    former: Prefecture
    prefecture: Prefecture
    moved_on: date
    document_number: Text

    @property
    def prefectures(self) -> tuple[Prefecture, ...]:
        """Both that it concerns."""
        return self.former, self.prefecture


class CodeRecorded(Event, type="applications.code.recorded.v1", subject="uscc", sharing="public"):
    """A code that fails its check is genuine, as a document shows: from now on it may be entered everywhere."""

    uscc: Uscc
    document_number: Text
    recorded_on: date


class ApplicationRefused(Application, Event, type="applications.application.refused.v1", subject="application_id"):
    refused_on: date
    reasons: tuple[Reason, ...]


class ApplicationWithdrawn(Application, Event, type="applications.application.withdrawn.v1", subject="application_id"):
    withdrawn_on: date
    initial_review_accepted: bool
    """Initial review had accepted it before: its item stays used (Q5)."""


class EligibilityLost(
    Application, Event, type="applications.application.eligibility-lost.v1", subject="application_id"
):
    """A condition fails after acceptance: what is under way stops, whatever its stage.

    A fact of Art. 12(5) became known (V10), or the region asked again as it took the case in (V5).
    """

    lost_on: date
    reasons: tuple[Reason, ...]


class ApplicationRecordHeadsPublished(
    RecordHeads, Event, type="applications.record.heads-published.v1", subject="service", sharing="internal"
):
    """The heads of this service's records are anchored; another service keeps the digest (V14)."""
