"""Events of the review service."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from messages.event import Event
from messages.review.draw import DrawCommitted as DrawCommitted
from messages.review.draw import DrawRevealed as DrawRevealed
from messages.review.public_notice import ObjectionReceiptOverdue as ObjectionReceiptOverdue
from messages.review.public_notice import PublicNoticeConcluded as PublicNoticeConcluded
from messages.review.public_notice import PublicNoticeOpened as PublicNoticeOpened
from messages.review.record_heads import CaseRecordHeadsPublished as CaseRecordHeadsPublished
from messages.values import (
    AssessorRef,
    Department,
    Identifier,
    IndicatorValue,
    Level,
    Number,
    Reason,
    SchemeRef,
    Text,
    UnitRef,
    Value,
)

Outcome = Literal[
    "initial_review_refused",
    "late",
    "mandatory_item_failed",
    "below_pass_mark",
    "beyond_cap",
    "objection_upheld",
    "withdrawn",
    "ineligible",
]


class Stage(StrEnum):
    """The stages of a case in the order of Art. 14(2) and (3); the last three end it."""

    CONSULTING = "consulting"
    """Open before the prefecture department, three other departments asked."""
    INITIAL_REVIEW_ACCEPTED = "initial_review_accepted"
    OPINION_ISSUED = "opinion_issued"
    FORWARDED = "forwarded"
    """Before the region, no panel yet."""
    PANEL_APPOINTED = "panel_appointed"
    SCORING = "scoring"
    """At least one expert has signed."""
    SCORED = "scored"
    SITE_ORDERED = "site_ordered"
    SITE_RECORDED = "site_recorded"
    RANKED = "ranked"
    """Selected; waits for the public notice."""
    IN_NOTICE = "in_notice"
    CLEARED = "cleared"
    LISTED = "listed"
    """On an announced list: nothing stops it any more."""
    LATE = "late"
    CLOSED = "closed"


class Case(Value):
    """The fields of every event about a case; a case bears the identifier of its application."""

    proves_acceptance: ClassVar[bool]
    """Whether it happens only after initial review accepted the case; every event answers for itself (Q5)."""

    case_id: Identifier
    unit: UnitRef
    level: Level
    batch_year: int
    assessor: AssessorRef | None = None
    rule_set: str
    """Version of the rule set the case keeps to its end (G2, G3)."""


class CaseOpened(Case, Event, type="review.case.opened.v1", subject="case_id"):
    proves_acceptance = False
    opened_on: date


class ConsultationOpened(Case, Event, type="review.case.consultation-opened.v1", subject="case_id"):
    proves_acceptance = False
    departments: tuple[Department, ...]
    due: date
    article: str
    """Article that the due day rests on (G3)."""
    provisional: bool
    """The due day falls in a year whose working days are not published yet (T3)."""


class ConsultationReminded(Case, Event, type="review.case.consultation-reminded.v1", subject="case_id"):
    """Reminds, once before the due day, the departments that have not answered yet (V2)."""

    proves_acceptance = False
    departments: tuple[Department, ...]
    due: date


class ConsultationAnswered(Case, Event, type="review.case.consultation-answered.v1", subject="case_id"):
    proves_acceptance = False
    department: Department
    opinion: Literal["agree", "object", "overdue"]
    answered_on: date


class InitialReviewAccepted(Case, Event, type="review.case.initial-review-accepted.v1", subject="case_id"):
    proves_acceptance = True
    accepted_on: date


class InitialReviewRefused(Case, Event, type="review.case.initial-review-refused.v1", subject="case_id"):
    proves_acceptance = False
    refused_on: date
    reasons: tuple[Reason, ...]


class OpinionIssued(Case, Event, type="review.case.opinion-issued.v1", subject="case_id"):
    proves_acceptance = True
    number: Text
    """Number of the opinion document, unique in the prefecture and year (V3)."""
    issued_on: date
    conclusion: Literal["recommended", "not_recommended"]


class CaseForwarded(Case, Event, type="review.case.forwarded.v1", subject="case_id"):
    proves_acceptance = True
    forwarded_on: date


class PanelAppointed(Case, Event, type="review.case.panel-appointed.v1", subject="case_id"):
    proves_acceptance = True
    experts: tuple[Identifier, ...]
    chair: Identifier
    appointed_on: date


class ScoreSheetSigned(Case, Event, type="review.case.score-sheet-signed.v1", subject="case_id", sharing="internal"):
    proves_acceptance = True
    expert: Identifier
    signed_on: date
    signed: int
    panel_size: int


class DeviationFlagged(Case, Event, type="review.case.deviation-flagged.v1", subject="case_id", sharing="internal"):
    """The score waits until somebody has confirmed it or sent the sheets back (V6)."""

    proves_acceptance = True
    deviating: tuple[Identifier, ...]
    """Experts whose totals lie too far from the panel's."""
    experts: tuple[Identifier, ...]
    """Who may decide: the chair, or for the chair's own sheet those whose sheets do not deviate; none: the region."""
    flagged_on: date


