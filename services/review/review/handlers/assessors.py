"""What assessor-quota tells of an assessor: it was sanctioned, or the sanction is revoked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.event import Event
from rulebook import shanghai_date

from review.domain import notice, standing
from review.domain.case import Case
from review.domain.record import SERVICE, Step
from review.domain.standing import AssessorStanding
from review.handlers.desk import Store, take


async def suspend_cases_of_sanctioned_assessor(event: AssessorSanctioned, store: Store, now: datetime) -> list[Event]:
    """S2: every open case that rests on the assessor's report is suspended, those still to come as well."""
    known = await _standing(event.assessor_uscc, store)
    if event.sequence <= known.heard:
        return []
    known = replace(known, ban=event.ban, document_number=event.document_number, heard=event.sequence)
    store.assessors.save(known.uscc, known)
    today, said = shanghai_date(now), list[Event]()
    if known.sanctioned_on(today) is None:
        return []
    for case in await _open_cases(known, store):
        if case.suspended_by is None:
            said += take(store, [standing.suspended(case, event.document_number, today)], SERVICE, now)
    return said


async def resume_cases_of_cleared_assessor(event: SanctionRevoked, store: Store, now: datetime) -> list[Event]:
    """S4: unless another decision still holds, the cases go on, and those whose notice is over are cleared."""
    known = await _standing(event.assessor_uscc, store)
    if event.sequence <= known.heard:
        return []
    known = replace(known, ban=event.ban, heard=event.sequence)
    store.assessors.save(known.uscc, known)
    today, said = shanghai_date(now), list[Event]()
    for case in await _open_cases(known, store) if known.sanctioned_on(today) is None else ():
        if case.suspended_by is not None:
            said += take(store, await _resumed(case, event.document_number, store, today), SERVICE, now)
    return said


async def _standing(uscc: str, store: Store) -> AssessorStanding:
    return await store.assessors.get(uscc) or AssessorStanding(uscc)


async def _open_cases(known: AssessorStanding, store: Store) -> list[Case]:
    cases = [await store.cases.require(case_id) for case_id in known.cases]
    return [case for case in cases if not case.ended]


async def _resumed(case: Case, document_number: str, store: Store, today: date) -> list[Step]:
    resumed = standing.resumed(case, document_number, today)
    shown_in = await store.notices.get(case.notice_id) if case.notice_id else None
    return [resumed, *notice.clearing(resumed.case, shown_in, today)]
