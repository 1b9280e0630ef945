"""The register: who bears which title under which name, today and on any past day (R1).

An announcement prepares what it changes before it takes effect. So every entry names the list by which it is shown and,
where a list ends it, that one; a reader takes what the lists up to the last announced number say, and sees the whole
of a list or nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from messages.registry import UnitListed, UnitRemoved
from messages.spelling import normalized_name
from messages.values import Ban, Level, Prefecture, Reason, UnitRef

from registry.domain.listings import FOREVER, NO_LIST, EntryDay, Listing
from registry.domain.locations import FormerPrefecture, Move, Residence


@dataclass(frozen=True)
class Name:
    name: str
    shown_from: date
    list_number: int = 0
    """The list by which it is shown; 0: by itself."""


@dataclass(frozen=True)
class PendingName:
    """Another name under which a unit was put forward: the register shows it beside the one that holds (R22)."""

    name: str
    shown_from: date
    list_number: int
    shown_until: date = FOREVER
    """The day from which it no longer waited: the name was changed, or put forward anew."""
    ended_number: int = NO_LIST

    def waits_on(self, day: date, last_number: int) -> bool:
        ended = self.ended_number <= last_number and self.shown_until <= day
        return self.list_number <= last_number and self.shown_from <= day and not ended


@dataclass(frozen=True)
class RemovalEntry:
    """A removal in the unit's history; it may have taken effect long before it was entered."""

    reason: Reason
    document_number: str
    effective_on: date
    shown_from: date
    levels: tuple[Level, ...]
    ban: Ban | None
    list_number: int = 0
    """The list by which it took effect; 0: by itself."""


@dataclass(frozen=True)
class RegisteredUnit:
    """One organisation or park under the key that survives renaming (R21)."""

    key: str
    uscc: str
    prefecture: Prefecture
    names: tuple[Name, ...]
    removals: tuple[RemovalEntry, ...] = ()
    pending: tuple[PendingName, ...] = ()
    """Changes of name that wait or waited; at most one waits."""
    former_prefectures: tuple[FormerPrefecture, ...] = ()

    @property
    def residence(self) -> Residence:
        return Residence(self.prefecture, self.former_prefectures)

    def name_by(self, last_number: int) -> str | None:
        """The name by the lists up to this one; none while the first list that shows the unit is not announced."""
        return next((each.name for each in reversed(self.names) if each.list_number <= last_number), None)


@dataclass(frozen=True)
class UnitOnDay:
    """A unit as the register showed it at the end of a day."""

    key: str
    uscc: str
    prefecture: Prefecture
    name: str
    former_names: tuple[Name, ...]
    pending: PendingName | None
    listings: tuple[Listing, ...]
    """Titles held."""
    former_listings: tuple[Listing, ...]
    """Titles that had ended by then."""
    removals: tuple[RemovalEntry, ...]


def enter_unit(unit: RegisteredUnit | None, ref: UnitRef, entry: EntryDay) -> RegisteredUnit:
    """The unit that gains a title. A name is changed by a renaming only; until then another one is pending (R22)."""
    if unit is None:
        return RegisteredUnit(ref.key, ref.uscc, ref.prefecture, (Name(ref.name, entry.day, entry.list_number),))
    waiting = (each.name for each in unit.pending if each.shown_until == FOREVER)
    known = [*(each.name for each in unit.names[-1:]), *waiting]
    if normalized_name(ref.name) in map(normalized_name, known):
        return unit
    if not unit.names:
        return replace(unit, names=(Name(ref.name, entry.day, entry.list_number),))
    without_pending = _end_pending_names(unit, entry)
    put_forward = PendingName(ref.name, entry.day, entry.list_number)
    return replace(without_pending, pending=(*without_pending.pending, put_forward))


