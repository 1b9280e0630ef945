"""Composes the draft of a year and closes it: from then on its lines are frozen (L1, L2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done
from messages.values import Level
from rulebook import shanghai_date

from registry.domain import clearances, refusals, removals
from registry.domain.chain import content_digest
from registry.domain.clearances import Clearance, ClearanceState
from registry.domain.eligibility import Candidate, CheckResult, check_candidates
from registry.domain.lines import sources
from registry.domain.list_summary import summary_of
from registry.domain.lists import AnnualList, ListRef, YearLists, close, closed_event, compose_draft
from registry.domain.removals import Removal, RemovalState
from registry.handlers.checking import candidates_of, touch
from registry.handlers.ports import Store


@dataclass(frozen=True)
class CloseList:
    level: Level
    year: int


@dataclass(frozen=True)
class ListMaterial:
    """Cases and removals for a list of this level and year; those frozen on a list given up are free again."""

    ref: ListRef
    candidates: tuple[Candidate, ...]
    removals: tuple[Removal, ...]
    dropped: tuple[Clearance, ...]
    """Taken off the list given up because their cases have ended."""


async def draft_list(command: CloseList, store: Store, now: datetime) -> AnnualList:
    """Return the list that closing would make now; reads only. A closed list that still holds is returned as it is."""
    day = shanghai_date(now)
    year_lists = await lists_of(command.level, command.year, store)
    if year_lists.pending is not None and not (await check_closed_list(year_lists.pending, day, store)).held_back:
        return year_lists.pending
    return _compose(await _material_of(year_lists, store), day)


async def close_list(command: CloseList, store: Store, now: datetime) -> Done:
    """Freeze the lines after the check of this day.

    Closing again changes nothing while the closed list holds; when a ban, a sanction or the end of a case has struck
    one of its lines, it is composed anew under the same identifier and published again.
    """
    day = shanghai_date(now)
    year_lists = await lists_of(command.level, command.year, store)
    if year_lists.pending is not None and not (await check_closed_list(year_lists.pending, day, store)).held_back:
        return Done(value=summary_of(year_lists.pending))
    material = await _material_of(year_lists, store)
    result = close(_compose(material, day))
    if not result.lines:
        raise refusals.nothing_to_list(result.held_back)
    _freeze(result, material, store)
    return Done([closed_event(result, content_digest(result.lines))], summary_of(result))


async def lists_of(level: Level, year: int, store: Store) -> YearLists:
    """Read all lists in one query: two could see the moments before and after another process's commit."""
    return YearLists(level, year, tuple(await store.lists.find({"level": level, "year": year})))


async def check_closed_list(closed_list: AnnualList, day: date, store: Store) -> CheckResult:
    return check_candidates(await lines_of(closed_list, store), day)


async def lines_of(closed_list: AnnualList, store: Store) -> list[Candidate]:
    """The additions of a closed list as they stand now."""
    frozen = await store.clearances.find({"_id": {"$in": list(sources(closed_list.lines, "addition"))}})
    return await candidates_of(frozen, await removals_of(closed_list, store), closed_list.level, store)


async def removals_of(closed_list: AnnualList, store: Store) -> list[Removal]:
    return await store.removals.find({"_id": {"$in": list(sources(closed_list.lines, "removal"))}})


async def _material_of(year_lists: YearLists, store: Store) -> ListMaterial:
    level, year = year_lists.level, year_lists.year
    ref = year_lists.pending.ref if year_lists.pending else year_lists.next_ref
    free = {"level": level, "year": year, "state": {"$in": [ClearanceState.WAITING, ClearanceState.FROZEN]}}
    struck = {"state": ClearanceState.DROPPED, "list_id": ref.list_id}
    cases = [clearances.unfreeze(each) for each in await store.clearances.find({"$or": [free, struck]})]
    open_states = {"year": year, "state": {"$in": [RemovalState.WAITING, RemovalState.FROZEN]}}
    leaving = [removals.unfreeze(each) for each in await store.removals.find(open_states)]
    waiting = [each for each in cases if each.state is ClearanceState.WAITING]
    return ListMaterial(
        ref=ref,
        candidates=tuple(await candidates_of(waiting, leaving, level, store)),
        removals=tuple(leaving),
        dropped=tuple(each for each in cases if each.state is ClearanceState.DROPPED),
    )


def _compose(material: ListMaterial, day: date) -> AnnualList:
    return compose_draft(material.ref, check_candidates(material.candidates, day), material.removals, day)


def _freeze(result: AnnualList, material: ListMaterial, store: Store) -> None:
    on_list = set(sources(result.lines, "addition"))
    for each in (*(candidate.clearance for candidate in material.candidates), *material.dropped):
        state = clearances.freeze(each, result.list_id) if each.case_id in on_list else each
        store.clearances.save(each.case_id, state)
    for leaving in material.removals:
        store.removals.save(leaving.removal_id, removals.freeze(leaving, result.list_id))
    touch(material.candidates, result.list_id, result.composed_on, store)
    store.lists.save(result.list_id, result)
