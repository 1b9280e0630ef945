"""Makes the list that corrects an announced one; it is announced like any other list (L4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done, Refusal
from messages.values import Level
from rulebook import shanghai_date

from registry.domain import corrections, refusals
from registry.domain.chain import content_digest
from registry.domain.list_summary import summary_of
from registry.domain.lists import AnnualList, close, closed_event
from registry.handlers.closing import lists_of
from registry.handlers.ports import Store


@dataclass(frozen=True)
class CorrectList:
    level: Level
    number: int
    names: Mapping[str, str]
    """Source of the line → the name as it should have been printed."""
    why: str


async def correct_list(command: CorrectList, store: Store, now: datetime) -> Done:
    corrected = await require_announced_list(command.level, command.number, store)
    if unknown := corrections.unknown_sources(corrected, command.names):
        raise refusals.line_unknown(unknown)
    year_lists = await lists_of(corrected.level, corrected.year, store)
    if year_lists.pending is not None:
        raise refusals.awaits_announcement(year_lists.pending.list_id)
    day = shanghai_date(now)
    result = close(corrections.correction(year_lists.next_ref, corrected, command.names, command.why, day))
    store.lists.save(result.list_id, result)
    return Done([closed_event(result, content_digest(result.lines))], summary_of(result))


async def require_announced_list(level: Level, number: int, store: Store) -> AnnualList:
    found = await store.lists.find({"level": level, "announcement.number": number})
    if not found:
        raise Refusal("not-found", status=404)
    return found[0]
