"""Reads a sheet of rows: typed values, and every invalid cell at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from openpyxl.utils import get_column_letter
from pydantic import BaseModel, ValidationError

from chassis.spreadsheets.cells import InvalidCellError, Unreadable, as_label, as_text, is_empty, require_readable
from chassis.spreadsheets.workbook import Grid, Workbook
from chassis.validation_texts import VALIDATION_TEXTS

R = TypeVar("R", bound=BaseModel)

TITLE_ROWS = 20
"""Rows searched for the headings: a title and remarks may precede them."""
MAX_EVIDENCE = 40
"""Characters of a cell that a problem repeats."""
MAX_PROBLEMS = 500
"""Problems of one workbook that are told: fifty thousand would hold the event loop, and nobody reads them."""
DEFAULT_TEXT = "格式不正确"


class ColumnSpec(NamedTuple):
    """The specification of one column for the reader."""

    name: str
    heading: str
    read: Callable[[object], object]
    required: bool
    asks: str
    private: bool
    holds_text: bool
    """Its cells are formatted as text."""


class Sheet(NamedTuple):
    title: str
    columns: tuple[ColumnSpec, ...]
    ignored_columns: frozenset[str]


@dataclass(frozen=True)
class CellProblem:
    """One problem: its cell, and the text of the requirement."""

    sheet: str
    cell: str
    code: str
    text: str
    found: str | None = None
    """The content of the cell, unless it is personal data."""

    @property
    def address(self) -> str:
        return f"{self.sheet}!{self.cell}" if self.cell else self.sheet


def first_problems(problems: Sequence[CellProblem]) -> list[CellProblem]:
    """Return the problems that are told, and how many others there are."""
    others = len(problems) - MAX_PROBLEMS
    if others <= 0:
        return list(problems)
    last = problems[MAX_PROBLEMS - 1]
    text = f"另有{others}处不符合要求，未逐一列出"
    return [*problems[:MAX_PROBLEMS], CellProblem(last.sheet, "", "too-many-problems", text)]


class NumberedRow(NamedTuple, Generic[R]):
    """A row with its number in the sheet, counted from 1."""

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
        """Add a problem that a rule finds in a valid row; ``name`` is the field to report."""
        cell = f"{self.letters.get(name, 'A')}{row}"
        self.problems.append(CellProblem(self.sheet, cell, code, text, found and found[:MAX_EVIDENCE]))


def read(sheet: Sheet, row: type[R], book: Workbook) -> SheetResult[R]:
    title = _title(sheet, book)
    result: SheetResult[R] = SheetResult(title or sheet.title)
    if title is None:
        text = f"缺少工作表“{sheet.title}”"
        result.problems.append(CellProblem(sheet.title, "", "sheet-missing", text))
        return result
    _RowReader(sheet, row, book.sheets[title], result).read()
    return result


def _title(sheet: Sheet, book: Workbook) -> str | None:
    if sheet.title in book.titles:
        return sheet.title
    return book.titles[0] if len(book.titles) == 1 else None


class _RowReader(Generic[R]):
    def __init__(self, sheet: Sheet, row: type[R], cells: Grid, result: SheetResult[R]) -> None:
        self._sheet, self._row, self._cells, self._result = sheet, row, cells, result
        self._positions: dict[str, int] = {}

    def read(self) -> None:
        top = self._heading_row()
        if top is None:
            headings = "、".join(column.heading for column in self._sheet.columns)
            self._add_problem("", "headings-missing", f"未找到表头，应有：{headings}")
            return
        self._find_columns(top)
        if self._result.problems:
            return
        filled = [at for at in range(top + 1, len(self._cells)) if any(not is_empty(raw) for raw in self._values(at))]
        for at in filled:
            self._read_row(at)
        if not filled:
            self._add_problem(f"A{top + 2}", "rows-missing", "表中没有数据")

    def _heading_row(self) -> int | None:
        """Return the row with most headings."""
        known = {as_label(column.heading) for column in self._sheet.columns}
        counted = [
            (len(known & {as_label(raw) for raw in row}), -at) for at, row in enumerate(self._cells[:TITLE_ROWS])
        ]
        most, at = max(counted, default=(0, 0))
        return -at if most else None

    def _find_columns(self, top: int) -> None:
        headings = [as_label(raw) for raw in self._cells[top]]
        known = {as_label(column.heading): column for column in self._sheet.columns}
        ignored = {as_label(each) for each in self._sheet.ignored_columns}
        for at, heading in enumerate(headings):
            if heading in known:
                self._positions[known[heading].name] = at
            elif heading and heading not in ignored:
                self._add_problem(_address(top, at), "column-unknown", "未识别的列", as_text(self._cells[top][at]))
        for heading, count in Counter(headings).items():
            if heading in known and count > 1:
                self._add_problem(_address(top, headings.index(heading)), "column-repeated", f"列“{heading}”重复")
        for column in self._sheet.columns:
            if column.required and column.name not in self._positions:
                self._add_problem(f"A{top + 1}", "column-missing", f"缺少列“{column.heading}”")
        self._result.letters = {name: get_column_letter(at + 1) for name, at in self._positions.items()}

    def _values(self, at: int) -> Iterator[object]:
        return (self._cell(at, column) for column in self._positions.values())

    def _cell(self, row: int, column: int) -> object:
        cells = self._cells[row]
        return cells[column] if column < len(cells) else ""

    def _read_row(self, at: int) -> None:
        values: dict[str, object] = {}
        problems_before = len(self._result.problems)
        for column in self._sheet.columns:
            if column.name in self._positions:
                self._read_cell(column, at, values)
        invalid = len(self._result.problems) > problems_before
        try:
            row = self._row.model_validate(values)
        except ValidationError as problem:
            self._report_invalid_row(at, problem, values)
        else:
            if not invalid:
                self._result.rows.append(NumberedRow(at + 1, row))

    def _read_cell(self, column: ColumnSpec, at: int, into: dict[str, object]) -> None:
        raw = self._cell(at, self._positions[column.name])
        if is_empty(raw):
            if column.required:
                self._add_cell_problem(column, at, "cell-empty", f"“{column.heading}”未填写", "")
            return
        try:
            require_readable(raw)
            into[column.name] = column.read(raw)
        except InvalidCellError as requirement:
            asks = requirement if isinstance(raw, Unreadable) else column.asks or requirement
            self._add_cell_problem(column, at, "cell-malformed", f"“{column.heading}”应{asks}", as_text(raw))

    def _report_invalid_row(self, at: int, problem: ValidationError, values: dict[str, object]) -> None:
        """Report the model's errors for the values that could be read; unreadable ones are reported already."""
        reported: set[str] = set()
        columns = {column.name: column for column in self._sheet.columns}
        for error in problem.errors():
            name = str(error["loc"][0]) if error["loc"] else ""
            if not name:
                self._add_problem(f"A{at + 1}", "row-malformed", _message_of(error))
            elif name in values and name not in reported:
                reported.add(name)
                column = columns[name]
                text = (
                    f"“{column.heading}”应{column.asks}" if column.asks else f"“{column.heading}”{_message_of(error)}"
                )
                self._add_cell_problem(
                    column, at, "cell-malformed", text, as_text(self._cell(at, self._positions[name]))
                )

    def _add_cell_problem(self, column: ColumnSpec, at: int, code: str, text: str, found: str) -> None:
        self._add_problem(_address(at, self._positions[column.name]), code, text, None if column.private else found)

    def _add_problem(self, cell: str, code: str, text: str, found: str | None = None) -> None:
        evidence = found[:MAX_EVIDENCE] if found else None
        self._result.problems.append(CellProblem(self._result.sheet, cell, code, text, evidence))


def _message_of(error: Any) -> str:  # noqa: ANN401 - pydantic's details of one error
    """Return the model's own text, which is Chinese; replace pydantic's English by ours."""
    if error["type"] == "value_error" and not str(error["ctx"]["error"]).isascii():
        return str(error["ctx"]["error"])
    return VALIDATION_TEXTS.get(error["type"], DEFAULT_TEXT)


def _address(row: int, column: int) -> str:
    return f"{get_column_letter(column + 1)}{row + 1}"
