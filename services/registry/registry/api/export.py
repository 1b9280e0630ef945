"""An announced list as a file: a workbook, or CSV that a spreadsheet opens rightly."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Literal

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet
from rulebook import PREFECTURES, UNIT_TYPE_NAMES

from registry.domain.lines import Line
from registry.domain.lists import AnnualList, placed_at

Format = Literal["xlsx", "csv"]

HEADINGS = ("序号", "年度", "变动", "类型", "盟市", "单位名称", "园区名称", "统一社会信用代码", "依据", "来源")
WIDTHS = (8, 8, 8, 22, 14, 44, 30, 24, 24, 30)
KINDS = {"addition": "新增", "removal": "移出", "renaming": "更名"}
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What spreadsheets take for the beginning of a formula, after OWASP's page on CSV injection."""


def title(one: AnnualList) -> str:
    return f"内蒙古自治区绿色制造体系示范单位名单（{one.year}年，总第{placed_at(one).number}号）"


def as_csv(one: AnnualList) -> bytes:
    """With a byte order mark, by which Excel knows UTF-8; a cell that would be a formula begins with an apostrophe."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    writer.writerows([harmless(cell) for cell in row] for row in _rows(one))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(one: AnnualList) -> bytes:
    """Every text is a cell of type text, so that none is taken for a formula."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "名单"
    _head(sheet, one)
    for number, row in enumerate(_rows(one), start=4):
        for column, value in enumerate(row, start=1):
            _write(sheet, number, column, value)
    sheet.freeze_panes = "A4"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def harmless(value: str | int) -> str | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(STARTS_A_FORMULA) else value


def _head(sheet: Worksheet, one: AnnualList) -> None:
    placed = placed_at(one)
    for letter, width in zip("ABCDEFGHIJ", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    for row, text in enumerate((title(one), f"{placed.document_number}　公布日期：{placed.announced_on}"), start=1):
        cell = _write(sheet, row, 1, text)
        cell.alignment = Alignment(horizontal="center")
        sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(HEADINGS))
    sheet["A1"].font = Font(bold=True, size=14)
    for column, heading in enumerate(HEADINGS, start=1):
        _write(sheet, 3, column, heading).font = Font(bold=True)


def _write(sheet: Worksheet, row: int, column: int, value: str | int) -> Cell:
    if isinstance(value, int):
        return sheet.cell(row, column, value=value)
    cell = sheet.cell(row, column, value=ILLEGAL_CHARACTERS_RE.sub("", value))
    cell.data_type = "s"
    return cell


def _rows(one: AnnualList) -> Iterator[tuple[str | int, ...]]:
    for number, line in enumerate(one.lines, start=1):
        yield (number, one.year, *_cells(line))


def _cells(line: Line) -> tuple[str, ...]:
    unit = line.unit
    return (
        KINDS[line.kind],
        UNIT_TYPE_NAMES[unit.unit_type],
        PREFECTURES[unit.prefecture.value],
        unit.name,
        unit.park_name or "",
        unit.uscc,
        line.article,
        line.source,
    )


WRITERS: MappingProxyType[Format, Callable[[AnnualList], bytes]] = MappingProxyType({"xlsx": as_xlsx, "csv": as_csv})
MEDIA_TYPES: MappingProxyType[Format, str] = MappingProxyType(
    {
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "csv": "text/csv; charset=utf-8",
    }
)
