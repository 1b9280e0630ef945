"""Shows the draft of a year, composed anew at each request and page by page; nothing of it is stored (L1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Refusal
from rulebook import shanghai_date

from registry.domain.lines import HeldBack, RegisterChange, addition, removal
from registry.handlers.closing import CloseList, cases_after, check_cases, removals_after
from registry.handlers.list_acts import act_under_way, chain_head_of, require_none_under_way
from registry.handlers.ports import Store

CASES, REMOVALS = "cases", "removals"


@dataclass(frozen=True)
class DraftPage:
    lines: tuple[RegisterChange, ...]
    held_back: tuple[HeldBack, ...]
    next: str | None


async def draft_page(command: CloseList, store: Store, now: datetime, after: str | None, limit: int) -> DraftPage:
    """Return a page of what closing would make now; refused while an act is under way, which is taking it apart."""
    head = await chain_head_of(command.level, store)
    require_none_under_way(await act_under_way(head, store))
    part, _, place = (after or f"{CASES}:").partition(":")
    if part == CASES:
        return await _cases(place, command, store, now, limit)
    if part == REMOVALS:
        return await _removals(place, command, store, limit)
    raise Refusal("cursor-invalid", status=422, title="This cursor does not belong to this list")


async def _cases(place: str, command: CloseList, store: Store, now: datetime, limit: int) -> DraftPage:
    cases = await cases_after(place, command.level, command.year, store, limit)
    checked = await check_cases(cases, command.level, command.year, shanghai_date(now), store)
    lines = [addition(each.case_id, each.unit) for each in checked.admitted]
    if len(cases) == limit:
        return _page(lines, checked.held_back, f"{CASES}:{cases[-1].place}")
    if await removals_after("", command.year, store, 1):
        return _page(lines, checked.held_back, f"{REMOVALS}:")
    return _page(lines, checked.held_back, None)


async def _removals(place: str, command: CloseList, store: Store, limit: int) -> DraftPage:
    found = await removals_after(place, command.year, store, limit)
    lines = [removal(each.removal_id, each.unit, each.article) for each in found]
    return _page(lines, (), f"{REMOVALS}:{found[-1].place}" if len(found) == limit else None)


def _page(lines: Sequence[RegisterChange], held_back: Sequence[HeldBack], following: str | None) -> DraftPage:
    return DraftPage(tuple(lines), tuple(held_back), following)
