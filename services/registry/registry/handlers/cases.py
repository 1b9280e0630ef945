"""What review says of a case reaches the draft of its year."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chassis.handling import Collection
from messages.event import Event
from messages.review import CaseCleared, CaseClosed

from registry.domain import clearances
from registry.domain.clearances import Clearance


class Cases(Protocol):
    @property
    def clearances(self) -> Collection[Clearance]: ...


async def add_line(event: CaseCleared, store: Cases, _now: datetime) -> list[Event]:
    known = await store.clearances.get(event.case_id)
    store.clearances.save(event.case_id, clearances.cleared(known, event))
    return []


async def drop_line(event: CaseClosed, store: Cases, _now: datetime) -> list[Event]:
    """Kept also for a case that was never cleared: its clearance may come later and must find it closed."""
    known = await store.clearances.get(event.case_id)
    store.clearances.save(event.case_id, clearances.dropped(known, event))
    return []
