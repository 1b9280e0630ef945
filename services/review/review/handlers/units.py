"""A unit: it was removed and is banned, or it is listed; and the open cases that a ban stops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from messages.event import Event
from messages.registry import UnitListed, UnitRemoved
from rulebook import shanghai_date

from review.domain import notice
from review.domain.case import ENDED
from review.domain.record import SERVICE
from review.domain.unit_status import UnitBan, UnitStatus
from review.handlers.loading import bring_to_newest_word
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions, catch_up

CASES_PER_COMMIT = 100
"""The most cases stopped in one commit."""


@dataclass(frozen=True)
class SettleBans:
    """Stop the open cases of a banned unit."""

    uscc: str
    round: int


async def record_ban(event: UnitRemoved, store: Store, now: datetime) -> list[Event]:
    """B2: store the ban once, in the unit's document; a job stops the open cases, and those still to come read it."""
    if event.ban is None:
        return []
    before = await _unit_status(event.unit.uscc, store)
    known = before.with_ban(UnitBan(event.ban.first_day, event.ban.last_day, event.document_number))
    if known != before:
        store.unit_statuses.save(known.uscc, replace(known, settling=known.settling.begin(now)))
    return []


async def settle_bans(command: SettleBans, store: Store, now: datetime) -> list[Event]:
    """Stop one commit's share of the open cases, again while some are left; a later ban has its own round."""
    known, today = await _unit_status(command.uscc, store), shanghai_date(now)
    if known.settling.due is None or known.settling.rounds != command.round:
        return []
    still_open = {"unit.uscc": known.uscc, "state": {"$nin": ENDED}}
    concerned = known.ban_on(today) is not None
    found = await store.cases.find(still_open, limit=CASES_PER_COMMIT) if concerned else []
    events = list[Event]()
    for current in await bring_to_newest_word(found, store, today):
        events += catch_up(store, current, now)
    settling = known.settling.after_round(now, more=len(found) == CASES_PER_COMMIT)
    store.unit_statuses.save(known.uscc, replace(known, settling=settling))
    return events


async def settle_listed_case(event: UnitListed, store: Store, now: datetime) -> list[Event]:
    """End the case; units listed before this system have no case here."""
    case = await store.cases.get(event.case_id)
    if case is None or case.listed_on is not None:
        return []
    return apply_transitions(store, [notice.record_listing(case, event)], SERVICE, now)


async def _unit_status(uscc: str, store: Store) -> UnitStatus:
    return await store.unit_statuses.get(uscc) or UnitStatus(uscc)
