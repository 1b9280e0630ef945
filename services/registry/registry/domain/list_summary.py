"""A list without its lines: the reply to a command that makes or announces one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from messages.values import Level

from registry.domain.chain import content_digest
from registry.domain.lines import HeldBack
from registry.domain.lists import Announcement, AnnualList, ListState, count_lines


@dataclass(frozen=True)
class ListSummary:
    """A list without its lines."""

    list_id: str
    level: Level
    year: int
    state: ListState
    composed_on: date
    rule_set: str
    counts: dict[str, int]
    held_back: tuple[HeldBack, ...]
    content_digest: str
    corrects: int | None
    why: str | None
    announcement: Announcement | None


def summary_of(one: AnnualList) -> ListSummary:
    return ListSummary(
        list_id=one.list_id,
        level=one.level,
        year=one.year,
        state=one.state,
        composed_on=one.composed_on,
        rule_set=one.rule_set,
        counts=count_lines(one),
        held_back=one.held_back,
        content_digest=content_digest(one.lines),
        corrects=one.corrects,
        why=one.why,
        announcement=one.announcement,
    )
