"""A line of an annual list: one change of the register with the article it rests on and where it comes from (L1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from messages.registry import ListLine
from messages.values import Reason, UnitRef, UnitType
from rulebook import basis

Kind = Literal["addition", "removal", "renaming"]
KIND_ORDER: tuple[Kind, ...] = ("addition", "removal", "renaming")
TYPE_ORDER = tuple(UnitType)


@dataclass(frozen=True)
class RegisterChange:
    kind: Kind
    unit: UnitRef
    article: str
    source: str
    """The case, decision or list behind the line."""


@dataclass(frozen=True)
class PrintedLine:
    """A line in its place on one closing of a list; a document of its own, so that no document grows with a list."""

    edition: str
    """The act that composed the list: closing it anew makes other lines under the same identifier."""
    list_id: str
    number: int
    """From 1, as printed."""
    change: RegisterChange

    @property
    def key(self) -> str:
        return line_key(self.edition, self.number)


@dataclass(frozen=True)
class HeldBack:
    """A line left out of this list, and why; it can go on a supplementary list (L2)."""

    source: str
    unit: UnitRef
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class HeldBackLine:
    """One case that an act held back or found struck; a document of its own."""

    act_id: str
    number: int
    held: HeldBack

    @property
    def key(self) -> str:
        return line_key(self.act_id, self.number)


def line_key(act_id: str, number: int) -> str:
    return f"{act_id}/{number:07d}"


def addition(case_id: str, unit: UnitRef) -> RegisterChange:
    return RegisterChange("addition", unit, basis("V10").article, case_id)


def removal(removal_id: str, unit: UnitRef, article: str) -> RegisterChange:
    return RegisterChange("removal", unit, article, removal_id)


def renaming(unit: UnitRef, source: str) -> RegisterChange:
    return RegisterChange("renaming", unit, basis("L4").article, source)


def printed_place(unit: UnitRef, source: str) -> str:
    """Where a line stands among those of its kind: by unit type, prefecture, USCC and source.

    Texts in this order are lines in the order of print, so that an index yields them page by page. All lines of one
    organisation and unit type stand together.
    """
    return f"{TYPE_ORDER.index(unit.unit_type)}|{unit.prefecture.value}|{unit.uscc}|{source}"


def sort_lines(lines: Sequence[RegisterChange]) -> list[RegisterChange]:
    """Sort as a list is printed; the same lines give the same list."""
    return sorted(lines, key=lambda line: (KIND_ORDER.index(line.kind), printed_place(line.unit, line.source)))


def to_event_line(line: RegisterChange) -> ListLine:
    return ListLine(kind=line.kind, unit=line.unit, article=line.article, source=line.source)
