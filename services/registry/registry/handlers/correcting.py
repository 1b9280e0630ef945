"""Makes the list that corrects an announced one; it is announced like any other list (L4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.handling import Done, Refusal
from messages.values import Level
from rulebook import rules_on, shanghai_date

from registry.domain import corrections, refusals
from registry.domain.chain import digest_lines
from registry.domain.lines import PrintedLine
from registry.domain.lists import AnnualList, ListState, announcement_of, closed_event, count_lines
from registry.handlers.list_acts import (
    act_under_way,
    chain_head_of,
    lists_of,
    next_act_id,
    require_none_under_way,
    save_lines,
)
from registry.handlers.ports import Store

MAX_NAMES = 200
"""The most names put right by one correction, which is one commit."""


@dataclass(frozen=True)
class CorrectList:
    level: Level
    number: int
    names: Mapping[str, str]
    """Source of the line → the name as it should have been printed; at most ``MAX_NAMES``."""
    why: str


async def correct_list(command: CorrectList, store: Store, now: datetime) -> Done:
    head = await chain_head_of(command.level, store)
    require_none_under_way(await act_under_way(head, store))
    corrected = await require_announced_list(command.level, command.number, store)
    where = {"edition": corrected.edition, "change.source": {"$in": sorted(command.names)}}
    known = corrections.correctable_lines(each.change for each in await store.list_lines.find(where))
    if unknown := sorted(set(command.names) - set(known)):
        raise refusals.line_unknown(unknown)
    year_lists = await lists_of(corrected.level, corrected.year, store)
    if year_lists.pending is not None:
        raise refusals.awaits_announcement(year_lists.pending.list_id)
    day, edition, list_id = shanghai_date(now), next_act_id(head), year_lists.next_id
    changes = corrections.corrected_lines(known, command.names)
    result = AnnualList(
        list_id=list_id,
        level=corrected.level,
        year=corrected.year,
        state=ListState.CLOSED,
        composed_on=day,
        rule_set=rules_on(day).version,
        edition=edition,
        counts=count_lines(changes),
        lines_digest=digest_lines(changes),
        corrects=announcement_of(corrected).number,
        why=command.why,
    )
    save_lines([PrintedLine(edition, list_id, at, each) for at, each in enumerate(changes, start=1)], store)
    store.lists.save(list_id, result)
    store.chain_heads.save(head.level.value, replace(head, acts=head.acts + 1))
    return Done([closed_event(result)], result)


async def require_announced_list(level: Level, number: int, store: Store) -> AnnualList:
    found = await store.lists.find({"level": level, "announcement.number": number}, limit=1)
    if not found:
        raise Refusal("not-found", status=404)
    return found[0]