def with_name(unit: RegisteredUnit | None, ref: UnitRef, day: date, last_number: int) -> RegisteredUnit:
    """The unit that something is entered for by itself: shown from that day on, if it was not shown yet."""
    if unit is None:
        return enter_unit(None, ref, EntryDay(day))
    if unit.name_by(last_number) is not None:
        return unit
    others = (each for each in unit.names if normalized_name(each.name) != normalized_name(ref.name))
    return replace(unit, names=(Name(ref.name, day), *others))


def rename_unit(unit: RegisteredUnit | None, ref: UnitRef, entry: EntryDay) -> RegisteredUnit:
    """The unit under the name it bears from that day on; former names stay, and no change is pending any more."""
    if unit is None or not unit.names:
        return enter_unit(unit, ref, entry)
    same = unit.names[-1].name == ref.name
    names = unit.names if same else (*unit.names, Name(ref.name, entry.day, entry.list_number))
    return replace(_end_pending_names(unit, entry), names=names)


def _end_pending_names(unit: RegisteredUnit, entry: EntryDay) -> RegisteredUnit:
    ended = (
        each if each.shown_until != FOREVER else replace(each, shown_until=entry.day, ended_number=entry.list_number)
        for each in unit.pending
    )
    return replace(unit, pending=tuple(ended))


def withdraw_list(unit: RegisteredUnit, number: int) -> RegisteredUnit | None:
    """Return the unit without what a list that was never announced had prepared; None: it had entered the unit."""
    pending = (
        replace(each, shown_until=FOREVER, ended_number=NO_LIST) if each.ended_number == number else each
        for each in unit.pending
        if each.list_number != number
    )
    names = tuple(each for each in unit.names if each.list_number != number)
    removals = tuple(each for each in unit.removals if each.list_number != number)
    return replace(unit, names=names, removals=removals, pending=tuple(pending)) if names or removals else None


def moved(unit: RegisteredUnit, moves: Sequence[Move]) -> RegisteredUnit:
    """Return the unit where its organisation is after these moves."""
    there = unit.residence.after(moves)
    return replace(unit, prefecture=there.prefecture, former_prefectures=there.former)


def add_removal(unit: RegisteredUnit, entry: RemovalEntry) -> RegisteredUnit:
    return replace(unit, removals=(*unit.removals, entry))


def unit_on_day(unit: RegisteredUnit, listings: Sequence[Listing], day: date, last_number: int) -> UnitOnDay | None:
    """Return the unit as shown on that day: entries made later, also of earlier decisions, are left out.

    ``last_number`` is that of the last list announced by then.
    """
    names = tuple(each for each in unit.names if each.shown_from <= day and each.list_number <= last_number)
    if not names:
        return None
    return UnitOnDay(
        key=unit.key,
        uscc=unit.uscc,
        prefecture=unit.residence.on(day),
        name=names[-1].name,
        former_names=names[:-1],
        pending=next((each for each in unit.pending if each.waits_on(day, last_number)), None),
        listings=tuple(each for each in listings if each.shown_on(day, last_number)),
        former_listings=tuple(
            each for each in listings if each.entered_by(day, last_number) and each.ended_by(day, last_number)
        ),
        removals=tuple(each for each in unit.removals if each.shown_from <= day and each.list_number <= last_number),
    )


def listed_event(listing: Listing, unit: UnitRef) -> UnitListed:
    return UnitListed(
        unit_key=listing.unit_key,
        unit=unit,
        level=listing.level,
        listed_on=listing.listed_on,
        list_number=listing.list_number,
        document_number=listing.document_number,
        case_id=listing.case_id,
        assessor=listing.assessor,
    )


def removed_event(unit: UnitRef, entry: RemovalEntry, rule_set: str) -> UnitRemoved:
    return UnitRemoved(
        unit_key=unit.key,
        unit=unit,
        levels=entry.levels,
        reasons=(entry.reason,),
        removed_on=entry.effective_on,
        document_number=entry.document_number,
        ban=entry.ban,
        rule_set=rule_set,
    )
