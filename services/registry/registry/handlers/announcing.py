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
from registry.domain.chain import ChainHead, announced, chain_head_of
from registry.domain.clearances import Clearance
from registry.domain.eligibility import check_candidates
from registry.domain.lists import AnnualList, announced_event, announcement_of
from registry.domain.register import RegisteredUnit
from registry.domain.removals import RemovalEffect
from registry.handlers.checking import touch
from registry.handlers.closing import lines_of, lists_of, removals_of
from registry.handlers.ports import AnnouncementStore
from registry.handlers.removals import take_effect


@dataclass(frozen=True)
class AnnounceList:
    level: Level
    year: int
    document_number: str
    list_id: str | None = None
    """The list that is meant; when none is named the one that waits, or else the one with that number."""


async def announce_list(command: AnnounceList, store: AnnouncementStore, now: datetime) -> Done:
    """The same list announced again under the same number changes nothing and is answered as the first time.

    Refused, with every unit concerned, when a line no longer holds: no announced unit has a ban running that day (L2).
    The book is read before anything else: a list announced since then makes a conflict at the commit, so that two
    lists never get one number.
    """
    book = await store.books.get(command.level.value) or ChainHead(command.level)
    shelf = await lists_of(command.level, command.year, store)
    pending = shelf.pending
    meant = command.list_id or (pending.list_id if pending else None)
    if (known := shelf.announced_under(command.document_number)) is not None:
        return _repeated(known, meant)
    await _refuse_a_number_of_another_year(command, store)
    if pending is None or pending.list_id != meant:
        raise refusals.nothing_to_announce(command.year)
    return await _announce(pending, book, command.document_number, shanghai_date(now), store)


def _repeated(known: AnnualList, meant: str | None) -> Done:
    if meant not in {None, known.list_id}:
        raise refusals.document_number_used(announcement_of(known).document_number)
    return Done(value=refusals.overview(known))


async def _refuse_a_number_of_another_year(command: AnnounceList, store: AnnouncementStore) -> None:
    where = {"level": command.level, "announcement.document_number": command.document_number}
    if any(each.year != command.year for each in await store.lists.find(where)):
        raise refusals.document_number_used(command.document_number)


async def _announce(
    pending: AnnualList, book: ChainHead, document_number: str, day: date, store: AnnouncementStore
) -> Done:
    added = await lines_of(pending, store)
    held_back = check_candidates(added, day).held_back
    if held_back and not await _overtaken(book, store):
        raise refusals.no_longer_holds(held_back)
    result = announced(pending, book, document_number, day)
    touch(added, result.list_id, day, store)
    store.lists.save(result.list_id, result)
    store.books.save(result.level.value, chain_head_of(result))
    removed = await _remove(result, day, store)
    listed = await _list([each.clearance for each in added], result, store)
    await _rename(result, store)
    return Done([announced_event(result), *removed, *listed], refusals.overview(result))


async def _overtaken(book: ChainHead, store: AnnouncementStore) -> bool:
    """Whether a list was announced since the book was read: perhaps this one, and a ban may be younger than that.

    Then nothing is refused: the commit finds the book changed, and all is read again.
    """
    since = {"level": book.level, "announcement.number": {"$gt": book.last_number}}
    return bool(await store.lists.find(since, limit=1))


async def _remove(result: AnnualList, day: date, store: AnnouncementStore) -> list[UnitRemoved]:
    """Removals that waited for the list take effect; an immediate one is repeated for the record only (L6)."""
    said = []
    for each in await removals_of(result, store):
        store.removals.save(each.removal_id, removals.announced(each))
        if each.effect is RemovalEffect.WITH_LIST:
            said.append(await take_effect(each, day, day, store))
    return said


async def _list(cases: Sequence[Clearance], result: AnnualList, store: AnnouncementStore) -> list[UnitListed]:
    printed = {line.source: line.unit for line in result.lines if line.kind == "addition"}
    said = []
    for each in cases:
        listing = register.listed(each, result)
        store.listings.save(each.case_id, listing)
        store.clearances.save(each.case_id, clearances.announced(each))
        said.append(register.listed_event(listing, printed[each.case_id]))
    await _save([each.unit for each in cases], register.enter_unit, announcement_of(result).announced_on, store)
    return said


async def _rename(result: AnnualList, store: AnnouncementStore) -> None:
    renaming = [line.unit for line in result.lines if line.kind == "renaming"]
    await _save(renaming, register.renamed, announcement_of(result).announced_on, store)


async def _save(
    refs: Sequence[UnitRef],
    change: Callable[[RegisteredUnit | None, UnitRef, date], RegisteredUnit],
    day: date,
    store: AnnouncementStore,
) -> None:
    """Read in one question: a list has hundreds of units."""
    keys = sorted({ref.key for ref in refs})
    known = {unit.key: unit for unit in await store.units.find({"_id": {"$in": keys}})}
    for ref in refs:
        known[ref.key] = change(known.get(ref.key), ref, day)
    for key, unit in known.items():
        store.units.save(key, unit)
