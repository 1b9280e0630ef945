"""Events of applications: an application is accepted, withdrawn, or no longer eligible."""

from __future__ import annotations

from datetime import date, datetime

from messages.applications import ApplicationAccepted, ApplicationWithdrawn, EligibilityLost
from messages.event import Event
from rulebook import rules_on, shanghai_date

from review.domain import assessors, consultation, unit_status
from review.domain.assessors import AssessorStatus
from review.domain.record import SERVICE, Transition
from review.domain.unit_status import Ineligibility, UnitStatus
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions


async def open_case(event: ApplicationAccepted, store: Store, now: datetime) -> list[Event]:
    """Open the case once; a ban, withdrawal or sanction that arrived before takes effect at once (B2, V10, S2)."""
    if await store.cases.get(event.application_id) is not None:
        return []
    today = shanghai_date(now)
    transitions = [consultation.open_case(event, rules_on(today), today)]
    transitions += await _suspension(transitions[-1], store, today)
    transitions += await _close_open_case(transitions[-1], store, today)
    return apply_transitions(store, transitions, SERVICE, now)


async def _suspension(transition: Transition, store: Store, today: date) -> list[Transition]:
    case = transition.case
    if case.assessor is None:
        return []
    uscc = case.assessor.uscc
    known = await store.assessors.get(uscc) or AssessorStatus(uscc)
    store.assessors.save(uscc, known.with_case(case.case_id))
    document = known.sanctioned_on(today)
    return [] if document is None else [assessors.suspend_case(case, document, today)]


async def _close_open_case(transition: Transition, store: Store, today: date) -> list[Transition]:
    case = transition.case
    known = await store.unit_statuses.get(case.unit.uscc) or UnitStatus(case.unit.uscc)
    store.unit_statuses.save(case.unit.uscc, known.with_case(case.case_id))
    if banned := known.ban_on(today):
        return [unit_status.stop_for_ban(case, banned, today)]
    if lost := known.ineligible_for(case.case_id):
        return [unit_status.stop_as_ineligible(case, lost, today)]
    return [unit_status.withdraw_case(case, today)] if case.case_id in known.withdrawn else []


async def close_withdrawn_case(event: ApplicationWithdrawn, store: Store, now: datetime) -> list[Event]:
    """Close the case, or store the withdrawal for a case that is not opened yet."""
    key = event.unit.uscc
    known = await store.unit_statuses.get(key) or UnitStatus(key)
    store.unit_statuses.save(key, known.with_withdrawal(event.application_id))
    case = await store.cases.get(event.application_id)
    if case is None or case.ended:
        return []
    return apply_transitions(store, [unit_status.withdraw_case(case, shanghai_date(now))], SERVICE, now)


async def stop_ineligible_case(event: EligibilityLost, store: Store, now: datetime) -> list[Event]:
    """V10: close the case at whatever stage, or store the reasons for a case that is not opened yet."""
    key = event.unit.uscc
    lost = Ineligibility(event.application_id, event.reasons)
    known = await store.unit_statuses.get(key) or UnitStatus(key)
    store.unit_statuses.save(key, known.with_ineligible(lost))
    case = await store.cases.get(event.application_id)
    if case is None or case.ended:
        return []
    return apply_transitions(store, [unit_status.stop_as_ineligible(case, lost, shanghai_date(now))], SERVICE, now)
