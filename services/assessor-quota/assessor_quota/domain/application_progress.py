"""Progress of one application: the events of applications, review and the registry, in any order of arrival."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeAlias, TypeVar

from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn
from messages.registry import UnitListed
from messages.review import CaseClosed, InitialReviewAccepted, InitialReviewRefused
from messages.values import AssessorRef, Prefecture, UnitRef, UnitType
from rulebook import rules_on

from assessor_quota.domain.item import (
    ApplicationEnd,
    ended_after_initial_review,
)
from assessor_quota.domain.ledger import counting_year
from assessor_quota.domain.naming import Naming

ApplicationEvent: TypeAlias = ApplicationSubmitted | ApplicationWithdrawn | ApplicationRefused
CaseEvent: TypeAlias = InitialReviewAccepted | InitialReviewRefused | CaseClosed
ProgressEvent: TypeAlias = ApplicationEvent | CaseEvent | UnitListed


class ProgressStatus(StrEnum):
    NOT_RECEIVED = "not_received"
    """Its submission is still on its way."""
    SELF_EVALUATED = "self_evaluated"
    """Evaluated by no assessor: counted nowhere."""
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
    releases_item: bool
    """Whether it ends a reservation (Q5)."""


@dataclass(frozen=True)
class CountedApplication:
    """The part of one application in the figures (S6)."""

    assessor: AssessorRef
    prefecture: Prefecture
    unit_type: UnitType
    year: int
    concluded: bool
    listed: bool


@dataclass(frozen=True)
class ApplicationProgress:
    """Holds the latest submission and the latest ends, and whether all else happened: the order makes no difference."""

    application_id: str
    submission: Submission | None = None
    end: End | None = None
    closing: End | None = None
    initial_review_accepted: bool = False
    """Initial review accepted it, by its own event or by the end of the application or the case."""
    initial_review_refused: bool = False
    """Refused by initial review."""
    listed_on: date | None = None
    counted: CountedApplication | None = None
    """Its part in the rates as they are stored."""
    words: tuple[Naming, ...] = ()
    """The assessors' own words on it, one of each. They stand here because every submission writes this document: of a
    word and a submission of the same moment one commits, and the other reads again (Q5)."""
    uncounted: bool = False
    """Whether its part has changed since it was counted (S6)."""

    def word_of(self, assessor_uscc: str) -> Naming | None:
        return next((each for each in self.words if each.assessor_uscc == assessor_uscc), None)

    def with_word(self, naming: Naming) -> ApplicationProgress:
        others = tuple(each for each in self.words if each.assessor_uscc != naming.assessor_uscc)
        return replace(self, words=(*others, naming))

    @property
    def status(self) -> ProgressStatus:
        if self.submission is None:
            return ProgressStatus.NOT_RECEIVED
        if self.submission.assessor is None:
            return ProgressStatus.SELF_EVALUATED
        if self.listed_on is not None:
            return ProgressStatus.LISTED
        if self._has_ended:
            return (
                ProgressStatus.FAILED
                if self.initial_review_accepted or self.initial_review_refused
                else ProgressStatus.DROPPED
            )
        return ProgressStatus.UNDER_REVIEW if self.initial_review_accepted else ProgressStatus.WAITING

    @property
    def releases_item(self) -> bool:
        """Whether an event ended the reservation (Q5)."""
        by_application = self._application_ended and self.end is not None and self.end.releases_item
        by_review = self.initial_review_refused or (self.closing is not None and self.closing.releases_item)
        return by_application or by_review

    def with_counted(self) -> ApplicationProgress:
        """Return it once the rates hold its present part."""
        return replace(self, counted=counted_application(self), uncounted=False)

    @property
    def _has_ended(self) -> bool:
        return self._application_ended or self.closing is not None or self.initial_review_refused

    @property
    def _application_ended(self) -> bool:
        """Whether the application ended after it was submitted last."""
        if self.end is None:
            return False
        return self.submission is None or self.submission.sequence < self.end.sequence


def application_id_of(event: ProgressEvent) -> str:
    """Return the application the event is about; a case bears its identifier."""
    if isinstance(event, ApplicationEvent):
        return event.application_id
    return event.case_id


def may_concern_assessor(event: ProgressEvent) -> bool:
    """Whether the event may matter: a listing does not name the evaluating assessor.

    A submission always does, since it may take an application over from the assessor that an earlier one named.
    """
    if isinstance(event, CaseEvent):
        return event.assessor is not None
    if isinstance(event, ApplicationEnd):
        return event.evaluation.assessor is not None
    return True


def apply_event(progress: ApplicationProgress, event: ProgressEvent) -> ApplicationProgress:
    """Return the progress with the event in it; the same when the event was applied before."""
    after = _with_event(progress, event)
    return replace(after, uncounted=counted_application(after) != after.counted)


def counted_application(progress: ApplicationProgress) -> CountedApplication | None:
    """Return its part in the figures; none if no assessor evaluated it or its submission is still on its way."""
    submission, status = progress.submission, progress.status
    if submission is None or submission.assessor is None:
        return None
    return CountedApplication(
        submission.assessor,
        submission.unit.prefecture,
        submission.unit.unit_type,
        submission.year,
        concluded=status in CONCLUDED,
        listed=status is ProgressStatus.LISTED,
    )


def _with_event(progress: ApplicationProgress, event: ProgressEvent) -> ApplicationProgress:
    if isinstance(event, ApplicationEnd):
        return _with_end(progress, event)
    match event:
        case ApplicationSubmitted():
            return replace(progress, submission=_newer(progress.submission, _submission(event)))
        case InitialReviewAccepted():
            return replace(progress, initial_review_accepted=True)
        case InitialReviewRefused():
            return replace(progress, initial_review_refused=True)
        case CaseClosed():
            return _with_closing(progress, event)
        case UnitListed():
            return replace(progress, listed_on=min(event.listed_on, progress.listed_on or event.listed_on))


def _with_end(progress: ApplicationProgress, event: ApplicationEnd) -> ApplicationProgress:
    end = End(event.sequence, releases_item=not ended_after_initial_review(event))
    return replace(
        progress,
        end=_newer(progress.end, end),
        initial_review_accepted=progress.initial_review_accepted or ended_after_initial_review(event),
    )


def _with_closing(progress: ApplicationProgress, event: CaseClosed) -> ApplicationProgress:
    accepted = event.initial_review_accepted
    return replace(
        progress,
        closing=_newer(progress.closing, End(event.sequence, releases_item=not event.initial_review_accepted)),
        initial_review_accepted=progress.initial_review_accepted or accepted,
        initial_review_refused=progress.initial_review_refused
        or (event.outcome == "initial_review_refused" and not accepted),
    )


def _submission(event: ApplicationSubmitted) -> Submission:
    year = counting_year(event, rules_on(event.submitted_on))
    return Submission(event.sequence, event.evaluation.assessor, event.unit, year)


S = TypeVar("S", Submission, End)


def _newer(known: S | None, received: S) -> S:
    return received if known is None or known.sequence < received.sequence else known
