"""Lets titles and units follow an organisation that has moved to another prefecture (R36)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from messages.applications import UnitMoved
from messages.event import Event

from registry.domain import listings, register
from registry.domain.bans import BanRecord
from registry.domain.locations import Location
from registry.handlers.ports import Store


async def follow_move(event: UnitMoved, store: Store, _now: datetime) -> list[Event]:
    """Record the move and apply it to every title and unit of the organisation.

    The ban record is written, as a list that is being prepared writes it: one of the two meets the other's title.
    """
    location = (await store.locations.get(event.uscc) or Location(event.uscc)).with_move(event)
    store.locations.save(location.uscc, location)
    store.ban_records.save(event.uscc, await store.ban_records.get(event.uscc) or BanRecord(event.uscc))
    for title in await store.listings.find({"uscc": event.uscc}):
        store.listings.save(title.case_id, listings.moved(title, location.moves))
    for unit in await store.units.find({"uscc": event.uscc}):
        store.units.save(unit.key, register.moved(unit, location.moves))
    return []


async def locations_of(usccs: Iterable[str], store: Store) -> dict[str, Location]:
    wanted = sorted(set(usccs))
    return {each.uscc: each for each in await store.locations.find({"_id": {"$in": wanted}})} if wanted else {}
