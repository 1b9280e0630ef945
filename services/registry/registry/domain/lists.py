"""The annual list of a level: composed, closed, announced, never changed (L1 to L4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from messages.registry import ListAnnounced, ListClosed
from messages.values import Level
from rulebook import rules_on

from registry.domain.eligibility import CheckResult
from registry.domain.lines import KIND_ORDER, HeldBack, RegisterChange, addition, removal, sort_lines, to_event_line
from registry.domain.removals import Removal


class ListState(StrEnum):
    DRAFT = "draft"
    """Composed anew at each request; nothing of it is stored."""
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
class ListRef:
    """One list among those of a level and year."""

    list_id: str
    level: Level
    year: int


@dataclass(frozen=True)
class AnnualList:
    list_id: str
    level: Level
    year: int
    state: ListState
    composed_on: date
    """The day of its check: of closing, or of the request for a draft."""
    rule_set: str
    """The version in force that day (G2)."""
    lines: tuple[RegisterChange, ...]
    held_back: tuple[HeldBack, ...] = ()
    corrects: int | None = None
    """Number of the announced list that this one corrects (L4)."""
    why: str | None = None
    announcement: Announcement | None = None

    @property
    def ref(self) -> ListRef:
        return ListRef(self.list_id, self.level, self.year)


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
    def next_ref(self) -> ListRef:
        """The first list has ordinal 1, supplementary lists and corrections follow.

        Two who make one at the same moment get the same identifier, and the second insert fails.
        """
        return ListRef(f"list-{self.level.value}-{self.year}-{len(self.lists) + 1}", self.level, self.year)

    def announced_under(self, document_number: str) -> AnnualList | None:
        return next((each for each in self.lists if _is_announced_under(each, document_number)), None)


def compose_draft(ref: ListRef, checked: CheckResult, removals: Sequence[Removal], day: date) -> AnnualList:
    """The draft of this moment: additions that passed the check, and the removals of the year (L1)."""
    additions = [addition(each.case_id, each.unit) for each in checked.admitted]
    leaving = [removal(each.removal_id, each.unit, each.article) for each in removals]
    return replace(draft_of(ref, [*additions, *leaving], day), held_back=checked.held_back)


def draft_of(ref: ListRef, lines: Sequence[RegisterChange], day: date) -> AnnualList:
    return AnnualList(
        list_id=ref.list_id,
        level=ref.level,
        year=ref.year,
        state=ListState.DRAFT,
        composed_on=day,
        rule_set=rules_on(day).version,
        lines=sort_lines(lines),
    )


def count_lines(one: AnnualList) -> dict[str, int]:
    """Count the lines of each kind."""
    counted = Counter(line.kind for line in one.lines)
    return {kind: counted[kind] for kind in KIND_ORDER}


def close(draft: AnnualList) -> AnnualList:
    return replace(draft, state=ListState.CLOSED)


def announcement_of(announced_list: AnnualList) -> Announcement:
    if announced_list.announcement is None:
        raise ValueError(f"{announced_list.list_id} is not announced")
    return announced_list.announcement


def closed_event(closed_list: AnnualList, digest: str) -> ListClosed:
    return ListClosed(
        list_id=closed_list.list_id,
        level=closed_list.level,
        year=closed_list.year,
        closed_on=closed_list.composed_on,
        lines=len(closed_list.lines),
        held_back=len(closed_list.held_back),
        digest=digest,
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
        lines=tuple(map(to_event_line, announced_list.lines)),
        corrects=announced_list.corrects,
        why=announced_list.why,
        digest=announcement.digest,
        previous_digest=announcement.previous_digest,
        rule_set=announced_list.rule_set,
    )


def _is_announced_under(one: AnnualList, document_number: str) -> bool:
    return one.announcement is not None and one.announcement.document_number == document_number
