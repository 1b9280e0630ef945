"""Events of assessor-quota about an assessor: its representative, its sanctions, their revocation."""

from __future__ import annotations

from datetime import date, datetime

from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.event import Event
from rulebook import shanghai_date

from review.domain import assessors, notice
from review.domain.assessors import AssessorStatus
from review.domain.case import Case
from review.domain.record import SERVICE, Transition
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions


async def record_representative(
    event: AssessorRegistered | LegalRepresentativeChanged, store: Store, _now: datetime
) -> list[Event]:
    """S3: record the digest of the representative, by which affiliates are found, in whatever order events arrive."""
    known = await _assessor_status(event.assessor_uscc, store)
    store.assessors.save(known.uscc, known.with_representative(event))
    return []


async def suspend_cases_of_sanctioned_assessor(event: AssessorSanctioned, store: Store, now: datetime) -> list[Event]:
    """S2: every open case that rests on the assessor's report is suspended, those still to come as well."""
    before = await _assessor_status(event.assessor_uscc, store)
    return await _bring_cases_up_to_date(before, before.with_sanction(event), None, store, now)


async def resume_cases_of_cleared_assessor(event: SanctionRevoked, store: Store, now: datetime) -> list[Event]:
    """S4: unless another decision still holds, the cases go on, and those whose notice is over are cleared."""
    before = await _assessor_status(event.assessor_uscc, store)
    return await _bring_cases_up_to_date(before, before.with_revocation(event), event.document_number, store, now)


async def _bring_cases_up_to_date(
    before: AssessorStatus, known: AssessorStatus, revoked_by: str | None, store: Store, now: datetime
) -> list[Event]:
    """Suspend or resume open cases by the newest sanction event; an older one that arrives later is ignored.

    A sanction that has run its three years resumes nothing: only a revocation, or a new report, does (Art. 31).
    """
    if known == before:
        return []
    store.assessors.save(known.uscc, known)
    today, events = shanghai_date(now), list[Event]()
    holds = known.sanctioned_on(today)
    for case in await _open_cases(known, store):
        if holds and not known.rests_on(case.suspended_by):
            events += apply_transitions(store, [assessors.suspend_case(case, holds, today)], SERVICE, now)
        elif revoked_by and not holds and case.suspended_by is not None:
            events += apply_transitions(store, await _resume(case, revoked_by, store, today), SERVICE, now)
    return events


async def _assessor_status(uscc: str, store: Store) -> AssessorStatus:
    return await store.assessors.get(uscc) or AssessorStatus(uscc)


async def _open_cases(known: AssessorStatus, store: Store) -> list[Case]:
    cases = [await store.cases.require(case_id) for case_id in known.cases]
    return [case for case in cases if not case.ended]


async def _resume(case: Case, document_number: str, store: Store, today: date) -> list[Transition]:
    resumed = assessors.resume_case(case, document_number, today)
    shown_in = await store.notices.get(case.notice_id) if case.notice_id else None
    return [resumed, *notice.clear_if_unopposed(resumed.case, shown_in, today)]
