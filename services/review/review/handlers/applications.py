"""What the applications service tells: a case is opened, or its application is withdrawn."""

from __future__ import annotations

from datetime import date, datetime

from messages.applications import ApplicationAccepted, ApplicationWithdrawn
from messages.event import Event
from rulebook import rules_on, shanghai_date

from review.domain import consultation, standing
from review.domain.record import SERVICE, Step
from review.domain.standing import AssessorStanding, Standing
from review.handlers.desk import Store, take


async def open_case(event: ApplicationAccepted, store: Store, now: datetime) -> list[Event]:
    """Open the case once; a ban, withdrawal or sanction heard before it takes effect at once (B2)."""
    if await store.cases.get(event.application_id) is not None:
        return []
    today = shanghai_date(now)
    steps = [consultation.opened(event, rules_on(today), today)]
    steps += await _suspension(steps[-1], store, today)
    steps += await _stop(steps[-1], store, today)
    return take(store, steps, SERVICE, now)


async def _suspension(step: Step, store: Store, today: date) -> list[Step]:
    case = step.case
    if case.assessor is None:
        return []
    uscc = case.assessor.uscc
    known = await store.assessors.get(uscc) or AssessorStanding(uscc)
    store.assessors.save(uscc, known.with_case(case.case_id))
    document = known.sanctioned_on(today)
    return [] if document is None else [standing.suspended(case, document)]


async def _stop(step: Step, store: Store, today: date) -> list[Step]:
    case = step.case
    known = await store.standings.get(case.unit.uscc) or Standing(case.unit.uscc)
    store.standings.save(case.unit.uscc, known.with_case(case.case_id))
    if banned := known.ban_on(today):
        return [standing.stopped_by_ban(case, banned, today)]
    return [standing.withdrawn(case, today)] if case.case_id in known.withdrawn else []


async def close_withdrawn_case(event: ApplicationWithdrawn, store: Store, now: datetime) -> list[Event]:
    """Close the case, or remember the withdrawal for a case that is not heard of yet."""
    key = event.unit.uscc
    known = await store.standings.get(key) or Standing(key)
    store.standings.save(key, known.with_withdrawal(event.application_id))
    case = await store.cases.get(event.application_id)
    if case is None or case.ended:
        return []
    return take(store, [standing.withdrawn(case, shanghai_date(now))], SERVICE, now)
