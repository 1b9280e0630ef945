"""Announces a closed list: list, chain, units and removals take effect in one commit or not at all (L3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done
from messages.registry import UnitListed, UnitRemoved
from messages.values import Level, UnitRef
from rulebook import shanghai_date

from registry.domain import clearances, refusals, register, removals
from registry.domain.chain import ChainHead, announce, chain_head_of
from registry.domain.clearances import Clearance
from registry.domain.eligibility import check_candidates
from registry.domain.list_summary import summary_of
from registry.domain.lists import AnnualList, announced_event, announcement_of
from registry.domain.register import RegisteredUnit
from registry.domain.removals import RemovalEffect
from registry.handlers.checking import touch
from registry.handlers.closing import lines_of, lists_of, removals_of
from registry.handlers.ports import Store
from registry.handlers.removals import take_effect


@dataclass(frozen=True)
class AnnounceList:
    level: Level
    year: int
    document_number: str
    list_id: str | None = None
    """The list that is meant; when none is named the one that waits, or else the one with that number."""


async def announce_list(command: AnnounceList, store: Store, now: datetime) -> Done:
    """Announce the closed list; the same list again under the same number changes nothing and gets the same reply.

    It is refused, with every unit concerned, when a line no longer holds: no announced unit has a ban running that
    day (L2). The head of the chain is read before anything else: a list announced since then makes a conflict at the
    commit, so that two lists never get one number.
    """
    head = await store.chain_heads.get(command.level.value) or ChainHead(command.level)
    year_lists = await lists_of(command.level, command.year, store)
    pending = year_lists.pending
    meant = command.list_id or (pending.list_id if pending else None)
    if (known := year_lists.announced_under(command.document_number)) is not None:
        return _reply_to_repetition(known, meant)
    await _require_unused_number(command, store)
    if pending is None or pending.list_id != meant:
        raise refusals.nothing_to_announce(command.year)
    return await _announce(pending, head, command.document_number, shanghai_date(now), store)


def _reply_to_repetition(known: AnnualList, meant: str | None) -> Done:
    if meant not in {None, known.list_id}:
        raise refusals.document_number_used(announcement_of(known).document_number)
    return Done(value=summary_of(known))


async def _require_unused_number(command: AnnounceList, store: Store) -> None:
    where = {"level": command.level, "announcement.document_number": command.document_number}
    if any(each.year != command.year for each in await store.lists.find(where)):
        raise refusals.document_number_used(command.document_number)


async def _announce(pending: AnnualList, head: ChainHead, document_number: str, day: date, store: Store) -> Done:
    added = await lines_of(pending, store)
    held_back = check_candidates(added, day).held_back
    if held_back and not await _is_overtaken(head, store):
        raise refusals.no_longer_holds(held_back)
    result = announce(pending, head, document_number, day)
    touch(added, result.list_id, day, store)
    store.lists.save(result.list_id, result)
    store.chain_heads.save(result.level.value, chain_head_of(result))
    removed = await _remove(result, day, store)
    listed = await _list([each.clearance for each in added], result, store)
    await _rename(result, store)
    return Done([announced_event(result), *removed, *listed], summary_of(result))


async def _is_overtaken(head: ChainHead, store: Store) -> bool:
    """Whether a list was announced since ``head`` was read: perhaps this one, and a ban may be younger than that.

    Then nothing is refused: the commit finds the head changed, and all is read again.
    """
    since = {"level": head.level, "announcement.number": {"$gt": head.last_number}}
    return bool(await store.lists.find(since, limit=1))


async def _remove(result: AnnualList, day: date, store: Store) -> list[UnitRemoved]:
    """Let removals that waited for the list take effect; an immediate one is repeated for the record only (L6)."""
    events = []
    for each in await removals_of(result, store):
        store.removals.save(each.removal_id, removals.mark_announced(each))
        if each.effect is RemovalEffect.WITH_LIST:
            events.append(await take_effect(each, day, day, store))
    return events


async def _list(cases: Sequence[Clearance], result: AnnualList, store: Store) -> list[UnitListed]:
    printed = {line.source: line.unit for line in result.lines if line.kind == "addition"}
    events = []
    for each in cases:
        listing = register.listing_of(each, result)
        store.listings.save(each.case_id, listing)
        store.clearances.save(each.case_id, clearances.mark_announced(each))
        events.append(register.listed_event(listing, printed[each.case_id]))
    await _save([each.unit for each in cases], register.enter_unit, announcement_of(result).announced_on, store)
    return events


async def _rename(result: AnnualList, store: Store) -> None:
    renaming = [line.unit for line in result.lines if line.kind == "renaming"]
    await _save(renaming, register.rename_unit, announcement_of(result).announced_on, store)


async def _save(
    refs: Sequence[UnitRef],
    change: Callable[[RegisteredUnit | None, UnitRef, date], RegisteredUnit],
    day: date,
    store: Store,
) -> None:
    """Save the changed units, read in one query: a list has hundreds of them."""
    keys = sorted({ref.key for ref in refs})
    known = {unit.key: unit for unit in await store.units.find({"_id": {"$in": keys}})}
    for ref in refs:
        known[ref.key] = change(known.get(ref.key), ref, day)
    for key, unit in known.items():
        store.units.save(key, unit)
