"""Prefectures of an organisation over time: its titles follow it from the day of a move on (R36)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from messages.applications import UnitMoved
from messages.values import Prefecture


@dataclass(frozen=True)
class FormerPrefecture:
    prefecture: Prefecture
    until: date
    """The day from which it belonged to another one."""


@dataclass(frozen=True)
class Move:
    former: Prefecture
    prefecture: Prefecture
    moved_on: date
    sequence: int
    """Of its event: moves may arrive in any order."""


@dataclass(frozen=True)
class Location:
    """All moves of one organisation, in the order in which they were recorded."""

    uscc: str
    moves: tuple[Move, ...] = ()

    def with_move(self, event: UnitMoved) -> Location:
        new = Move(event.former, event.prefecture, event.moved_on, event.sequence)
        others = (each for each in self.moves if each.sequence != new.sequence)
        return replace(self, moves=tuple(sorted((*others, new), key=lambda move: move.sequence)))


@dataclass(frozen=True)
class Residence:
    """Where something is registered, and where it was before."""

    prefecture: Prefecture
    former: tuple[FormerPrefecture, ...] = ()

    @property
    def first(self) -> Prefecture:
        return self.former[0].prefecture if self.former else self.prefecture

    def on(self, day: date) -> Prefecture:
        return next((each.prefecture for each in self.former if day < each.until), self.prefecture)

    def after(self, moves: Iterable[Move]) -> Residence:
        """Follow the moves from where it was registered first; a move from elsewhere does not concern it."""
        present, former = self.first, list[FormerPrefecture]()
        for move in moves:
            if move.former is present:
                former.append(FormerPrefecture(present, move.moved_on))
                present = move.prefecture
        return Residence(present, tuple(former))
