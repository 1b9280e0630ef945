"""Events of applications: an application is accepted, withdrawn, or no longer eligible."""

from __future__ import annotations

from datetime import date, datetime

from messages.applications import ApplicationAccepted, ApplicationWithdrawn, EligibilityLost
from messages.event import Event
from rulebook import rules_on, shanghai_date

from review.domain import application_status, assessors, consultation, unit_status
from review.domain.application_status import ApplicationStatus
from review.domain.case import Case
from review.domain.record import SERVICE, Transition
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions


async def open_case(event: ApplicationAccepted, store: Store, now: datetime) -> list[Event]:
    """Open the case once; a ban, withdrawal or sanction that arrived before takes effect at once (B2, V10, S2).

    Assessor and unit are read and not written: the jobs that settle a sanction or ban find a case opened meanwhile.
    """
    if await store.cases.get(event.application_id) is not None:
        return []
    today = shanghai_date(now)
    known = await _application_status(event.application_id, store)
    store.application_statuses.save(known.application_id, known.with_case())
    opened = consultation.open_case(event, rules_on(today), today)
    return apply_transitions(store, [opened, *await _known_before(opened.case, known, store, today)], SERVICE, now)


async def _known_before(case: Case, known: ApplicationStatus, store: Store, today: date) -> list[Transition]:
    """Return the transitions by what was known of its unit, application and assessor; the first end is the only one."""
    unit = await store.unit_statuses.get(case.unit.uscc)
    if unit is not None and (stopped := unit_status.stop_if_banned(case, unit, today)):
        return stopped
    if ended := application_status.close_ended_case(case, known, today):
        return ended
    assessor = None if case.assessor is None else await store.assessors.get(case.assessor.uscc)
    return [] if assessor is None else assessors.follow_sanctions(case, assessor, today)


async def close_withdrawn_case(event: ApplicationWithdrawn, store: Store, now: datetime) -> list[Event]:
    """Close the case, or store the withdrawal for a case that is not opened yet."""
    case = await store.cases.get(event.application_id)
    if case is None:
        known = await _application_status(event.application_id, store)
        store.application_statuses.save(known.application_id, known.with_withdrawal())
        return []
    if case.ended:
        return []
    return apply_transitions(store, [application_status.withdraw_case(case, shanghai_date(now))], SERVICE, now)


async def stop_ineligible_case(event: EligibilityLost, store: Store, now: datetime) -> list[Event]:
    """V10: close the case at whatever stage, or store the reasons for a case that is not opened yet."""
    case = await store.cases.get(event.application_id)
    if case is None:
        known = await _application_status(event.application_id, store)
        store.application_statuses.save(known.application_id, known.with_ineligibility(event.reasons))
        return []
    if case.ended:
        return []
    closed = application_status.stop_as_ineligible(case, event.reasons, shanghai_date(now))
    return apply_transitions(store, [closed], SERVICE, now)


async def _application_status(application_id: str, store: Store) -> ApplicationStatus:
    return await store.application_statuses.get(application_id) or ApplicationStatus(application_id)
