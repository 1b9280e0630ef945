"""Tables: pydantic models whose fields name their columns, read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from chassis.spreadsheets import cells
from chassis.spreadsheets.reader import ColumnSpec, Sheet, SheetResult, read
from chassis.spreadsheets.workbook import Workbook
from chassis.spreadsheets.writer import Heading, Printed, SheetData, as_csv, as_xlsx

R = TypeVar("R", bound=BaseModel)
Read = Callable[[object], object]

READERS: dict[type, Read] = {
    bool: cells.as_yes_no,
    int: cells.as_whole,
    Decimal: cells.as_decimal,
    date: cells.as_day,
}
"""Readers by type of the field; every other type is read as text."""
SEVERAL = (tuple, list, set, frozenset)


@dataclass(frozen=True)
class Column:
    """The column of a field: its heading, and how its cells are read and printed."""

    heading: str
    asks: str = ""
    """Completes “…应”, where the type alone is not clear enough."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """Key → printed text."""
    private: bool = False
    """Personal data: a problem does not repeat the content of the cell."""
    width: int = 16


class Table(Generic[R]):
    """A sheet of rows of one model; columns may have any order, and ``ignored_columns`` are not read."""

    def __init__(self, title: str, row: type[R], *, ignored_columns: Iterable[str] = ()) -> None:
        self.title = title
        self.row = row
        self._columns = {name: _column(name, info) for name, info in row.model_fields.items()}
        columns = tuple(_column_spec(name, self._columns[name], info) for name, info in row.model_fields.items())
        self._sheet = Sheet(title, columns, frozenset(ignored_columns))

    def read(self, book: Workbook) -> SheetResult[R]:
        """Read the sheet of this title, or the only one there is."""
        return read(self._sheet, self.row, book)

    def page(self, rows: Iterable[R], above: Iterable[str] = ()) -> SheetData:
        headings = [
            Heading(self._columns[each.name].heading, self._columns[each.name].width, holds_text=each.holds_text)
            for each in self._sheet.columns
        ]
        return SheetData(self.title, headings, (self._print_row(row) for row in rows), tuple(above))

    def as_xlsx(self, rows: Iterable[R] = ()) -> bytes:
        """Return a workbook; without rows it is the empty form."""
        return as_xlsx(self.page(rows))

    def as_csv(self, rows: Iterable[R]) -> bytes:
        return as_csv(self.page(rows))

    def _print_row(self, row: R) -> list[Printed]:
        return [_print(column, getattr(row, name)) for name, column in self._columns.items()]


def _column(name: str, info: FieldInfo) -> Column:
    found = [each for each in info.metadata if isinstance(each, Column)]
    if not found:
        raise TypeError(f"the field {name!r} names no column")
    return found[0]


def _column_spec(name: str, column: Column, info: FieldInfo) -> ColumnSpec:
    return ColumnSpec(
        name,
        column.heading,
        _reader(info.annotation, column),
        required=info.is_required(),
        asks=column.asks,
        private=column.private,
        holds_text=_is_text(info.annotation, column),
    )


def _reader(annotation: Any, column: Column) -> Read:  # noqa: ANN401 - a type as written
    kind = _unwrapped_type(annotation)
    read_one: Read = lambda raw: cells.as_choice(column.choices, raw)  # noqa: E731 - one of two ways
    if not column.choices:
        read_one = READERS.get(
            _unwrapped_type(get_args(kind)[0]) if get_origin(kind) in SEVERAL else kind, cells.as_code
        )
    if get_origin(kind) in SEVERAL:
        return lambda raw: [read_one(part) for part in cells.as_parts(raw)]
    return read_one


def _is_text(annotation: Any, column: Column) -> bool:  # noqa: ANN401 - a type as written
    """Return whether a spreadsheet must leave what is typed into the column as it is: a code is no number."""
    return not column.choices and _unwrapped_type(annotation) not in READERS


def _unwrapped_type(annotation: Any) -> Any:  # noqa: ANN401 - a type as written
    """Return the type without its constraints and without None."""
    if get_origin(annotation) is Annotated:
        return _unwrapped_type(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return _unwrapped_type(next(each for each in get_args(annotation) if each is not type(None)))
    return annotation


def _print(column: Column, value: object) -> Printed:
    if value is None:
        return None
    if isinstance(value, SEVERAL):
        return "、".join(str(_print(column, each)) for each in value)
    if isinstance(value, bool):
        return "是" if value else "否"
    plain = value.value if isinstance(value, Enum) else value
    if column.choices:
        return column.choices.get(str(plain), str(plain))
    return plain if isinstance(plain, int | Decimal | date) else str(plain)
