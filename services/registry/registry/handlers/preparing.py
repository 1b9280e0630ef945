"""Prepares what a list changes, unseen until it is announced, and removes that again when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from messages.event import Event
from rulebook import shanghai_date

from registry.domain import bans, listings, register, removals
from registry.domain.clearances import Clearance
from registry.domain.eligibility import check_candidates
from registry.domain.lines import Kind, RegisterChange
from registry.domain.list_acts import ActState, ListAct
from registry.domain.listings import EntryDay
from registry.domain.removals import RemovalEffect
from registry.handlers.checking import candidates_on, touch_ban_records
from registry.handlers.list_acts import finish, next_lines, save_held_back
from registry.handlers.moves import locations_of
from registry.handlers.ports import Store
from registry.handlers.removals import load_affected, prepare_effects


async def prepare_lines(act: ListAct, store: Store) -> list[Event]:
    """Check the next lines and prepare what they change.

    From the first that does not hold all lines are checked from the beginning and nothing more is prepared: the refusal
    names every unit concerned.
    """
    lines = await next_lines(act, store)
    added = await candidates_on(lines, act, store)
    held_back = check_candidates(added, act.day).held_back
    if act.checks_only:
        after = _after_check(act, len(lines), save_held_back(act, held_back, store))
    elif held_back:
        after = act.stepped(done=0, checks_only=True)
    else:
        touch_ban_records(added, act, store)
        await _prepare([each.change for each in lines], [each.clearance for each in added], act, store)
        done = act.done + len(lines)
        after = act.stepped(done=done, prepared=done)
    store.list_acts.save(act.act_id, after)
    return []


def _after_check(act: ListAct, lines: int, held_back: int) -> ListAct:
    """Return the act after a step that checked only; where in the end all lines hold again, it goes on preparing."""
    done = act.done + lines
    if done < act.total or held_back:
        return act.stepped(done=done, held_back=held_back)
    return act.stepped(done=act.prepared, checks_only=False)


async def _prepare(changes: Sequence[RegisterChange], cases: Sequence[Clearance], act: ListAct, store: Store) -> None:
    entry = EntryDay(act.day, act.number)
    locations = await locations_of((case.unit.uscc for case in cases), store)
    for case in cases:
        title = listings.listing_of(case, entry, act.document_number or "")
        known = locations.get(case.unit.uscc)
        store.listings.save(case.case_id, listings.moved(title, known.moves) if known else title)
    renamings = [each for each in changes if each.kind == "renaming"]
    keys = sorted({each.unit.key for each in cases} | {each.unit.key for each in renamings})
    units = {each.key: each for each in await store.units.find({"_id": {"$in": keys}})} if keys else {}
    by_case = {each.case_id: each for each in cases}
    for line in changes:
        if line.kind == "addition":
            ref = by_case[line.source].unit
            entered, known = register.enter_unit(units.get(ref.key), ref, entry), locations.get(ref.uscc)
            units[ref.key] = register.moved(entered, known.moves) if known else entered
        elif line.kind == "renaming":
            units[line.unit.key] = register.rename_unit(units.get(line.unit.key), line.unit, entry)
    for key, unit in units.items():
        store.units.save(key, unit)
    leaving = await removals_on(changes, store)
    for each in leaving:
        store.removals.save(each.removal_id, removals.prepare(each, act.number))
    await prepare_effects([each for each in leaving if each.effect is RemovalEffect.WITH_LIST], entry, store)


async def removals_on(changes: Sequence[RegisterChange], store: Store) -> list[removals.Removal]:
    sources = sources_of("removal", changes)
    return await store.removals.find({"_id": {"$in": sources}}) if sources else []


def sources_of(kind: Kind, changes: Sequence[RegisterChange]) -> list[str]:
    return [each.source for each in changes if each.kind == kind]


async def withdraw_lines(act: ListAct, store: Store, now: datetime) -> list[Event]:
    """Remove what the next lines had prepared; then the act is refused, or begins anew on another day."""
    lines = [each for each in await next_lines(act, store) if each.number <= act.prepared]
    await _withdraw([each.change for each in lines], act, store)
    done = act.done + len(lines)
    if done < act.prepared:
        store.list_acts.save(act.act_id, act.stepped(done=done))
    elif act.again:
        anew = act.stepped(state=ActState.PREPARING, day=shanghai_date(now), done=0, prepared=0, again=False)
        store.list_acts.save(act.act_id, anew)
    else:
        await finish(act.stepped(state=ActState.REFUSED, done=done, code="list-no-longer-holds"), store)
    return []


async def _withdraw(changes: Sequence[RegisterChange], act: ListAct, store: Store) -> None:
    for case_id in sources_of("addition", changes):
        store.listings.remove(case_id)
    keys = sorted({each.unit.key for each in changes})
    for unit in await store.units.find({"_id": {"$in": keys}}):
        before = register.withdraw_list(unit, act.number)
        if before is None:
            store.units.remove(unit.key)
        elif before != unit:
            store.units.save(unit.key, before)
    leaving = await removals_on(changes, store)
    affected = await load_affected(leaving, store)
    for removal in leaving:
        store.removals.save(removal.removal_id, removals.withdraw(removal))
    for record in affected.ban_records.values():
        store.ban_records.save(record.uscc, bans.withdraw_list(record, act.number))
    for listing in (each for titles in affected.titles.values() for each in titles):
        if listing.ended_number == act.number:
            store.listings.save(listing.case_id, listings.withdraw_end(listing))
