"""The standing of an organisation: its open applications, listings, bans and facts, in one document for each USCC.

One document, saved with its version, so that two submissions at once cannot both be the one open application (E13), and
none misses a fact or a removal of the same moment (V10, B2). Only what concerns the organisation writes it: messages of
different organisations never meet in it. It holds an open application and a listing for each of the organisation's own
units, types and levels, and a line for each decision about it (a removal, a move, a fact): a handful in its lifetime.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TypeAlias

from messages.values import Ban, Level, Prefecture, UnitRef, UnitType

ListKey: TypeAlias = tuple[str, UnitType, Level, Prefecture | None]


@dataclass(frozen=True)
class OpenApplication:
    application_id: str
    unit_key: str
    unit_type: UnitType
    level: Level


@dataclass(frozen=True)
class Listing:
    """A title held: on a prefecture's list, the region's or the nation's."""

    unit_key: str
    unit_type: UnitType
    level: Level
    listed_on: date
    document_number: str
    prefecture: Prefecture | None = None
    """The unit's prefecture when it was listed; for a prefecture's list, the prefecture that published it."""

    @property
    def list_key(self) -> ListKey:
        """A new listing replaces the one with the same key."""
        return _list_key(self.unit_key, self.unit_type, self.level, self.prefecture)


@dataclass(frozen=True)
class Move:
    """The move of an organisation to another prefecture, as the region has recorded it."""

    former: Prefecture
    prefecture: Prefecture
    document_number: str
    recorded_on: date


@dataclass(frozen=True)
class Removal:
    """A unit taken off its lists; ``sequence`` shows which listings of the registry it came after.

    It ends the titles of ``unit_type``; without one, those of every type.
    """

    unit_key: str
    levels: tuple[Level, ...]
    sequence: int
    document_number: str
    ban: Ban | None = None
    unit_type: UnitType | None = None

    def ends_title(self, held: Listing) -> bool:
        of_its_type = self.unit_type in (None, held.unit_type)
        return self.unit_key == held.unit_key and held.level in self.levels and of_its_type


@dataclass(frozen=True)
class OrganisationStatus:
    uscc: str
    open: tuple[OpenApplication, ...] = ()
    listings: tuple[Listing, ...] = ()
    removals: tuple[Removal, ...] = ()
    prefecture: Prefecture | None = None
    """The prefecture where it first submitted, or where the region has moved it since (V1)."""
    moves: tuple[Move, ...] = ()
    facts: tuple[str, ...] = ()
    """Ids of the facts recorded about it."""

    def open_application_for(self, unit: UnitRef, level: Level) -> OpenApplication | None:
        wanted = (unit.key, unit.unit_type, level)
        return next((o for o in self.open if (o.unit_key, o.unit_type, o.level) == wanted), None)

    def listing_at(self, unit: UnitRef, level: Level) -> Listing | None:
        """Return the listing at that level; of the prefectures' lists only that of the unit's own counts (Art. 16)."""
        wanted = _list_key(unit.key, unit.unit_type, level, unit.prefecture)
        return next((held for held in self.listings if held.list_key == wanted), None)

    def ban_on(self, day: date) -> Ban | None:
        """Return the ban that ends last; a ban lies on the USCC, whatever unit of it was removed (B1)."""
        bans = (each.ban for each in self.removals if each.ban and each.ban.holds_on(day))
        return max(bans, key=lambda ban: ban.last_day, default=None)

    def applications_stopped_by(self, removal: Removal, day: date) -> tuple[OpenApplication, ...]:
        """Return the open applications that a removal's ban stops (B2); a ban that is over stops none."""
        return self.open if removal.ban and removal.ban.last_day >= day else ()

    def in_prefecture(self, prefecture: Prefecture) -> OrganisationStatus:
        """Set the prefecture on the first submission; afterwards only the region changes it (V1)."""
        return self if self.prefecture is not None else replace(self, prefecture=prefecture)

    def with_move(self, move: Move) -> OrganisationStatus:
        return replace(self, prefecture=move.prefecture, moves=(*self.moves, move))

    def with_fact(self, fact_id: str) -> OrganisationStatus:
        return self if fact_id in self.facts else replace(self, facts=(*self.facts, fact_id))

    def with_open(self, application_id: str, unit: UnitRef, level: Level) -> OrganisationStatus:
        opened = OpenApplication(application_id, unit.key, unit.unit_type, level)
        others = self.without_open(application_id).open
        return replace(self, open=(*others, opened))

    def without_open(self, application_id: str) -> OrganisationStatus:
        return replace(self, open=tuple(each for each in self.open if each.application_id != application_id))

    def with_listing(self, listing: Listing, sequence: int | None = None) -> OrganisationStatus:
        """Add the listing, unless a removal that the registry published after it (``sequence``) has ended it."""
        if sequence is not None and any(_ended_by_later(removal, listing, sequence) for removal in self.removals):
            return self
        others = tuple(held for held in self.listings if held.list_key != listing.list_key)
        return replace(self, listings=(*others, listing))

    def with_removal(self, removal: Removal) -> OrganisationStatus:
        left = tuple(held for held in self.listings if not removal.ends_title(held))
        others = tuple(r for r in self.removals if (r.unit_key, r.sequence) != (removal.unit_key, removal.sequence))
        return replace(self, listings=left, removals=(*others, removal))


def _list_key(unit_key: str, unit_type: UnitType, level: Level, prefecture: Prefecture | None) -> ListKey:
    """Each prefecture keeps a list of its own (Art. 15); the region's and the nation's are one each."""
    return unit_key, unit_type, level, prefecture if level is Level.PREFECTURE else None


def _ended_by_later(removal: Removal, listing: Listing, sequence: int) -> bool:
    return removal.ends_title(listing) and removal.sequence > sequence
