"""Enters an announced list: events for each unit, cases and titles that it ends, all of them visible already (L3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from messages.event import Event
from rulebook import rules_on, shanghai_date

from registry.domain import clearances, flags, listings, register, removals
from registry.domain.clearances import Clearance
from registry.domain.lines import PrintedLine
from registry.domain.list_acts import ActState, ListAct
from registry.domain.listings import Listing
from registry.domain.removals import Removal, RemovalEffect
from registry.handlers.checking import assessors_of
from registry.handlers.list_acts import finish, next_lines
from registry.handlers.ports import Store
from registry.handlers.preparing import removals_on
from registry.handlers.removals import load_affected


async def enter_lines(act: ListAct, store: Store, now: datetime) -> list[Event]:
    """Enter the next lines; the act is done with the last."""
    lines = await next_lines(act, store)
    changes = [each.change for each in lines]
    entered = await _enter_cases(lines, store, now)
    removed = await _enter_removals(await removals_on(changes, store), act, store)
    after = act.stepped(done=act.done + len(lines))
    if after.done < act.total:
        store.list_acts.save(act.act_id, after)
    else:
        await finish(replace(after, state=ActState.DONE), store)
    return [*entered, *removed]


async def _enter_cases(lines: Sequence[PrintedLine], store: Store, now: datetime) -> list[Event]:
    printed = {each.change.source: each.change.unit for each in lines if each.change.kind == "addition"}
    if not printed:
        return []
    cases = {each.case_id: each for each in await store.clearances.find({"_id": {"$in": sorted(printed)}})}
    titles = {each.case_id: each for each in await store.listings.find({"_id": {"$in": sorted(printed)}})}
    await store.units.find({"_id": {"$in": sorted({each.unit.key for each in cases.values()})}})  # for their events
    events: list[Event] = []
    for case_id, unit in printed.items():
        store.clearances.save(case_id, clearances.mark_announced(cases[case_id]))
        events.append(register.listed_event(titles[case_id], unit))
    return [*events, *await _flag([cases[each] for each in printed], titles, store, now)]


async def _flag(cases: Sequence[Clearance], titles: dict[str, Listing], store: Store, now: datetime) -> list[Event]:
    """Flag the titles on whose assessor something is known; what is decided later finds them listed (S2)."""
    known = await assessors_of(cases, store)
    events: list[Event] = []
    for case in cases:
        status = known.get(case.assessor.uscc) if case.assessor else None
        title = titles[case.case_id]
        if status is not None and title.decisions_applied != status.known_decisions:
            unit = await store.units.require(title.unit_key)
            ref = case.unit.model_copy(update={"name": unit.name_by(title.list_number)})
            result = flags.update_flags(title, ref, status, shanghai_date(now))
            store.listings.save(case.case_id, result.listing)
            events += result.events
    return events


async def _enter_removals(leaving: Sequence[Removal], act: ListAct, store: Store) -> list[Event]:
    """Let titles end by their own field; an immediate removal is repeated for the record only (L6)."""
    if not leaving:
        return []
    affected, rule_set = await load_affected(leaving, store), rules_on(act.day).version
    events: list[Event] = []
    for each in leaving:
        store.removals.save(each.removal_id, removals.mark_announced(each))
        if each.effect is RemovalEffect.WITH_LIST:
            entries = [one for one in affected.units[each.unit.key].removals if one.list_number == act.number]
            entry = next(one for one in entries if one.document_number == each.document_number)
            events.append(register.removed_event(each.unit, entry, rule_set))
    for listing in (each for titles in affected.titles.values() for each in titles):
        if listing.ended_number == act.number:
            store.listings.save(listing.case_id, listings.end_listing(listing, listing.removal_id or "", act.day))
    return events
