"""The chain of announced lists: numbers without gaps, each list holding the digest of the one before (L5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from messages.digests import canonical_digest
from messages.values import Level

from registry.domain.lines import RegisterChange, to_event_line
from registry.domain.lists import Announcement, AnnualList, ListState, announcement_of

GENESIS = "0" * 64
"""Stands in the first list of a level in place of the digest before it."""


@dataclass(frozen=True)
class ChainHead:
    """The last number and digest of the chain of one level."""

    level: Level
    last_number: int = 0
    last_digest: str = GENESIS


@dataclass(frozen=True)
class ChainCheck:
    """The outcome of walking the chain from its first list."""

    intact: bool
    lists: int
    head: str
    """Digest of the last list that is in order."""
    broken_at: int | None = None
    fault: str | None = None


def announce(closed_list: AnnualList, head: ChainHead, document_number: str, day: date) -> AnnualList:
    """Return the list with its number and its link of the chain; it never changes from now on (L3, L4)."""
    announcement = Announcement(head.last_number + 1, document_number, day, head.last_digest)
    digest = seal(closed_list, announcement)
    return replace(closed_list, state=ListState.ANNOUNCED, announcement=replace(announcement, digest=digest))


def chain_head_of(announced_list: AnnualList) -> ChainHead:
    announcement = announcement_of(announced_list)
    return ChainHead(announced_list.level, announcement.number, announcement.digest)


def seal(closed_list: AnnualList, announcement: Announcement) -> str:
    """Digest over all that is published of a list, the digest of the one before included."""
    return canonical_digest(
        {
            "number": announcement.number,
            "level": closed_list.level.value,
            "year": closed_list.year,
            "document_number": announcement.document_number,
            "announced_on": announcement.announced_on.isoformat(),
            "lines": _published_lines(closed_list.lines),
            "corrects": closed_list.corrects,
            "why": closed_list.why,
            "rule_set": closed_list.rule_set,
            "previous_digest": announcement.previous_digest,
        }
    )


def content_digest(lines: Sequence[RegisterChange]) -> str:
    return canonical_digest(_published_lines(lines))


def verify(lists: Sequence[AnnualList]) -> ChainCheck:
    """Walk the announced lists of one level in the order of their numbers; stop at the first that is not in order."""
    head = GENESIS
    for at, each in enumerate(lists, start=1):
        if fault := _fault_of(each, at, head):
            return ChainCheck(intact=False, lists=at - 1, head=head, broken_at=at, fault=fault)
        head = announcement_of(each).digest
    return ChainCheck(intact=True, lists=len(lists), head=head)


def _fault_of(each: AnnualList, number: int, previous: str) -> str | None:
    announcement = announcement_of(each)
    if announcement.number != number:
        return f"list {number} is missing"
    if announcement.previous_digest != previous:
        return f"list {number} does not hold the digest of the one before"
    return (
        None if seal(each, announcement) == announcement.digest else f"list {number} was changed after its announcement"
    )


def _published_lines(lines: Sequence[RegisterChange]) -> list[dict[str, Any]]:
    return [to_event_line(line).model_dump(mode="json") for line in lines]
