"""Steps of review that the applicant sees; at intake the conditions are checked once more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from chassis.handling import PoisonMessageError
from messages import review
from messages.event import Event
from rulebook import shanghai_date

from applications.domain.application import Application, ProgressStep
from applications.handlers.eligibility_loss import recheck_at_intake
from applications.handlers.ports import Store, keys_of_facts, standing_of
from applications.handlers.submission import clear_open_application

DAYS: Mapping[type[review.Case], str] = MappingProxyType(
    {
        review.CaseOpened: "opened_on",
        review.ConsultationOpened: "",
        review.ConsultationAnswered: "answered_on",
        review.InitialReviewAccepted: "accepted_on",
        review.InitialReviewRefused: "refused_on",
        review.OpinionIssued: "issued_on",
        review.CaseForwarded: "forwarded_on",
        review.PanelAppointed: "appointed_on",
        review.PanelDissolved: "dissolved_on",
        review.SiteVerificationOrdered: "ordered_on",
        review.SiteVerificationRecorded: "recorded_on",
        review.CaseSuspended: "suspended_on",
        review.CaseResumed: "resumed_on",
        review.PublicNoticeEntered: "opened_on",
        review.ObjectionReceived: "received_on",
        review.ObjectionResolved: "resolved_on",
        review.CaseCleared: "cleared_on",
        review.CaseClosed: "closed_on",
    }
)
"""The field of each event that names its day; without one it is the day on which the event is handled."""
_WITH_HANDLERS_OF_THEIR_OWN = {
    review.InitialReviewRefused,
    review.CaseForwarded,
    review.PublicNoticeEntered,
    review.CaseClosed,
}
FOLLOWED: Sequence[type[Any]] = [event for event in DAYS if event not in _WITH_HANDLERS_OF_THEIR_OWN]
"""Events that move the status and nothing else: a row above is all that a new one needs here."""


async def follow_case(event: review.Case, store: Store, now: datetime) -> Sequence[Event]:
    application = await _require_application(event.case_id, store)
    updated = _with_readers(application.with_step(_step(event, now)), event)
    store.applications.save(updated.application_id, updated)
    return []


async def follow_forwarding(event: review.CaseForwarded, store: Store, now: datetime) -> Sequence[Event]:
    """Check the facts again: they change between the submission and the day on which the region takes it in (V5)."""
    application = await _require_application(event.case_id, store)
    updated = application.with_step(_step(event, now))
    store.applications.save(updated.application_id, updated)
    return await recheck_at_intake(updated, event.forwarded_on, store)


async def keys_of_intake(event: review.CaseForwarded, store: Store) -> Iterable[tuple[str, str]]:
    """Keys of the facts that the check at intake reads."""
    return keys_of_facts(await standing_of(event.unit.uscc, store))


async def follow_refusal(event: review.InitialReviewRefused, store: Store, now: datetime) -> Sequence[Event]:
    application = await _require_application(event.case_id, store)
    updated = replace(application.with_step(_step(event, now)), refusals=event.reasons)
    store.applications.save(updated.application_id, updated)
    return []


async def follow_closing(event: review.CaseClosed, store: Store, now: datetime) -> Sequence[Event]:
    """Close the application; the unit may apply anew from here on (E13)."""
    application = await _require_application(event.case_id, store)
    closed = replace(
        application.with_step(_step(event, now)),
        outcome=event.outcome,
        refusals=event.reasons or application.refusals,
    )
    store.applications.save(closed.application_id, closed)
    await clear_open_application(closed, store)
    return []


def _with_readers(application: Application, event: review.Case) -> Application:
    """Record who may read its evidence from here on."""
    match event:
        case review.ConsultationOpened():
            return replace(application, departments=event.departments)
        case review.PanelAppointed():
            return application.with_panel(event.experts, event.sequence)
        case review.PanelDissolved():
            return application.with_panel((), event.sequence)
        case _:
            return application


async def follow_notice(event: review.PublicNoticeEntered, store: Store, now: datetime) -> Sequence[Event]:
    """Bar the withdrawal from here on (A5)."""
    application = await _require_application(event.case_id, store)
    shown = replace(application.with_step(_step(event, now)), notice_opened_on=event.opened_on)
    store.applications.save(shown.application_id, shown)
    return []


def _step(event: review.Case, now: datetime) -> ProgressStep:
    field = DAYS[type(event)]
    day = getattr(event, field) if field else shanghai_date(now)
    if not isinstance(event, Event):
        raise TypeError(f"{type(event).__name__} is no event")
    return ProgressStep(event.sequence, review.stage_of(type(event)), day, _detail(event))


def _detail(event: review.Case) -> str | None:
    match event:
        case review.ConsultationAnswered():
            return f"{event.department.value}: {event.opinion}"
        case review.OpinionIssued():
            return event.number
        case review.CaseSuspended():
            return event.document_number
        case review.CaseClosed():
            return event.outcome
        case _:
            return None


async def _require_application(application_id: str, store: Store) -> Application:
    if (found := await store.applications.get(application_id)) is None:
        raise PoisonMessageError(f"a case of {application_id}, which was never filed here")
    return found
