"""Loads everything the last check needs and touches each document, so that a concurrent change conflicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from messages.values import Level, UnitType

from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord, LastCheck
from registry.domain.clearances import Clearance
from registry.domain.eligibility import Candidate, may_be_same_unit
from registry.domain.register import FOREVER
from registry.domain.removals import Removal, RemovalEffect
from registry.handlers.ports import Store


async def candidates_of(
    clearances: Sequence[Clearance], removals: Sequence[Removal], level: Level, store: Store
) -> list[Candidate]:
    """The cases with everything known of their units and assessors, read in four queries."""
    ban_records = await _ban_records(clearances, store)
    assessors = await _assessors(clearances, store)
    titles = await _titles(clearances, level, store)
    names = await _names(clearances, store)
    leaving = {each.unit.uscc for each in removals if each.effect is RemovalEffect.WITH_LIST}
    return [
        Candidate(
            clearance=each,
            ban_record=ban_records.get(each.unit.uscc) or BanRecord(each.unit.uscc),
            assessor=assessors.get(each.assessor.uscc) if each.assessor else None,
            listed=may_be_same_unit(each.unit.key, titles[each.unit.uscc, each.unit.unit_type]),
            leaving=each.unit.uscc in leaving,
            name=names.get(each.unit.key),
        )
        for each in clearances
    ]


def touch(checked: Iterable[Candidate], list_id: str, day: date, store: Store) -> None:
    """Write to every ban record and assessor that was read, so that a ban or sanction committed meanwhile conflicts.

    Reading alone would let both commit: the check would have passed and the ban would run (write skew). An assessor
    that was ever sanctioned has its flags updated again, for the titles that this announcement adds (S2).
    """
    check = LastCheck(list_id, day)
    for each in checked:
        store.ban_records.save(each.ban_record.uscc, replace(each.ban_record, last_check=check))
        if assessor := each.clearance.assessor:
            known = each.assessor or AssessorStatus(assessor.uscc)
            touched = replace(known, last_check=check)
            store.assessors.save(assessor.uscc, touched.with_flags_pending() if touched.sanctions else touched)


async def _ban_records(clearances: Sequence[Clearance], store: Store) -> dict[str, BanRecord]:
    usccs = sorted({each.unit.uscc for each in clearances})
    return {each.uscc: each for each in await store.ban_records.find({"_id": {"$in": usccs}})}


async def _assessors(clearances: Sequence[Clearance], store: Store) -> dict[str, AssessorStatus]:
    usccs = sorted({each.assessor.uscc for each in clearances if each.assessor})
    return {each.uscc: each for each in await store.assessors.find({"_id": {"$in": usccs}})}


async def _titles(
    clearances: Sequence[Clearance], level: Level, store: Store
) -> Mapping[tuple[str, UnitType], list[str]]:
    """Keys by code and type; a title of one of the cases would be of an announcement that is just being committed."""
    usccs = sorted({each.unit.uscc for each in clearances})
    own = {each.case_id for each in clearances}
    titles: defaultdict[tuple[str, UnitType], list[str]] = defaultdict(list)
    for each in await store.listings.find({"uscc": {"$in": usccs}, "level": level, "shown_until": FOREVER}):
        if each.case_id not in own:
            titles[each.uscc, each.unit_type].append(each.unit_key)
    return titles


async def _names(clearances: Sequence[Clearance], store: Store) -> Mapping[str, str]:
    keys = sorted({each.unit.key for each in clearances})
    return {each.key: each.name for each in await store.units.find({"_id": {"$in": keys}})}
