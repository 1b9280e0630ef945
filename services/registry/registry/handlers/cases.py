"""Brings the cases that review clears or closes into the draft of their year."""

from __future__ import annotations

from datetime import datetime

from messages.event import Event
from messages.review import CaseCleared, CaseClosed

from registry.domain import clearances
from registry.handlers.ports import Store


async def add_line(event: CaseCleared, store: Store, _now: datetime) -> list[Event]:
    known = await store.clearances.get(event.case_id)
    store.clearances.save(event.case_id, clearances.record_clearance(known, event))
    return []


async def drop_line(event: CaseClosed, store: Store, _now: datetime) -> list[Event]:
    """Record the end also of a case that was never cleared: its clearance may arrive later and must find it closed."""
    known = await store.clearances.get(event.case_id)
    store.clearances.save(event.case_id, clearances.record_closing(known, event))
    return []
