"""Composes the list of a year and closes it: from then on its lines are frozen (L1, L2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done
from messages.event import Event
from messages.values import Level
from rulebook import rules_on, shanghai_date

from registry.domain import clearances
from registry.domain.chain import digest_lines
from registry.domain.clearances import Clearance, ClearanceState
from registry.domain.eligibility import CheckResult, check_candidates
from registry.domain.lines import PrintedLine, RegisterChange, addition, removal
from registry.domain.list_acts import ActKind, ActPart, ActRef, ActState, ListAct
from registry.domain.lists import AnnualList, ListState, closed_event, count_lines
from registry.domain.removals import Removal, RemovalEffect, RemovalState
from registry.handlers.checking import candidates_of, candidates_on
from registry.handlers.list_acts import (
    LINES_PER_STEP,
    act_under_way,
    begin,
    chain_head_of,
    finish,
    lists_of,
    next_act_id,
    next_lines,
    require_none_under_way,
    save_held_back,
    save_lines,
)
from registry.handlers.ports import Store

FREE = [ClearanceState.WAITING, ClearanceState.FROZEN]
"""Cases for the next list; one frozen on a list that is composed anew is free again."""

BY_USCC = (("unit.uscc", 1),)
"""The order of the index, in which the codes asked for are found."""


@dataclass(frozen=True)
class CloseList:
    level: Level
    year: int


async def begin_closing(command: CloseList, store: Store, now: datetime) -> Done:
    """Begin to freeze the lines after the check of this day; a closing under way is continued.

    Closing again changes nothing while the closed list holds; when a ban, a sanction or the end of a case has struck
    one of its lines, it is composed anew under the same identifier and published again.
    """
    head = await chain_head_of(command.level, store)
    act = await act_under_way(head, store)
    if act is not None and (act.kind, act.year) == (ActKind.CLOSE, command.year):
        return Done(value=ActRef(act.list_id, act.act_id))
    require_none_under_way(act)
    year_lists = await lists_of(command.level, command.year, store)
    pending = year_lists.pending
    new = ListAct(
        act_id=next_act_id(head),
        kind=ActKind.CLOSE,
        list_id=pending.list_id if pending else year_lists.next_id,
        level=command.level,
        year=command.year,
        day=shanghai_date(now),
        part=ActPart.LINES if pending else ActPart.CASES,
        total=pending.lines if pending else await _count_material(command, store),
        edition=pending.edition if pending else None,
    )
    return Done(value=begin(new, head, store))


async def carry_on_closing(act: ListAct, store: Store, _now: datetime) -> list[Event]:
    """Take the next step: check the closed list, compose cases and removals, remove what is replaced."""
    if act.state is ActState.APPLYING:
        return await _remove_former_edition(act, store)
    return await {ActPart.LINES: _check_lines, ActPart.CASES: _add_cases, ActPart.REMOVALS: _add_removals}[act.part](
        act, store
    )


async def check_cases(cases: Sequence[Clearance], level: Level, year: int, day: date, store: Store) -> CheckResult:
    """Decide on a page of cases, each together with all others of its organisation: of doubles one is admitted."""
    usccs, own = sorted({each.unit.uscc for each in cases}), {each.case_id for each in cases}
    where = {"level": level, "year": year, "unit.uscc": {"$in": usccs}}
    same = await store.clearances.find(where, sort=BY_USCC)
    others = [each for each in same if each.state in FREE and each.case_id not in own]
    head = await chain_head_of(level, store)
    leaving = await _leaving(usccs, year, store)
    checked = check_candidates(await candidates_of([*cases, *others], level, head.last_number, store, leaving), day)
    return CheckResult(
        tuple(each for each in checked.admitted if each.case_id in own),
        tuple(each for each in checked.held_back if each.source in own),
    )


async def cases_after(place: str, level: Level, year: int, store: Store, limit: int) -> list[Clearance]:
    """The next cases for the list in the order of print: one page of each state, of which the first count."""
    where = {"level": level, "year": year, "place": {"$gt": place}}
    pages = [await store.clearances.find({**where, "state": state}, sort=[("place", 1)], limit=limit) for state in FREE]
    return sorted((each for page in pages for each in page), key=lambda each: each.place)[:limit]


async def removals_after(place: str, year: int, store: Store, limit: int) -> list[Removal]:
    where = {"year": year, "state": RemovalState.WAITING, "place": {"$gt": place}}
    return await store.removals.find(where, sort=[("place", 1)], limit=limit)


async def _count_material(command: CloseList, store: Store) -> int:
    of_level = {"level": command.level, "year": command.year}
    cases = [await store.clearances.count({**of_level, "state": each}) for each in FREE]
    return sum(cases) + await store.removals.count({"year": command.year, "state": RemovalState.WAITING})


async def _leaving(usccs: Sequence[str], year: int, store: Store) -> set[str]:
    found = await store.removals.find({"year": year, "unit.uscc": {"$in": list(usccs)}}, sort=BY_USCC)
    on_list = (each for each in found if each.state is RemovalState.WAITING)
    return {each.unit.uscc for each in on_list if each.effect is RemovalEffect.WITH_LIST}


async def _check_lines(act: ListAct, store: Store) -> list[Event]:
    """Check the next lines of the list that is closed already; compose it anew from the first that no longer holds."""
    lines = await next_lines(act, store)
    if check_candidates(await candidates_on(lines, act, store), act.day).held_back:
        total = await _count_material(CloseList(act.level, act.year), store)
        store.list_acts.save(act.act_id, act.stepped(part=ActPart.CASES, done=0, total=total))
    elif len(lines) < LINES_PER_STEP:
        await finish(act.stepped(state=ActState.DONE, done=act.done + len(lines)), store)
    else:
        store.list_acts.save(act.act_id, act.stepped(done=act.done + len(lines)))
    return []


async def _add_cases(act: ListAct, store: Store) -> list[Event]:
    cases = await cases_after(act.place, act.level, act.year, store, LINES_PER_STEP)
    checked = await check_cases(cases, act.level, act.year, act.day, store)
    admitted = {each.case_id: each for each in checked.admitted}
    for each in cases:
        decided = clearances.freeze(each, act.act_id) if each.case_id in admitted else clearances.unfreeze(each)
        if decided != each:
            store.clearances.save(each.case_id, decided)
    changes = [addition(each.case_id, admitted[each.case_id].unit) for each in cases if each.case_id in admitted]
    extended = replace(_print(act, changes, store), held_back=save_held_back(act, checked.held_back, store))
    done, more = act.done + len(cases), len(cases) == LINES_PER_STEP
    part, place = (ActPart.CASES, cases[-1].place) if more else (ActPart.REMOVALS, "")
    store.list_acts.save(act.act_id, extended.stepped(part=part, place=place, done=done))
    return []


async def _add_removals(act: ListAct, store: Store) -> list[Event]:
    found = await removals_after(act.place, act.year, store, LINES_PER_STEP)
    changes = [removal(each.removal_id, each.unit, each.article) for each in found]
    extended = replace(_print(act, changes, store), done=act.done + len(found))
    if len(found) < LINES_PER_STEP:
        return await _conclude(extended, store)
    store.list_acts.save(act.act_id, extended.stepped(place=found[-1].place))
    return []


def _print(act: ListAct, changes: Sequence[RegisterChange], store: Store) -> ListAct:
    """Save the next lines in their places; return the act with their number and digest."""
    printed = sum((act.counts or {}).values())
    save_lines(
        [PrintedLine(act.act_id, act.list_id, printed + at, each) for at, each in enumerate(changes, start=1)], store
    )
    return replace(act, counts=count_lines(changes, act.counts), lines_digest=digest_lines(changes, act.lines_digest))


async def _conclude(act: ListAct, store: Store) -> list[Event]:
    """Let the closing take effect as a whole, in the one document of the list; without a line nothing is closed."""
    closed_list = AnnualList(
        list_id=act.list_id,
        level=act.level,
        year=act.year,
        state=ListState.CLOSED,
        composed_on=act.day,
        rule_set=rules_on(act.day).version,
        edition=act.act_id,
        counts=act.counts or {},
        lines_digest=act.lines_digest,
        held_back=act.held_back,
    )
    if not closed_list.lines:
        await finish(act.stepped(state=ActState.REFUSED, code="nothing-to-list"), store)
        return []
    store.lists.save(act.list_id, closed_list)
    if act.edition is None:
        await finish(act.stepped(state=ActState.DONE), store)
    else:
        store.list_acts.save(act.act_id, act.stepped(state=ActState.APPLYING, done=0))
    return [closed_event(closed_list)]


async def _remove_former_edition(act: ListAct, store: Store) -> list[Event]:
    """Remove the rows of the closing that this one replaces; nothing names them any more."""
    lines = await store.list_lines.find({"edition": act.edition}, limit=LINES_PER_STEP)
    held_back = await store.held_back_lines.find({"act_id": act.edition}, limit=LINES_PER_STEP)
    for line in lines:
        store.list_lines.remove(line.key)
    for held in held_back:
        store.held_back_lines.remove(held.key)
    if LINES_PER_STEP in (len(lines), len(held_back)):
        store.list_acts.save(act.act_id, act.stepped())
    else:
        await finish(act.stepped(state=ActState.DONE), store)
    return []
