"""Writes a sheet as a workbook or as CSV that Excel opens correctly; no text is written as a formula."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from chassis.spreadsheets.characters import first_visible, storable

Format: TypeAlias = Literal["xlsx", "csv"]
Printed: TypeAlias = str | int | float | Decimal | date | None

STARTS_A_FORMULA = ("=", "+", "-", "@")
STARTS_A_CELL = ("\t", "\r", "\n")
"""First characters of a formula, by OWASP's page on CSV injection, and those that some programs drop before one."""
_LOOKS_LIKE_A_NUMBER = re.compile(r"[0-9][0-9.,]*(?:[Ee][0-9]+)?%?", re.ASCII)
"""A code of figures becomes 9.1E+17 in a spreadsheet, and one with leading zeros loses them."""
TEXT_FORMAT = "@"
MEDIA_TYPES: Mapping[Format, str] = MappingProxyType(
    {
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "csv": "text/csv; charset=utf-8",
    }
)


@dataclass(frozen=True)
class Heading:
    """A heading and the width of its column."""

    text: str
    width: int = 16
    """In characters."""
    holds_text: bool = False
    """The column is formatted as text, so that a spreadsheet makes no number of a code that is typed into it."""


@dataclass(frozen=True)
class SheetData:
    """A sheet: lines above the table (in a workbook only), headings, rows."""

    title: str
    headings: Sequence[Heading]
    rows: Iterable[Sequence[Printed]]
    above: Sequence[str] = ()


def as_csv(page: SheetData) -> bytes:
    """Return CSV with a byte order mark, by which Excel detects UTF-8.

    A text that a spreadsheet would take for a formula or a number gets a leading apostrophe.
    """
    return csv_head(page.headings) + csv_rows(page.rows)


def csv_head(headings: Sequence[Heading]) -> bytes:
    """Return the beginning of a CSV whose rows follow in any number of parts."""
    return codecs.BOM_UTF8 + csv_rows([[heading.text for heading in headings]])


def csv_rows(rows: Iterable[Sequence[Printed]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([_csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def as_xlsx(*pages: SheetData) -> bytes:
    """Return a workbook with one sheet for each page; every text is a cell of type text, so none is a formula.

    Each row is written as it comes and none is kept: memory stays flat, and pauses of the garbage collector short.
    """
    book = Workbook(write_only=True)
    sheets = [book.create_sheet(page.title) for page in pages]
    content = io.BytesIO()
    try:
        for sheet, page in zip(sheets, pages, strict=True):
            _fill(sheet, page)
    finally:
        for sheet in sheets:
            sheet.close()
    book.save(content)
    return content.getvalue()


def _fill(sheet: Any, page: SheetData) -> None:  # noqa: ANN401 - the stubs lack columns and merged cells
    """Write the sheet; what precedes the rows in the file has to be set first."""
    for column, heading in enumerate(page.headings, start=1):
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width = heading.width
        if heading.holds_text:
            dimension.number_format = TEXT_FORMAT
    last = get_column_letter(max(1, len(page.headings)))
    for row in range(1, len(page.above) + 1):
        sheet.merged_cells.add(f"A{row}:{last}{row}")
    sheet.freeze_panes = f"A{len(page.above) + 2}"
    for cells in _head(sheet, page):
        sheet.append(cells)
    for values in page.rows:
        sheet.append([_cell(sheet, value) for value in values])


def _csv_cell(value: Printed) -> Printed:
    if not isinstance(value, str):
        return value
    text = storable(value)
    converted = text.startswith(STARTS_A_CELL) or first_visible(text) in STARTS_A_FORMULA
    return f"'{text}" if converted or _LOOKS_LIKE_A_NUMBER.fullmatch(text.strip()) else text


def _head(sheet: Any, page: SheetData) -> Iterator[list[Cell]]:  # noqa: ANN401
    """Yield the lines above the table, and the headings."""
    for row, text in enumerate(page.above, start=1):
        cell = _cell(sheet, text)
        cell.alignment = Alignment(horizontal="center")
        cell.font = Font(bold=row == 1, size=14 if row == 1 else 11)
        yield [cell]
    headings = [_cell(sheet, heading.text) for heading in page.headings]
    for cell in headings:
        cell.font = Font(bold=True)
    yield headings


def _cell(sheet: Any, value: Any) -> Cell:  # noqa: ANN401 - the stubs lack the types of numbers
    if isinstance(value, datetime):
        raise TypeError("a spreadsheet has no time zones: write an instant as text")
    if not isinstance(value, str):
        cell = WriteOnlyCell(sheet, value)
        if isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"
        return cell
    cell = WriteOnlyCell(sheet, storable(value))
    cell.data_type = "s"
    cell.number_format = TEXT_FORMAT
    return cell
