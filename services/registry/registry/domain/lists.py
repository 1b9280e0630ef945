"""The annual list of a level: composed, closed, announced, never changed (L1 to L4); its lines are rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from messages.registry import ListAnnounced, ListClosed
from messages.values import Level

from registry.domain.lines import KIND_ORDER, RegisterChange


class ListState(StrEnum):
    CLOSED = "closed"
    ANNOUNCED = "announced"


@dataclass(frozen=True)
class Announcement:
    number: int
    document_number: str
    announced_on: date
    previous_digest: str
    digest: str = ""
    """Empty only while it is computed."""


@dataclass(frozen=True)
class AnnualList:
    """A list without its lines."""

    list_id: str
    level: Level
    year: int
    state: ListState
    composed_on: date
    """The day of its check: of closing."""
    rule_set: str
    """The version in force that day (G2)."""
    edition: str
    """The act that composed it; its lines and those held back are found by it."""
    counts: dict[str, int]
    """Lines of each kind."""
    lines_digest: str
    held_back: int = 0
    corrects: int | None = None
    """Number of the announced list that this one corrects (L4)."""
    why: str | None = None
    announcement: Announcement | None = None

    @property
    def lines(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class YearLists:
    """All lists of one level and year, as they stood at one moment."""

    level: Level
    year: int
    lists: tuple[AnnualList, ...]

    @property
    def pending(self) -> AnnualList | None:
        """The list that is closed and waits for its announcement; there is at most one."""
        return next((each for each in self.lists if each.state is ListState.CLOSED), None)

    @property
    def next_id(self) -> str:
        """The first list has ordinal 1, supplementary lists and corrections follow.

        Two who make one at the same moment get the same identifier, and the second insert fails.
        """
        return f"list-{self.level.value}-{self.year}-{len(self.lists) + 1}"

    def announced_under(self, document_number: str) -> AnnualList | None:
        return next((each for each in self.lists if _is_announced_under(each, document_number)), None)


def count_lines(lines: Iterable[RegisterChange], before: dict[str, int] | None = None) -> dict[str, int]:
    """Count the lines of each kind, on top of those counted ``before``."""
    counted = Counter(before or {})
    counted.update(line.kind for line in lines)
    return {kind: counted[kind] for kind in KIND_ORDER}


def announcement_of(announced_list: AnnualList) -> Announcement:
    if announced_list.announcement is None:
        raise ValueError(f"{announced_list.list_id} is not announced")
    return announced_list.announcement


def closed_event(closed_list: AnnualList) -> ListClosed:
    return ListClosed(
        list_id=closed_list.list_id,
        level=closed_list.level,
        year=closed_list.year,
        closed_on=closed_list.composed_on,
        lines=closed_list.lines,
        held_back=closed_list.held_back,
        digest=closed_list.lines_digest,
        rule_set=closed_list.rule_set,
    )


def announced_event(announced_list: AnnualList) -> ListAnnounced:
    announcement = announcement_of(announced_list)
    return ListAnnounced(
        list_id=announced_list.list_id,
        number=announcement.number,
        level=announced_list.level,
        year=announced_list.year,
        document_number=announcement.document_number,
        announced_on=announcement.announced_on,
        lines=announced_list.lines,
        lines_digest=announced_list.lines_digest,
        corrects=announced_list.corrects,
        why=announced_list.why,
        digest=announcement.digest,
        previous_digest=announcement.previous_digest,
        rule_set=announced_list.rule_set,
    )


def _is_announced_under(one: AnnualList, document_number: str) -> bool:
    return one.announcement is not None and one.announcement.document_number == document_number
