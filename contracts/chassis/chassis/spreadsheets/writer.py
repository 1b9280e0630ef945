"""Writes a sheet as a workbook or as CSV that Excel opens correctly; no text is written as a formula."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, TypeAlias

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

Format: TypeAlias = Literal["xlsx", "csv"]
Printed: TypeAlias = str | int | float | Decimal | date | None

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters of a formula, by OWASP's page on CSV injection."""
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


@dataclass(frozen=True)
class SheetData:
    """A sheet: lines above the table (in a workbook only), headings, rows."""

    title: str
    headings: Sequence[Heading]
    rows: Iterable[Sequence[Printed]]
    above: Sequence[str] = ()


def as_csv(page: SheetData) -> bytes:
    """Return CSV with a byte order mark, by which Excel detects UTF-8; formulas get a leading apostrophe."""
    return csv_head(page.headings) + csv_rows(page.rows)


def csv_head(headings: Sequence[Heading]) -> bytes:
    """Return the beginning of a CSV whose rows follow in any number of parts."""
    return codecs.BOM_UTF8 + csv_rows([[heading.text for heading in headings]])


def csv_rows(rows: Iterable[Sequence[Printed]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([escape_formula(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def as_xlsx(*pages: SheetData) -> bytes:
    """Return a workbook with one sheet for each page; every text is a cell of type text, so none is a formula."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for page in pages:
        _fill(book.create_sheet(page.title), page)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _fill(sheet: Worksheet, page: SheetData) -> None:
    heading_row = _write_head(sheet, page)
    for number, row in enumerate(page.rows, start=heading_row + 1):
        for column, value in enumerate(row, start=1):
            _write(sheet, number, column, value)
    sheet.freeze_panes = f"A{heading_row + 1}"


def escape_formula(value: Printed) -> Printed:
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS_A_FORMULA) else value


def _write_head(sheet: Worksheet, page: SheetData) -> int:
    """Write lines and headings above the rows; return the number of the heading row."""
    for row, text in enumerate(page.above, start=1):
        cell = _write(sheet, row, 1, text)
        cell.alignment = Alignment(horizontal="center")
        cell.font = Font(bold=row == 1, size=14 if row == 1 else 11)
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(page.headings))
    for column, heading in enumerate(page.headings, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = heading.width
        _write(sheet, len(page.above) + 1, column, heading.text).font = Font(bold=True)
    return len(page.above) + 1


def _write(sheet: Worksheet, row: int, column: int, value: Printed) -> Cell:
    if isinstance(value, datetime):
        raise TypeError("a spreadsheet has no time zones: write an instant as text")
    if not isinstance(value, str):
        cell = sheet.cell(row, column, value=value)
        if isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"
        return cell
    cell = sheet.cell(row, column, value=ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    return cell
