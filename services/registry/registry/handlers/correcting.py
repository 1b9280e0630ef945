"""Makes the list that corrects an announced one; it is announced like any other (L4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done, Refusal
from messages.values import Level
from rulebook import shanghai_date

from registry.domain import corrections, refusals
from registry.domain.chain import content_digest
from registry.domain.lists import AnnualList, closed, closed_event
from registry.handlers.closing import lists_of
from registry.handlers.ports import ListStore


@dataclass(frozen=True)
class CorrectList:
    level: Level
    number: int
    names: Mapping[str, str]
    """Source of the line → the name as it should have been printed."""
    why: str


async def correct_list(command: CorrectList, store: ListStore, now: datetime) -> Done:
    corrected = await numbered(command.level, command.number, store)
    if unknown := corrections.unknown_sources(corrected, command.names):
        raise refusals.not_on_the_list(unknown)
    shelf = await lists_of(corrected.level, corrected.year, store)
    if shelf.pending is not None:
        raise refusals.awaits_announcement(shelf.pending.list_id)
    day = shanghai_date(now)
    result = closed(corrections.correction(shelf.next_ref, corrected, command.names, command.why, day))
    store.lists.save(result.list_id, result)
    return Done([closed_event(result, content_digest(result.lines))], refusals.overview(result))


async def numbered(level: Level, number: int, store: ListStore) -> AnnualList:
    found = await store.lists.find({"level": level, "announcement.number": number})
    if not found:
        raise Refusal("not-found", status=404)
    return found[0]
