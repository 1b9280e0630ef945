"""A form as an xlsx: empty, or filled in."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from chassis.spreadsheets import TEXT_FORMAT, storable
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.worksheet import Worksheet

from applications.workbooks.layout import (
    GRID,
    LABEL,
    DatedLine,
    Entry,
    Form,
    Heading,
    Kind,
    Line,
    Sheet,
    Table,
    column_letter,
)

_AS_TYPED = frozenset({Kind.TEXT, Kind.USCC, Kind.PHONE, Kind.EMAIL, Kind.SHA256})
"""Kinds whose cells are formatted as text: of a code that is typed in, a spreadsheet makes no number."""
_THIN = Side(style="thin")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_TICKED, _OPEN = "☑", "□"

Values: TypeAlias = Mapping[str, object]
Printed: TypeAlias = str | int | Decimal | date | None


class _CellRange(NamedTuple):
    """The cells of one value: row from 1, first grid column from 0, number of columns."""

    row: int
    first: int
    span: int


class _Style(NamedTuple):
    font: Font
    alignment: Alignment
    number_format: str = "General"


_LABEL = _Style(Font(name="宋体", size=10, bold=True), Alignment("center", "center", wrap_text=True))
_FILLED = _Style(Font(name="宋体", size=10), Alignment("left", "center", wrap_text=True))

_FILLED_TEXT = _FILLED._replace(number_format=TEXT_FORMAT)


def write(form: Form, values: Values | None = None) -> bytes:
    """The form as the bytes of an xlsx; see the package for what ``values`` holds."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = form.title
    for sheet in form.sheets:
        _write_sheet(book.create_sheet(sheet.title), sheet, values or {})
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _write_sheet(page: Worksheet, sheet: Sheet, values: Values) -> None:
    for index in range(GRID):
        page.column_dimensions[column_letter(index)].width = 11
    row = 1
    for block in sheet.blocks:
        if isinstance(block, Heading):
            _put(page, _CellRange(row, 0, GRID), block.text, _LABEL)
            row += 1
        elif isinstance(block, DatedLine):
            _put(page, _CellRange(row, 0, GRID), str(values.get(block.name) or block.text), _LABEL)
            row += 1
        elif isinstance(block, Line):
            _write_line(page, row, block, values)
            row += 1
        else:
            row = _write_table(page, row, block, values)


def _write_line(page: Worksheet, row: int, line: Line, values: Values) -> None:
    for at, entry in enumerate(line.entries):
        first = at * line.share
        _put(page, _CellRange(row, first, LABEL), entry.label, _LABEL)
        answer = _CellRange(row, first + LABEL, line.share - LABEL)
        _put(page, answer, printed_value(entry, values.get(entry.name)), _style(entry))


def _write_table(page: Worksheet, row: int, table: Table, values: Values) -> int:
    for start, column in zip(table.starts, table.columns, strict=True):
        _put(page, _CellRange(row, start, column.span), column.label, _LABEL)
    rows = _rows(values.get(table.name))
    count = max(table.rows, len(rows))
    for offset in range(count):
        filled = rows[offset] if offset < len(rows) else {}
        for start, column in zip(table.starts, table.columns, strict=True):
            place = _CellRange(row + 1 + offset, start, column.span)
            _put(page, place, printed_value(column, filled.get(column.name)), _style(column))
    return row + 1 + count


def _style(entry: Entry) -> _Style:
    return _FILLED_TEXT if entry.kind in _AS_TYPED else _FILLED


def _rows(value: object) -> Sequence[Values]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _put(page: Worksheet, place: _CellRange, value: Printed, style: _Style) -> None:
    row, first, span = place
    for index in range(first, first + span):
        page.cell(row, index + 1).border = _BOX
    cell = page.cell(row, first + 1)
    cell.value = storable(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"  # never a formula, whatever it begins with
    cell.font, cell.alignment, cell.number_format = style
    if isinstance(value, date):
        cell.number_format = "yyyy-mm-dd"
    if span > 1:
        # ``merge_cells`` would draw the borders once more, cell by cell: most of the time of writing a form.
        page.merged_cells.add(CellRange(min_col=first + 1, min_row=row, max_col=first + span, max_row=row))


def printed_value(entry: Entry, value: object) -> Printed:
    """The value as the form prints it; text where the value is none of the entry's kind, as a person might type it."""
    if entry.kind is Kind.TICK:
        return " ".join(f"{_TICKED if key == value else _OPEN} {text}" for key, text in entry.choices)
    if value is None or value == "":
        return None
    if entry.kind is Kind.YES_NO and isinstance(value, bool):
        return "是" if value else "否"
    if entry.kind is Kind.CHOICE:
        return dict(entry.choices).get(str(value), str(value))
    return value if isinstance(value, (int, Decimal, date)) else str(value)
