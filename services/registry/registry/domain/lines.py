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
class HeldBack:
    """A line left out of this list, and why; it can go on a supplementary list (L2)."""

    source: str
    unit: UnitRef
    reasons: tuple[Reason, ...]


def addition(case_id: str, unit: UnitRef) -> RegisterChange:
    return RegisterChange("addition", unit, basis("V10").article, case_id)


def removal(removal_id: str, unit: UnitRef, article: str) -> RegisterChange:
    return RegisterChange("removal", unit, article, removal_id)


def renaming(unit: UnitRef, source: str) -> RegisterChange:
    return RegisterChange("renaming", unit, basis("L4").article, source)


def sort_lines(lines: Sequence[RegisterChange]) -> tuple[RegisterChange, ...]:
    """Sort as a list is printed: by kind, unit type, prefecture and USCC; the same lines give the same list."""
    return tuple(sorted(lines, key=_sort_key))


def sources(lines: Sequence[RegisterChange], kind: Kind) -> tuple[str, ...]:
    return tuple(line.source for line in lines if line.kind == kind)


def to_event_line(line: RegisterChange) -> ListLine:
    return ListLine(kind=line.kind, unit=line.unit, article=line.article, source=line.source)


def _sort_key(line: RegisterChange) -> tuple[int, int, str, str, str]:
    unit = line.unit
    return KIND_ORDER.index(line.kind), TYPE_ORDER.index(unit.unit_type), unit.prefecture.value, unit.key, line.source
