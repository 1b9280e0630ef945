"""Events of the registry about a unit: it was removed, or it is listed."""

from __future__ import annotations

from datetime import datetime

from messages.event import Event
from messages.registry import UnitListed, UnitRemoved
from rulebook import shanghai_date

from review.domain import notice, unit_status
from review.domain.record import SERVICE
from review.domain.unit_status import UnitBan, UnitStatus
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions


async def stop_cases_of_removed_unit(event: UnitRemoved, store: Store, now: datetime) -> list[Event]:
    """B2: store the ban for cases still to come and stop every open case of the unit."""
    if event.ban is None:
        return []
    banned = UnitBan(event.ban.first_day, event.ban.last_day, event.document_number)
    known = (await store.unit_statuses.get(event.unit.uscc) or UnitStatus(event.unit.uscc)).with_ban(banned)
    store.unit_statuses.save(event.unit.uscc, known)
    today, events = shanghai_date(now), list[Event]()
    if banned.last_day < today:
        return []
    for case_id in known.cases:
        case = await store.cases.require(case_id)
        if not case.ended:
            events += apply_transitions(store, [unit_status.stop_for_ban(case, banned, today)], SERVICE, now)
    return events


async def settle_listed_case(event: UnitListed, store: Store, now: datetime) -> list[Event]:
    """End the case; units listed before this system have no case here."""
    case = await store.cases.get(event.case_id)
    if case is None or case.listed_on is not None:
        return []
    return apply_transitions(store, [notice.record_listing(case, event)], SERVICE, now)
