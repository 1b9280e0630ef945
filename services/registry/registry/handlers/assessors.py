"""Sanctions on assessors: for the last check of a list (L2, S1), and as flags on the titles listed already (S2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.event import Event
from messages.values import UnitRef
from rulebook import shanghai_date

from registry.domain import assessors, flags
from registry.domain.assessors import AssessorStatus
from registry.domain.register import Listing
from registry.handlers.ports import Store

TITLES_PER_COMMIT = 100
"""The most titles updated in one commit."""


@dataclass(frozen=True)
class UpdateFlags:
    """Update the flags of the titles that rest on an assessor's reports."""

    uscc: str
    flag_updates: int


async def record_sanction(event: AssessorSanctioned, store: Store, _now: datetime) -> list[Event]:
    """Write the assessor only: a job flags its titles, however many, some at a time."""
    known = await _status_of(store, event.assessor_uscc)
    store.assessors.save(event.assessor_uscc, assessors.add_sanction(known, event))
    return []


async def lift_sanction(event: SanctionRevoked, store: Store, _now: datetime) -> list[Event]:
    known = await _status_of(store, event.assessor_uscc)
    store.assessors.save(event.assessor_uscc, assessors.add_revocation(known, event))
    return []


async def update_flags(command: UpdateFlags, store: Store, now: datetime) -> list[Event]:
    """Update one commit's share, again while titles are left; an update requested since then has its own turn."""
    status = await _status_of(store, command.uscc)
    if not status.flags_pending or status.flag_updates != command.flag_updates:
        return []
    where = {"assessor.uscc": status.uscc, "decisions_applied": {"$ne": status.known_decisions}}
    waiting = await store.listings.find(where, limit=TITLES_PER_COMMIT)
    events: list[Event] = []
    for listing in waiting:
        result = flags.update_flags(listing, await _unit_of(listing, store), status, shanghai_date(now))
        store.listings.save(listing.case_id, result.listing)
        events += result.events
    store.assessors.save(status.uscc, status.with_flags_updated(more=len(waiting) == TITLES_PER_COMMIT))
    return events


async def _status_of(store: Store, uscc: str) -> AssessorStatus:
    return await store.assessors.get(uscc) or AssessorStatus(uscc)


async def _unit_of(listing: Listing, store: Store) -> UnitRef:
    """The unit of the title under the name it bears now."""
    cleared = await store.clearances.require(listing.case_id)
    unit = await store.units.require(listing.unit_key)
    return cleared.unit.model_copy(update={"name": unit.name})
