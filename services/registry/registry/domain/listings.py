"""Titles: each shown from one list on, and until it ends by itself or by another list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from messages.values import AssessorRef, Level, Prefecture, UnitType
from rulebook import LEVEL_NAMES, UNIT_TYPE_NAMES

from registry.domain.clearances import Clearance
from registry.domain.locations import FormerPrefecture, Move, Residence

FOREVER = date.max
"""End of an entry that has no end yet, so that one query finds the entries shown on a day."""
NO_LIST = 2**31 - 1
"""Stands for the list that ends an entry while none does."""


@dataclass(frozen=True)
class EntryDay:
    """The day and the list by which something is entered."""

    day: date
    list_number: int = 0


@dataclass(frozen=True)
class Flag:
    """Supervision because of one decision on the assessor whose report a title rests on (S2)."""

    document_number: str
    """Of the decision."""
    flagged_on: date
    lifted_on: date | None = None
    """The day from which it no longer counts; it stays on record (S4)."""

    @property
    def open(self) -> bool:
        return self.lifted_on is None


@dataclass(frozen=True)
class Listing:
    """One title: a unit listed for a type at a level, from one announced list on."""

    case_id: str
    unit_key: str
    uscc: str
    unit_type: UnitType
    level: Level
    prefecture: Prefecture
    assessor: AssessorRef | None
    listed_on: date
    list_number: int
    document_number: str
    shown_from: date
    """The day from which the register showed it."""
    facets: tuple[str, ...] = ()
    """Every question it answers, each as one text: one index serves any combination of filters."""
    shown_until: date = FOREVER
    """The day from which the register no longer showed it."""
    ended_number: int = NO_LIST
    """The list that ends it, and which may not be announced yet."""
    ending_on: date | None = None
    """The day of that list."""
    removal_id: str | None = None
    struck: bool = False
    """A ban or sanction came while its list was being announced."""
    flags: tuple[Flag, ...] = ()
    flagged: bool = False
    """Whether any flag is open, for the query of titles under supervision."""
    decisions_applied: int = 0
    """The assessor's ``known_decisions`` when the flags were last updated."""
    former_prefectures: tuple[FormerPrefecture, ...] = ()
    """Where its organisation belonged before it moved."""

    @property
    def residence(self) -> Residence:
        return Residence(self.prefecture, self.former_prefectures)

    def shown_on(self, day: date, last_number: int) -> bool:
        return self.entered_by(day, last_number) and not self.ended_by(day, last_number)

    def entered_by(self, day: date, last_number: int) -> bool:
        return self.list_number <= last_number and self.shown_from <= day

    @property
    def end(self) -> date:
        """The day from which it is not shown, where it has ended."""
        return self.ending_on if self.shown_until == FOREVER and self.ending_on else self.shown_until

    def ended_by(self, day: date, last_number: int) -> bool:
        return self.shown_until <= day or self.ended_number <= last_number


def title_text(name: str, listing: Listing) -> str:
    return f"“{name}”（{UNIT_TYPE_NAMES[listing.unit_type]}，{LEVEL_NAMES[listing.level]}）"


def facet(
    prefecture: Prefecture | None, unit_type: UnitType | None, level: Level | None, *, flagged: bool | None = None
) -> str:
    """The question for these filters; one left out asks for all."""
    supervised = {None: "", True: "flagged", False: "plain"}[flagged]
    return f"{prefecture or ''}|{unit_type or ''}|{level or ''}|{supervised}"


def facets_of(listing: Listing) -> tuple[str, ...]:
    """Every question that the title answers, also those of days before its organisation moved."""
    return tuple(
        facet(prefecture, unit_type, level, flagged=flagged)
        for prefecture in dict.fromkeys((None, listing.prefecture, *_former(listing)))
        for unit_type in (None, listing.unit_type)
        for level in (None, listing.level)
        for flagged in (None, listing.flagged)
    )


def _former(listing: Listing) -> Iterable[Prefecture]:
    return (each.prefecture for each in listing.former_prefectures)


def moved(listing: Listing, moves: Sequence[Move]) -> Listing:
    """Return the title where its organisation is after these moves."""
    there = listing.residence.after(moves)
    after = replace(listing, prefecture=there.prefecture, former_prefectures=there.former)
    return replace(after, facets=facets_of(after))


def listing_of(clearance: Clearance, entry: EntryDay, document_number: str) -> Listing:
    unit = clearance.unit
    listing = Listing(
        case_id=clearance.case_id,
        unit_key=unit.key,
        uscc=unit.uscc,
        unit_type=unit.unit_type,
        level=clearance.level,
        prefecture=unit.prefecture,
        assessor=clearance.assessor,
        listed_on=entry.day,
        list_number=entry.list_number,
        document_number=document_number,
        shown_from=entry.day,
    )
    return replace(listing, facets=facets_of(listing))


def end_listing(listing: Listing, removal_id: str, day: date) -> Listing:
    return replace(listing, shown_until=day, removal_id=removal_id)


def prepare_end(listing: Listing, removal_id: str, entry: EntryDay) -> Listing:
    """Let a list end the title: shown as ended when the list is announced."""
    return replace(listing, ended_number=entry.list_number, ending_on=entry.day, removal_id=removal_id)


def withdraw_end(listing: Listing) -> Listing:
    return replace(listing, ended_number=NO_LIST, ending_on=None, removal_id=None)
