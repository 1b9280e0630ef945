"""A sheet of rows, read: typed values, and every cell that is wrong, at once."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from openpyxl.utils import get_column_letter
from pydantic import BaseModel, ValidationError
from python_calamine import CalamineWorkbook

from chassis.spreadsheets.cells import InvalidCellError, as_text, is_empty
from chassis.spreadsheets.workbook import Grid, grid, open_workbook
from chassis.validation_texts import VALIDATION_TEXTS

R = TypeVar("R", bound=BaseModel)

TITLE_ROWS = 20
"""Rows among which the headings are looked for: a title and remarks may stand above them."""
FOUND_MAX = 40
"""Characters of a cell that a problem repeats."""
USUAL_TEXT = "格式不正确"


class ColumnSpec(NamedTuple):
    """One column as the reader sees it."""

    name: str
    heading: str
    read: Callable[[object], object]
    required: bool
    asks: str
    private: bool


class Sheet(NamedTuple):
    title: str
    columns: tuple[ColumnSpec, ...]
    ignored_columns: frozenset[str]


@dataclass(frozen=True)
class CellProblem:
    """One thing wrong: where, and what is asked for there."""

    sheet: str
    cell: str
    code: str
    text: str
    found: str | None = None
    """Return the content of the cell, unless it is personal data."""

    @property
    def address(self) -> str:
        return f"{self.sheet}!{self.cell}" if self.cell else self.sheet


class NumberedRow(NamedTuple, Generic[R]):
    """A row with its number in the sheet, as a spreadsheet counts."""

    number: int
    value: R


@dataclass
class SheetResult(Generic[R]):
    """Content of a sheet; ``rows`` is complete only when there are no problems."""

    sheet: str = ""
    rows: list[NumberedRow[R]] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)
    letters: dict[str, str] = field(default_factory=dict)
    """Field → column."""

    @property
    def values(self) -> list[R]:
        return [each.value for each in self.rows]

    def add_problem(self, row: int, name: str, code: str, text: str, found: str | None = None) -> None:
        """Add what a rule finds wrong with a row that reads well; ``name`` is the field that is shown."""
        cell = f"{self.letters.get(name, 'A')}{row}"
        self.problems.append(CellProblem(self.sheet, cell, code, text, found and found[:FOUND_MAX]))


def read(sheet: Sheet, row: type[R], content: bytes) -> SheetResult[R]:
    with open_workbook(content) as book:
        title = _title(sheet, book)
        reading: SheetResult[R] = SheetResult(title or sheet.title)
        if title is None:
            text = f"缺少工作表“{sheet.title}”"
            reading.problems.append(CellProblem(sheet.title, "", "sheet-missing", text))
            return reading
        _RowReader(sheet, row, grid(book, title), reading).read()
    return reading


def _title(sheet: Sheet, book: CalamineWorkbook) -> str | None:
    titles: list[str] = list(book.sheet_names)
    if sheet.title in titles:
        return sheet.title
    return titles[0] if len(titles) == 1 else None


class _RowReader(Generic[R]):
    def __init__(self, sheet: Sheet, row: type[R], cells: Grid, reading: SheetResult[R]) -> None:
        self._sheet, self._row, self._cells, self._reading = sheet, row, cells, reading
        self._at: dict[str, int] = {}

    def read(self) -> None:
        top = self._top()
        if top is None:
            headings = "、".join(column.heading for column in self._sheet.columns)
            self._problem("", "headings-missing", f"未找到表头，应有：{headings}")
            return
        self._find_columns(top)
        if self._reading.problems:
            return
        filled = [at for at in range(top + 1, len(self._cells)) if any(not is_empty(raw) for raw in self._values(at))]
        for at in filled:
            self._read_row(at)
        if not filled:
            self._problem(f"A{top + 2}", "rows-missing", "表中没有数据")

    def _top(self) -> int | None:
        """The row of headings: the one that has most of them."""
        known = {_normalize(column.heading) for column in self._sheet.columns}
        counted = [
            (len(known & {_normalize(raw) for raw in row}), -at) for at, row in enumerate(self._cells[:TITLE_ROWS])
        ]
        most, at = max(counted, default=(0, 0))
        return -at if most else None

    def _find_columns(self, top: int) -> None:
        headings = [_normalize(raw) for raw in self._cells[top]]
        known = {_normalize(column.heading): column for column in self._sheet.columns}
        ignored = {_normalize(each) for each in self._sheet.ignored_columns}
        for at, heading in enumerate(headings):
            if heading in known:
                self._at[known[heading].name] = at
            elif heading and heading not in ignored:
                self._problem(_address(top, at), "column-unknown", "未识别的列", as_text(self._cells[top][at]))
        for heading, count in Counter(headings).items():
            if heading in known and count > 1:
                self._problem(_address(top, headings.index(heading)), "column-repeated", f"列“{heading}”重复")
        for column in self._sheet.columns:
            if column.required and column.name not in self._at:
                self._problem(f"A{top + 1}", "column-missing", f"缺少列“{column.heading}”")
        self._reading.letters = {name: get_column_letter(at + 1) for name, at in self._at.items()}

    def _values(self, at: int) -> Iterator[object]:
        return (self._cell(at, column) for column in self._at.values())

    def _cell(self, row: int, column: int) -> object:
        cells = self._cells[row]
        return cells[column] if column < len(cells) else ""

    def _read_row(self, at: int) -> None:
        values: dict[str, object] = {}
        before = len(self._reading.problems)
        for column in self._sheet.columns:
            if column.name in self._at:
                self._read_cell(column, at, values)
        wrong = len(self._reading.problems) > before
        try:
            row = self._row.model_validate(values)
        except ValidationError as problem:
            self._invalid(at, problem, values)
        else:
            if not wrong:
                self._reading.rows.append(NumberedRow(at + 1, row))

    def _read_cell(self, column: ColumnSpec, at: int, into: dict[str, object]) -> None:
        raw = self._cell(at, self._at[column.name])
        if is_empty(raw):
            if column.required:
                self._wrong(column, at, "cell-empty", f"“{column.heading}”未填写", "")
            return
        try:
            into[column.name] = column.read(raw)
        except InvalidCellError as wrong:
            self._wrong(column, at, "cell-malformed", f"“{column.heading}”应{column.asks or wrong}", as_text(raw))

    def _invalid(self, at: int, problem: ValidationError, values: dict[str, object]) -> None:
        """Tell what the model says of the values that could be read; what could not be read has been told."""
        told: set[str] = set()
        columns = {column.name: column for column in self._sheet.columns}
        for error in problem.errors():
            name = str(error["loc"][0]) if error["loc"] else ""
            if not name:
                self._problem(f"A{at + 1}", "row-malformed", _message_of(error))
            elif name in values and name not in told:
                told.add(name)
                column = columns[name]
                text = (
                    f"“{column.heading}”应{column.asks}" if column.asks else f"“{column.heading}”{_message_of(error)}"
                )
                self._wrong(column, at, "cell-malformed", text, as_text(self._cell(at, self._at[name])))

    def _wrong(self, column: ColumnSpec, at: int, code: str, text: str, found: str) -> None:
        self._problem(_address(at, self._at[column.name]), code, text, None if column.private else found)

    def _problem(self, cell: str, code: str, text: str, found: str | None = None) -> None:
        kept = found[:FOUND_MAX] if found else None
        self._reading.problems.append(CellProblem(self._reading.sheet, cell, code, text, kept))


def _message_of(error: Any) -> str:  # noqa: ANN401 - pydantic's details of one error
    """A rule of the model says in Chinese what is wrong; of the validator's own English the usual text is told."""
    if error["type"] == "value_error" and not str(error["ctx"]["error"]).isascii():
        return str(error["ctx"]["error"])
    return VALIDATION_TEXTS.get(error["type"], USUAL_TEXT)


def _normalize(raw: object) -> str:
    """Headings are compared without the spaces and line breaks, and in one width."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", as_text(raw))) if raw is not None else ""


def _address(row: int, column: int) -> str:
    return f"{get_column_letter(column + 1)}{row + 1}"