class ScoreSheetsReturned(
    Case, Event, type="review.case.score-sheets-returned.v1", subject="case_id", sharing="internal"
):
    """The sheets have lost their signatures and are to be signed anew (V6)."""

    proves_acceptance = True
    experts: tuple[Identifier, ...]
    """Whose sheets they are."""
    text: Text
    returned_on: date


class PanelDissolved(Case, Event, type="review.case.panel-dissolved.v1", subject="case_id"):
    """Too few experts without conflict are left: a new panel is to be appointed (V5)."""

    proves_acceptance = True
    experts: tuple[Identifier, ...]
    """Who sat on it, and from now on has no part in the case."""
    dissolved_on: date


class SiteVerificationOrdered(Case, Event, type="review.case.site-verification-ordered.v1", subject="case_id"):
    proves_acceptance = True
    ground: Literal["panel_request", "borderline", "random_draw"]
    ordered_on: date


class SiteVerificationRecorded(Case, Event, type="review.case.site-verification-recorded.v1", subject="case_id"):
    proves_acceptance = True
    recorded_on: date
    changed: tuple[IndicatorValue, ...]
    """Indicator values as found on site, where they differ from the report (V7)."""


class CaseScored(Case, Event, type="review.case.scored.v1", subject="case_id", sharing="internal"):
    proves_acceptance = True
    scheme: SchemeRef
    score: Number
    energy_carbon_score: Number
    failed_mandatory_items: tuple[Identifier, ...]
    scored_on: date


class PublicNoticeEntered(Case, Event, type="review.case.notice-entered.v1", subject="case_id"):
    """The public notice that shows the unit has begun; from here on it cannot withdraw (A5, V9)."""

    proves_acceptance = True
    notice_id: Identifier
    rank: Annotated[int, Field(ge=1)]
    """Rank among the units of the same type."""
    opened_on: date
    published_end: date


class ObjectionLodged(Case, Event, type="review.case.objection-lodged.v1", subject="case_id"):
    """The first objection of the day against the case; it holds nothing up (V18). Only the region knows who objects."""

    proves_acceptance = True
    objection_id: Identifier
    notice_id: Identifier
    lodged_on: date


class ObjectionReceived(Case, Event, type="review.case.objection-received.v1", subject="case_id"):
    """The region has found name, contact and facts: from here on the case waits for the decision (V9, V18)."""

    proves_acceptance = True
    objection_id: Identifier
    notice_id: Identifier
    received_on: date


class ObjectionNotReceived(
    Case, Event, type="review.case.objection-not-received.v1", subject="case_id", sharing="internal"
):
    """The region has not received it; the reasons are the objector's and on the case's record (V18)."""

    proves_acceptance = True
    objection_id: Identifier
    notice_id: Identifier
    decided_on: date


class ObjectionResolved(Case, Event, type="review.case.objection-resolved.v1", subject="case_id"):
    proves_acceptance = True
    objection_id: Identifier
    notice_id: Identifier
    upheld: bool
    resolved_on: date
    text: Text


class CaseCleared(Case, Event, type="review.case.cleared.v1", subject="case_id"):
    """The notice ended with no open objection: ready for the annual list (V10)."""

    proves_acceptance = True
    notice_id: Identifier
    score: Number
    cleared_on: date


class CaseClosed(Case, Event, type="review.case.closed.v1", subject="case_id"):
    """The case ends without a listing."""

    proves_acceptance = False
    outcome: Outcome
    reasons: tuple[Reason, ...]
    closed_on: date
    initial_review_accepted: bool
    """Whether initial review had accepted it before (Q5, S6)."""


class CaseSuspended(Case, Event, type="review.case.suspended.v1", subject="case_id"):
    """The assessor whose report it rests on was sanctioned: it goes on only with a new report (Art. 31)."""

    proves_acceptance = False
    document_number: Text
    suspended_on: date


class CaseResumed(Case, Event, type="review.case.resumed.v1", subject="case_id"):
    """The sanction no longer holds."""

    proves_acceptance = False
    resumed_on: date


def stage_of(event: type[Event]) -> str:
    """The stage that an event about a case begins, in one word as in ``initial_review_accepted``."""
    return event.fact.replace("-", "_")


STAGES_AFTER_ACCEPTANCE: Final = frozenset(
    stage_of(event) for event in Event.__subclasses__() if issubclass(event, Case) and event.proves_acceptance
)
"""Stages that a case reaches only after initial review accepted it."""
