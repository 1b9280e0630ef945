"""Loads everything that the check of some cases needs, in one query for each collection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from messages.values import Level, UnitType

from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord, LastCheck
from registry.domain.clearances import Clearance
from registry.domain.eligibility import Candidate, may_be_same_unit
from registry.domain.lines import PrintedLine
from registry.domain.list_acts import ListAct
from registry.domain.listings import FOREVER
from registry.handlers.list_acts import chain_head_of
from registry.handlers.ports import Store


async def candidates_of(
    clearances: Sequence[Clearance], level: Level, last_number: int, store: Store, leaving: Collection[str] = ()
) -> list[Candidate]:
    """The cases with everything known of their units and assessors; ``leaving``: organisations the list removes."""
    ban_records = await _ban_records(clearances, store)
    assessors = await assessors_of(clearances, store)
    titles = await _titles(clearances, level, store)
    names = await _names(clearances, last_number, store)
    return [
        Candidate(
            clearance=each,
            ban_record=ban_records.get(each.unit.uscc) or BanRecord(each.unit.uscc),
            assessor=assessors.get(each.assessor.uscc) if each.assessor else None,
            listed=may_be_same_unit(each.unit.key, titles[each.unit.uscc, each.unit.unit_type]),
            leaving=each.unit.uscc in leaving,
            name=names.get(each.unit.key),
            last_number=last_number,
        )
        for each in clearances
    ]


async def candidates_on(lines: Sequence[PrintedLine], act: ListAct, store: Store) -> list[Candidate]:
    """The additions among closed lines as they stand now."""
    sources = [each.change.source for each in lines if each.change.kind == "addition"]
    cases = await store.clearances.find({"_id": {"$in": sources}}) if sources else []
    head = await chain_head_of(act.level, store)
    return await candidates_of(cases, act.level, head.last_number, store)


async def assessors_of(clearances: Iterable[Clearance], store: Store) -> dict[str, AssessorStatus]:
    """The assessors among theirs that were ever sanctioned."""
    usccs = sorted({each.assessor.uscc for each in clearances if each.assessor})
    return {each.uscc: each for each in await store.assessors.find({"_id": {"$in": usccs}})} if usccs else {}


def touch_ban_records(checked: Iterable[Candidate], act: ListAct, store: Store) -> None:
    """Write to every ban record that was read, so that a ban committed meanwhile conflicts.

    Reading alone would let both commit: the check would have passed and the ban would not find the title (write skew).
    A sanction needs no such write: its titles are looked at twice (``Settling``), and so is the announcement.
    """
    check = LastCheck(act.list_id, act.day)
    for each in checked:
        store.ban_records.save(each.ban_record.uscc, replace(each.ban_record, last_check=check))


async def _ban_records(clearances: Sequence[Clearance], store: Store) -> dict[str, BanRecord]:
    usccs = sorted({each.unit.uscc for each in clearances})
    return {each.uscc: each for each in await store.ban_records.find({"_id": {"$in": usccs}})}


async def _titles(
    clearances: Sequence[Clearance], level: Level, store: Store
) -> Mapping[tuple[str, UnitType], list[str]]:
    """Keys by code and type, also of titles that are being prepared; those of the cases themselves are left out."""
    usccs = sorted({each.unit.uscc for each in clearances})
    own = {each.case_id for each in clearances}
    titles: defaultdict[tuple[str, UnitType], list[str]] = defaultdict(list)
    for each in await store.listings.find({"uscc": {"$in": usccs}, "shown_until": FOREVER}, sort=(("uscc", 1),)):
        if each.case_id not in own and each.level is level:
            titles[each.uscc, each.unit_type].append(each.unit_key)
    return titles


async def _names(clearances: Sequence[Clearance], last_number: int, store: Store) -> Mapping[str, str]:
    keys = sorted({each.unit.key for each in clearances})
    units = await store.units.find({"_id": {"$in": keys}})
    return {each.key: name for each in units if (name := each.name_by(last_number)) is not None}
