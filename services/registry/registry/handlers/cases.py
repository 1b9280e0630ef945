"""Brings the cases that review clears or closes into the draft of their year."""

from __future__ import annotations

from datetime import datetime

from chassis.handling import TransientError
from messages.event import Event
from messages.review import CaseCleared, CaseClosed, PublicNoticeConcluded, PublicNoticeEntered

from registry.domain import clearances, notices
from registry.domain.notices import Showing
from registry.handlers.ports import Store


async def record_showing(event: PublicNoticeEntered, store: Store, _now: datetime) -> list[Event]:
    await store.showings.get(event.case_id)
    store.showings.save(event.case_id, Showing(event.case_id, event.notice_id))
    return []


async def record_conclusion(event: PublicNoticeConcluded, store: Store, now: datetime) -> list[Event]:
    if await store.notices.get(event.notice_id) is None:
        store.notices.save(event.notice_id, notices.conclusion_of(event, now))
    return []


async def weigh_clearance(event: CaseCleared, store: Store, now: datetime) -> list[Event]:
    """Take a clearance only with the conclusion of a notice that names the case; until then it is deferred (V10).

    One that stays alone is parked for an operator after an hour, as every event that nothing supports.
    """
    showing, notice = await store.showings.get(event.case_id), await store.notices.get(event.notice_id)
    if not notices.supports(showing, notice, event):
        raise TransientError(f"no concluded notice {event.notice_id} names the case {event.case_id}")
    return await add_line(event, store, now)


async def add_line(event: CaseCleared, store: Store, _now: datetime) -> list[Event]:
    known = await store.clearances.get(event.case_id)
    store.clearances.save(event.case_id, clearances.record_clearance(known, event))
    return []


async def drop_line(event: CaseClosed, store: Store, _now: datetime) -> list[Event]:
    """Record the end also of a case that was never cleared: its clearance may arrive later and must find it closed."""
    known = await store.clearances.get(event.case_id)
    store.clearances.save(event.case_id, clearances.record_closing(known, event))
    return []
