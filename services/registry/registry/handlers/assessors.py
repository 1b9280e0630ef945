"""Sanctions on assessors: known for the last check of a list (L2, S1), and flagged on what is listed already (S2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.handling import Collection
from messages.assessor_quota import AssessorSanctioned, SanctionRevoked
from messages.event import Event
from messages.values import UnitRef
from rulebook import shanghai_date

from registry.domain import assessors, flags
from registry.domain.assessors import AssessorStatus
from registry.domain.clearances import Clearance
from registry.domain.register import Listing, RegisteredUnit

AT_ONCE = 100
"""Titles settled in one commit at most."""


class Assessors(Protocol):
    @property
    def assessors(self) -> Collection[AssessorStatus]: ...


class Flagged(Assessors, Protocol):
    @property
    def listings(self) -> Collection[Listing]: ...
    @property
    def clearances(self) -> Collection[Clearance]: ...
    @property
    def units(self) -> Collection[RegisteredUnit]: ...


@dataclass(frozen=True)
class SettleFlags:
    """Bring the titles that rest on an assessor's reports to what is known of its sanctions."""

    uscc: str
    asked: int


async def record_sanction(event: AssessorSanctioned, store: Assessors, _now: datetime) -> list[Event]:
    """Only the assessor is written: its titles, however many, are flagged by a job, some at a time."""
    known = await _standing(store, event.assessor_uscc)
    store.assessors.save(event.assessor_uscc, assessors.sanctioned(known, event))
    return []


async def lift_sanction(event: SanctionRevoked, store: Assessors, _now: datetime) -> list[Event]:
    known = await _standing(store, event.assessor_uscc)
    store.assessors.save(event.assessor_uscc, assessors.revoked(known, event))
    return []


async def update_flags(command: SettleFlags, store: Flagged, now: datetime) -> list[Event]:
    """One commit's share; asked for again while titles are left. What was asked since then is left to its own turn."""
    standing = await _standing(store, command.uscc)
    if not standing.unsettled or standing.asked != command.asked:
        return []
    where = {"assessor.uscc": standing.uscc, "flags_at": {"$ne": standing.words}}
    waiting = await store.listings.find(where, limit=AT_ONCE)
    said: list[Event] = []
    for listing in waiting:
        result = flags.update_flags(listing, await _unit(listing, store), standing, shanghai_date(now))
        store.listings.save(listing.case_id, result.listing)
        said += result.said
    store.assessors.save(standing.uscc, standing.settled(more=len(waiting) == AT_ONCE))
    return said


async def _standing(store: Assessors, uscc: str) -> AssessorStatus:
    return await store.assessors.get(uscc) or AssessorStatus(uscc)


async def _unit(listing: Listing, store: Flagged) -> UnitRef:
    """The unit of the title under the name it bears now."""
    cleared = await store.clearances.require(listing.case_id)
    unit = await store.units.require(listing.unit_key)
    return cleared.unit.model_copy(update={"name": unit.name})
