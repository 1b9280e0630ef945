"""A message of every subscription, for any application, and the events that came before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from devkit.batches import numbered_id
from messages.applications import ApplicationRefused, ApplicationSubmitted, ApplicationWithdrawn, CodeRecorded
from messages.event import Event
from messages.registry import UnitListed
from messages.review import CaseClosed, InitialReviewAccepted, InitialReviewRefused

from .builders import TODAY, accepted, case_closed, listed, numbered, refused, review_refused, submitted, withdrawn

ByApplication = Callable[[str, str], Event]
"""(application, assessor) → an event."""


@dataclass(frozen=True)
class Sample:
    """A message, and those of its application before it."""

    event: ByApplication
    before: Sequence[ByApplication] = ()


def by_assessor(make: Callable[[str], Event]) -> ByApplication:
    """Return ``make`` for the application of any assessor: builders know North alone."""

    def make_for(application: str, assessor: str) -> Event:
        return _of(make(application), assessor)

    return make_for


def _of(event: Event, assessor: str) -> Event:
    fields = event.model_dump(mode="json", by_alias=True)
    named = {"uscc": assessor, "name": "评价机构"}
    if fields.get("assessor") is not None:
        fields["assessor"] = named
    if "evaluation" in fields:
        fields["evaluation"]["assessor"] = named
    return type(event).model_validate(fields)


def code_recorded(application: str) -> Event:
    """Return the record of a code that the application alone is about."""
    number = int(sha256(application.encode()).hexdigest(), 16) % 10**9
    return CodeRecorded(uscc=numbered_id("911501000000000191", number), document_number="1号", recorded_on=TODAY)


SUBMITTED = by_assessor(submitted)
WITHDRAWN = by_assessor(withdrawn)
ACCEPTED = by_assessor(accepted)
LISTED = by_assessor(listed)

SAMPLES: Mapping[type[Event], Sequence[Sample]] = {
    ApplicationSubmitted: (
        Sample(SUBMITTED),
        Sample(by_assessor(lambda application: submitted(application, sequence=3)), (SUBMITTED,)),
        Sample(by_assessor(lambda application: submitted(application, sequence=3)), (SUBMITTED, WITHDRAWN)),
    ),
    ApplicationWithdrawn: (
        Sample(WITHDRAWN),
        Sample(WITHDRAWN, (SUBMITTED,)),
        Sample(by_assessor(lambda application: withdrawn(application, after_initial_review=True)), (SUBMITTED,)),
    ),
    ApplicationRefused: (Sample(by_assessor(refused), (SUBMITTED,)),),
    InitialReviewAccepted: (Sample(ACCEPTED, (SUBMITTED,)), Sample(ACCEPTED, (SUBMITTED, WITHDRAWN))),
    InitialReviewRefused: (Sample(by_assessor(review_refused), (SUBMITTED,)),),
    CaseClosed: (
        Sample(by_assessor(lambda case: numbered(case_closed("ineligible", case, after_acceptance=False), 9))),
        Sample(by_assessor(lambda case: numbered(case_closed("late", case), 9)), (SUBMITTED,)),
        Sample(by_assessor(lambda case: case_closed("withdrawn", case, after_acceptance=False)), (SUBMITTED,)),
    ),
    CodeRecorded: (Sample(lambda application, _: code_recorded(application)),),
    UnitListed: (Sample(LISTED, (SUBMITTED, ACCEPTED)), Sample(LISTED)),
}
"""Several where the handler goes different ways."""
