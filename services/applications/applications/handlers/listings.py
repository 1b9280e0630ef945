"""Events of the registry: titles held and lost, and with a removal the ban that stops open applications (B2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from messages.event import Event
from messages.registry import UnitListed, UnitRemoved
from messages.values import Reason, UnitType
from rulebook import RuleSet, reason, rules_of, shanghai_date

from applications.domain.application import State
from applications.domain.organisation_status import Listing, Removal
from applications.handlers.ports import Store, keys_of_open_applications, standing_of


async def record_listing(event: UnitListed, store: Store, _now: datetime) -> Sequence[Event]:
    """End the listed application; one listed before this system existed has a listing only."""
    standing = await standing_of(event.unit.uscc, store)
    listing = _listing(event)
    listed = standing.with_listing(listing, event.sequence).without_open(event.case_id)
    store.standings.save(listed.uscc, listed)
    if (application := await store.applications.get(event.case_id)) is not None:
        store.applications.save(event.case_id, replace(application, listed_on=event.listed_on))
    return []


async def record_removal(event: UnitRemoved, store: Store, now: datetime) -> Sequence[Event]:
    """Refuse applications that still wait for an item; review closes those it has taken in."""
    day = shanghai_date(now)
    removal = _removal(event, rules_of(event.rule_set))
    standing = (await standing_of(event.unit.uscc, store)).with_removal(removal)
    events: list[Event] = []
    for opened in standing.applications_stopped_by(removal, day):
        application = await store.applications.require(opened.application_id)
        if application.state is not State.SUBMITTED:
            continue
        refused = application.refuse((_removal_reason(event),))
        store.applications.save(refused.application_id, refused)
        standing = standing.without_open(refused.application_id)
        events.append(refused.refused_event(day))
    store.standings.save(standing.uscc, standing)
    return events


async def keys_of_stopping(event: UnitRemoved, store: Store) -> Iterable[tuple[str, str]]:
    """Keys of what a removal may stop."""
    return keys_of_open_applications(await standing_of(event.unit.uscc, store))


def _listing(event: UnitListed) -> Listing:
    unit = event.unit
    return Listing(event.unit_key, unit.unit_type, event.level, event.listed_on, event.document_number, unit.prefecture)


def _removal(event: UnitRemoved, rules: RuleSet) -> Removal:
    only = _ended_type(event, rules)
    return Removal(event.unit_key, event.levels, event.sequence, event.document_number, event.ban, only)


def _ended_type(event: UnitRemoved, rules: RuleSet) -> UnitType | None:
    """Return the type whose titles end; None when those of every type do (Art. 24)."""
    grounds = {each.rule for each in event.reasons}
    return None if grounds & rules.removal.every_title else event.unit.unit_type


def _removal_reason(event: UnitRemoved) -> Reason:
    until = f"，{event.ban.last_day}（含当日）之前不得申报" if event.ban else ""
    text = f"申报单位已被移出示范名单{until}，申报终止"
    return reason("B2", "removed", text, event.document_number, "/unit")
