"""Sanctions on assessors: for the last check of a list (L2, S1), and as flags on the titles listed already (S2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.event import Event
from messages.values import Level, UnitRef
from rulebook import shanghai_date

from registry.domain import assessors, flags
from registry.domain.assessors import AssessorStatus
from registry.domain.listings import Listing
from registry.handlers.list_acts import chain_head_of
from registry.handlers.ports import Store

TITLES_PER_COMMIT = 100
"""The most titles updated in one commit."""


@dataclass(frozen=True)
class UpdateFlags:
    """One round of the titles that rest on an assessor's reports."""

    uscc: str
    round: int


async def record_sanction(event: AssessorSanctioned, store: Store, now: datetime) -> list[Event]:
    """Write the assessor only: a job flags its titles, however many, some at a time."""
    known = await _status_of(store, event.assessor_uscc)
    store.assessors.save(event.assessor_uscc, assessors.add_sanction(known, event, now))
    return []


async def lift_sanction(event: SanctionRevoked, store: Store, now: datetime) -> list[Event]:
    known = await _status_of(store, event.assessor_uscc)
    store.assessors.save(event.assessor_uscc, assessors.add_revocation(known, event, now))
    return []


async def update_flags(command: UpdateFlags, store: Store, now: datetime) -> list[Event]:
    """Bring one commit's share of the titles to the newest word; a round begun since then has its own turn.

    A title whose list is still being announced is struck instead: the announcement checks it before it takes effect.
    """
    status = await _status_of(store, command.uscc)
    if status.settling.due is None or status.settling.rounds != command.round:
        return []
    last_number = (await chain_head_of(Level.REGION, store)).last_number
    waiting = await store.listings.find(
        {
            "assessor.uscc": status.uscc,
            "decisions_applied": {"$lt": status.known_decisions},
            "list_number": {"$lte": last_number},
        },
        sort=[("decisions_applied", 1)],
        limit=TITLES_PER_COMMIT,
    )
    units = await _units_of(waiting, store)
    events: list[Event] = []
    for listing in waiting:
        result = flags.update_flags(listing, units[listing.case_id], status, shanghai_date(now))
        store.listings.save(listing.case_id, result.listing)
        events += result.events
    struck = await _strike(status.uscc, last_number, store)
    more = TITLES_PER_COMMIT in (len(waiting), struck)
    store.assessors.save(status.uscc, replace(status, settling=status.settling.after_round(now, more=more)))
    return events


async def _strike(uscc: str, last_number: int, store: Store) -> int:
    where = {"assessor.uscc": uscc, "list_number": {"$gt": last_number}, "struck": False}
    found = await store.listings.find(where, sort=[("list_number", 1)], limit=TITLES_PER_COMMIT)
    for each in found:
        store.listings.save(each.case_id, replace(each, struck=True))
    return len(found)


async def _status_of(store: Store, uscc: str) -> AssessorStatus:
    return await store.assessors.get(uscc) or AssessorStatus(uscc)


async def _units_of(titles: Sequence[Listing], store: Store) -> dict[str, UnitRef]:
    """The unit of each title under the name it bears now, by case."""
    cases = await store.clearances.find({"_id": {"$in": sorted(each.case_id for each in titles)}}) if titles else []
    keys = sorted({each.unit.key for each in cases})
    names = {each.key: each.names[-1].name for each in await store.units.find({"_id": {"$in": keys}})} if keys else {}
    return {each.case_id: each.unit.model_copy(update={"name": names[each.unit.key]}) for each in cases}
