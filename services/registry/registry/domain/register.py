"""The register: who bears which title under which name, today and on any past day (R1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from messages.registry import UnitListed, UnitRemoved
from messages.values import AssessorRef, Ban, Level, Prefecture, Reason, UnitRef, UnitType, normalized_name

from registry.domain.clearances import Clearance
from registry.domain.lists import AnnualList, announcement_of

FOREVER = date.max
"""End of an entry that has no end yet, so that one query finds the entries shown on a day."""


@dataclass(frozen=True)
class Name:
    name: str
    shown_from: date


@dataclass(frozen=True)
class PendingName:
    """Another name under which a unit was put forward: the register shows it beside the one that holds (R22)."""

    name: str
    shown_from: date
    shown_until: date = FOREVER
    """The day from which it no longer waited: the name was changed, or put forward anew."""


@dataclass(frozen=True)
class RemovalEntry:
    """A removal in the unit's history; it may have taken effect long before it was entered."""

    reason: Reason
    document_number: str
    effective_on: date
    shown_from: date
    levels: tuple[Level, ...]
    ban: Ban | None


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

    @property
    def name(self) -> str:
        return self.names[-1].name


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
    shown_until: date = FOREVER
    """The day from which the register no longer showed it."""
    removal_id: str | None = None
    flags: tuple[Flag, ...] = ()
    flagged: bool = False
    """Whether any flag is open, for the query of titles under supervision."""
    decisions_applied: int = 0
    """The assessor's ``known_decisions`` when the flags were last updated."""


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


def enter_unit(unit: RegisteredUnit | None, ref: UnitRef, day: date) -> RegisteredUnit:
    """The unit that gains a title. A name is changed by a renaming only; until then another one is pending (R22)."""
    if unit is None:
        return RegisteredUnit(ref.key, ref.uscc, ref.prefecture, (Name(ref.name, day),))
    if normalized_name(ref.name) in {
        normalized_name(unit.name),
        *(normalized_name(each.name) for each in _pending_names(unit)),
    }:
        return unit
    without_pending = _end_pending_names(unit, day)
    return replace(without_pending, pending=(*without_pending.pending, PendingName(ref.name, day)))


def rename_unit(unit: RegisteredUnit | None, ref: UnitRef, day: date) -> RegisteredUnit:
    """The unit under the name it bears from ``day`` on; former names stay, and no change is pending any more."""
    if unit is None:
        return enter_unit(None, ref, day)
    names = unit.names if unit.name == ref.name else (*unit.names, Name(ref.name, day))
    return replace(_end_pending_names(unit, day), names=names)


def _pending_names(unit: RegisteredUnit) -> tuple[PendingName, ...]:
    return tuple(each for each in unit.pending if each.shown_until == FOREVER)


def _end_pending_names(unit: RegisteredUnit, day: date) -> RegisteredUnit:
    ended = (each if each.shown_until != FOREVER else replace(each, shown_until=day) for each in unit.pending)
    return replace(unit, pending=tuple(ended))


def listing_of(clearance: Clearance, announced_list: AnnualList) -> Listing:
    announcement = announcement_of(announced_list)
    unit = clearance.unit
    return Listing(
        case_id=clearance.case_id,
        unit_key=unit.key,
        uscc=unit.uscc,
        unit_type=unit.unit_type,
        level=clearance.level,
        prefecture=unit.prefecture,
        assessor=clearance.assessor,
        listed_on=announcement.announced_on,
        list_number=announcement.number,
        document_number=announcement.document_number,
        shown_from=announcement.announced_on,
    )


def end_listing(listing: Listing, removal_id: str, day: date) -> Listing:
    return replace(listing, shown_until=day, removal_id=removal_id)


def add_removal(unit: RegisteredUnit, entry: RemovalEntry) -> RegisteredUnit:
    return replace(unit, removals=(*unit.removals, entry))


def unit_on_day(unit: RegisteredUnit, listings: Sequence[Listing], day: date) -> UnitOnDay | None:
    """Return the unit as shown on that day: entries made later, also of earlier decisions, are left out."""
    names = tuple(name for name in unit.names if name.shown_from <= day)
    if not names:
        return None
    return UnitOnDay(
        key=unit.key,
        uscc=unit.uscc,
        prefecture=unit.prefecture,
        name=names[-1].name,
        former_names=names[:-1],
        pending=next((each for each in unit.pending if each.shown_from <= day < each.shown_until), None),
        listings=tuple(each for each in listings if each.shown_from <= day < each.shown_until),
        former_listings=tuple(each for each in listings if each.shown_until <= day),
        removals=tuple(each for each in unit.removals if each.shown_from <= day),
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
