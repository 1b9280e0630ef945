"""The parts of a form and the cells that they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

GRID = 12
"""Columns of every sheet, A to L."""
LABEL = 2
"""Columns that the label of a field takes."""


UNIT_TYPE = "unit_type"
"""The name of the field by which a workbook says which form it is."""


class Kind(StrEnum):
    """The kind of value in a cell."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    """A chapter: many lines."""
    NUMBER = "number"
    WHOLE = "whole"
    YEAR = "year"
    DATE = "date"
    USCC = "uscc"
    PHONE = "phone"
    EMAIL = "email"
    YES_NO = "yes_no"
    CHOICE = "choice"
    TICK = "tick"
    """A choice printed as boxes to tick, as Annex 1 prints the level of a park."""
    SHA256 = "sha256"


@dataclass(frozen=True)
class Entry:
    """One field to fill in: its printed label, its name in the values, and its kind of value."""

    label: str
    name: str
    kind: Kind = Kind.TEXT
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()
    """Key and printed text of each choice."""
    least: int | None = None
    greatest: int | None = None
    private: bool = False
    """Personal data: a problem does not repeat the content of the cell."""
    span: int = 2
    """Columns it takes as a column of a table."""


@dataclass(frozen=True)
class Heading:
    text: str

    @property
    def first_label(self) -> str:
        return self.text


@dataclass(frozen=True)
class DatedLine:
    """A day as paper forms print it, with room for the numbers; whoever fills it in writes over the print.

    No decision depends on it, so it is not read.
    """

    text: str
    name: str

    @property
    def first_label(self) -> str:
        return self.text


@dataclass(frozen=True)
class Line:
    """One row: its fields share the grid evenly, each a label and a cell."""

    entries: tuple[Entry, ...]

    @property
    def share(self) -> int:
        return GRID // len(self.entries)

    @property
    def first_label(self) -> str:
        return self.entries[0].label


@dataclass(frozen=True)
class Table:
    """A row of column titles and the rows under it."""

    name: str
    columns: tuple[Entry, ...]
    rows: int
    """Empty rows of the empty form; a filled one has as many as there are."""
    least: int = 0
    """The number of rows that must be filled in."""
    preprinted: tuple[str, ...] = ()
    """Columns that are printed beforehand; a row with nothing beside them has no answer and is not read."""

    @property
    def first_label(self) -> str:
        return self.columns[0].label

    @property
    def starts(self) -> tuple[int, ...]:
        """The first grid column, counted from 0, of each column of the table."""
        return tuple(sum(column.span for column in self.columns[:at]) for at in range(len(self.columns)))


Block = Heading | DatedLine | Line | Table


@dataclass(frozen=True)
class Sheet:
    title: str
    blocks: tuple[Block, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(entry for block in self.blocks if isinstance(block, Line) for entry in block.entries)

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Table))


@dataclass(frozen=True)
class Form:
    id: str
    title: str
    sheets: tuple[Sheet, ...]
    unit_types: tuple[str, ...] = ()
    """The printed types of unit that fill it in."""


def line(*entries: Entry) -> Line:
    return Line(entries)


def optional_line(*entries: Entry) -> Line:
    """A line that a draft may leave empty."""
    return Line(tuple(replace(entry, required=False) for entry in entries))


def text(label: str, name: str, *, required: bool = True, private: bool = False, span: int = 2) -> Entry:
    return Entry(label, name, Kind.TEXT, required, private=private, span=span)


def number(label: str, name: str, *, required: bool = True, least: int | None = None, span: int = 2) -> Entry:
    return Entry(label, name, Kind.NUMBER, required, least=least, span=span)


def whole(label: str, name: str, *, required: bool = True) -> Entry:
    return Entry(label, name, Kind.WHOLE, required, least=0)


def day(label: str, name: str, *, required: bool = True, span: int = 2) -> Entry:
    return Entry(label, name, Kind.DATE, required, span=span)


def phone(label: str, name: str, *, required: bool = True) -> Entry:
    return Entry(label, name, Kind.PHONE, required, private=True)


def yes_no(label: str, name: str, *, required: bool = True, span: int = 2) -> Entry:
    return Entry(label, name, Kind.YES_NO, required, span=span)


def choice(label: str, name: str, choices: Mapping[str, str], *, required: bool = True, span: int = 2) -> Entry:
    return Entry(label, name, Kind.CHOICE, required, tuple(choices.items()), span=span)


def column_letter(index: int) -> str:
    """The letter of a grid column counted from 0."""
    return chr(ord("A") + index)


def address(row: int, column: int) -> str:
    """The cell's address as a spreadsheet shows it; both counted from 0."""
    return f"{column_letter(column)}{row + 1}"
