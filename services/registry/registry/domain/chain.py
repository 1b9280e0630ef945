"""The chain of announced lists: numbers without gaps, each list holding the digest of the one before (L5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from messages.digests import canonical_digest
from messages.values import Level

from registry.domain.lines import RegisterChange, to_event_line
from registry.domain.lists import Announcement, AnnualList, ListState, announcement_of

GENESIS = "0" * 64
"""Stands before the first link: in the first list of a level in place of the digest before it, and before the first
line of a list."""


@dataclass(frozen=True)
class ChainHead:
    """The last number and digest of the chain of one level: what the register shows is what this number says.

    It is the one document that every act of making a list writes when it begins and when it takes effect, so that
    there is one act at a time and no number is given twice.
    """

    level: Level
    last_number: int = 0
    last_digest: str = GENESIS
    act_id: str | None = None
    """The act that is under way."""
    acts: int = 0
    """Acts begun so far; the next one takes its identifier from it."""


@dataclass(frozen=True)
class ChainCheck:
    """The outcome of walking the chain from its first list."""

    intact: bool = True
    lists: int = 0
    head: str = GENESIS
    """Digest of the last list that is in order."""
    broken_at: int | None = None
    fault: str | None = None

    def after(self, each: AnnualList, lines_digest: str) -> ChainCheck:
        """Return the check after the next announced list, whose lines have this digest."""
        number, announcement = self.lists + 1, announcement_of(each)
        if fault := _fault_of(each, number, self.head, lines_digest):
            return replace(self, intact=False, broken_at=number, fault=fault)
        return replace(self, lists=number, head=announcement.digest)


def announce(closed_list: AnnualList, head: ChainHead, document_number: str, day: date) -> AnnualList:
    """Return the list with its number and its link of the chain; it never changes from now on (L3, L4)."""
    announcement = Announcement(head.last_number + 1, document_number, day, head.last_digest)
    digest = seal(closed_list, announcement)
    return replace(closed_list, state=ListState.ANNOUNCED, announcement=replace(announcement, digest=digest))


def seal(closed_list: AnnualList, announcement: Announcement) -> str:
    """Digest over all that is published of a list, the digests of its lines and of the list before included."""
    return canonical_digest(
        {
            "number": announcement.number,
            "level": closed_list.level.value,
            "year": closed_list.year,
            "document_number": announcement.document_number,
            "announced_on": announcement.announced_on.isoformat(),
            "lines": closed_list.lines,
            "lines_digest": closed_list.lines_digest,
            "corrects": closed_list.corrects,
            "why": closed_list.why,
            "rule_set": closed_list.rule_set,
            "previous_digest": announcement.previous_digest,
        }
    )


def digest_lines(lines: Iterable[RegisterChange], before: str = GENESIS) -> str:
    """Continue the digest of a list's lines after the digest ``before``.

    Each link is SHA-256 of the text "link before" + "digest of the line", so that it is computed page by page and its
    state fits into the document of an act.
    """
    link = before
    for line in lines:
        link = sha256((link + canonical_digest(to_event_line(line).model_dump(mode="json"))).encode()).hexdigest()
    return link


def _fault_of(each: AnnualList, number: int, previous: str, lines_digest: str) -> str | None:
    announcement = announcement_of(each)
    if announcement.number != number:
        return f"list {number} is missing"
    if announcement.previous_digest != previous:
        return f"list {number} does not hold the digest of the one before"
    if seal(each, announcement) != announcement.digest or lines_digest != each.lines_digest:
        return f"list {number} was changed after its announcement"
    return None
