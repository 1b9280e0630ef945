"""Courses: what applications, review and the registry said about one application, in whatever order it was heard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeAlias, TypeVar

from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.registry import UnitListed
from messages.review import CaseClosed, InitialReviewAccepted, InitialReviewRefused
from messages.values import AssessorRef, UnitRef
from rulebook import rules_on

from assessor_quota.domain.item import (
    ApplicationEnd,
    ended_after_initial_review,
)
from assessor_quota.domain.ledger import counting_year

OfApplication: TypeAlias = ApplicationSubmitted | ApplicationWithdrawn | ApplicationRefused
OfCase: TypeAlias = InitialReviewAccepted | InitialReviewRefused | CaseClosed
ProgressEvent: TypeAlias = OfApplication | OfCase | UnitListed


class ProgressStatus(StrEnum):
    NOT_RECEIVED = "unheard"
    """Its submission is still on its way."""
    SELF_EVALUATED = "self_evaluated"
    """No assessor's: counted nowhere."""
    WAITING = "waiting"
    """Initial review has not decided yet."""
    UNDER_REVIEW = "under_review"
    """Accepted by initial review; how it ends is not known yet."""
    DROPPED = "dropped"
    """Ended before initial review decided: not concluded (S6)."""
    FAILED = "failed"
    LISTED = "listed"


CONCLUDED = frozenset({ProgressStatus.FAILED, ProgressStatus.LISTED})


@dataclass(frozen=True)
class Submission:
    sequence: int
    assessor: AssessorRef | None
    unit: UnitRef
    year: int
    """The counting year (Q3)."""


@dataclass(frozen=True)
class End:
    """The application was withdrawn or refused, or its case was closed."""

    sequence: int
    gives_back: bool
    """Whether the item is given back by it (Q5)."""


@dataclass(frozen=True)
class ApplicationProgress:
    """Of submissions and ends the latest said is kept, of all else that it was said: the order makes no difference."""

    application_id: str
    submission: Submission | None = None
    end: End | None = None
    closing: End | None = None
    accepted: bool = False
    """Initial review accepted it, as itself or the end of the application or the case told."""
    turned_down: bool = False
    """Refused by initial review."""
    listed_on: date | None = None

    @property
    def standing(self) -> ProgressStatus:
        if self.submission is None:
            return ProgressStatus.NOT_RECEIVED
        if self.submission.assessor is None:
            return ProgressStatus.SELF_EVALUATED
        if self.listed_on is not None:
            return ProgressStatus.LISTED
        if self._over:
            return ProgressStatus.FAILED if self.accepted or self.turned_down else ProgressStatus.DROPPED
        return ProgressStatus.UNDER_REVIEW if self.accepted else ProgressStatus.WAITING

    @property
    def gave_item_back(self) -> bool:
        """Whether something was heard that gives back an item merely reserved (Q5)."""
        by_application = self._ended and self.end is not None and self.end.gives_back
        by_review = self.turned_down or (self.closing is not None and self.closing.gives_back)
        return by_application or by_review

    @property
    def _over(self) -> bool:
        return self._ended or self.closing is not None or self.turned_down

    @property
    def _ended(self) -> bool:
        """Whether the application ended after it was submitted last."""
        if self.end is None:
            return False
        return self.submission is None or self.submission.sequence < self.end.sequence


@dataclass(frozen=True)
class CountedApplication:
    """What a course counts for (S6)."""

    application_id: str
    assessor: AssessorRef
    unit: UnitRef
    year: int
    concluded: bool
    listed: bool


def application_id_of(event: ProgressEvent) -> str:
    """The application the event is about; a case bears its identifier."""
    if isinstance(event, OfApplication):
        return event.application_id
    return event.case_id


def may_concern_assessor(event: ProgressEvent) -> bool:
    """Whether the event may matter to a course: a listing does not tell by whom the unit was evaluated.

    A submission always does, since it may take an application over from the assessor that an earlier one named.
    """
    if isinstance(event, OfCase):
        return event.assessor is not None
    if isinstance(event, ApplicationEnd):
        return event.evaluation.assessor is not None
    return True


def apply_event(course: ApplicationProgress, event: ProgressEvent) -> ApplicationProgress:
    """The course with the event in it; the same again when it was noted before."""
    if isinstance(event, ApplicationEnd):
        return _ended(course, event)
    match event:
        case ApplicationSubmitted():
            return replace(course, submission=_newer(course.submission, _submission(event)))
        case InitialReviewAccepted():
            return replace(course, accepted=True)
        case InitialReviewRefused():
            return replace(course, turned_down=True)
        case CaseClosed():
            return _closed(course, event)
        case UnitListed():
            return replace(course, listed_on=min(event.listed_on, course.listed_on or event.listed_on))


def counted_application(course: ApplicationProgress) -> CountedApplication | None:
    """None for what no assessor evaluated, or whose submission is still on its way."""
    submission, standing = course.submission, course.standing
    if submission is None or submission.assessor is None:
        return None
    return CountedApplication(
        course.application_id,
        submission.assessor,
        submission.unit,
        submission.year,
        concluded=standing in CONCLUDED,
        listed=standing is ProgressStatus.LISTED,
    )


def _ended(course: ApplicationProgress, event: ApplicationEnd) -> ApplicationProgress:
    end = End(event.sequence, gives_back=not ended_after_initial_review(event))
    return replace(course, end=_newer(course.end, end), accepted=course.accepted or ended_after_initial_review(event))


def _closed(course: ApplicationProgress, event: CaseClosed) -> ApplicationProgress:
    accepted = event.initial_review_accepted
    return replace(
        course,
        closing=_newer(course.closing, End(event.sequence, gives_back=not event.initial_review_accepted)),
        accepted=course.accepted or accepted,
        turned_down=course.turned_down or (event.outcome == "initial_review_refused" and not accepted),
    )


def _submission(event: ApplicationSubmitted) -> Submission:
    year = counting_year(event, rules_on(event.submitted_on))
    return Submission(event.sequence, event.evaluation.assessor, event.unit, year)


S = TypeVar("S", Submission, End)


def _newer(known: S | None, heard: S) -> S:
    return heard if known is None or known.sequence < heard.sequence else known
