"""A filled form, read back: its values, and every cell that is wrong, at once."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from chassis.spreadsheets import CellProblem, Grid, InvalidCellError, Workbook, as_label, as_text, is_empty
from messages.values import UncheckedCode

from applications.workbooks.cells import value_of
from applications.workbooks.layout import (
    LABEL,
    UNIT_TYPE,
    Block,
    DatedLine,
    Entry,
    Form,
    Heading,
    Kind,
    Line,
    Sheet,
    Table,
    address,
)

Values = dict[str, object]
MEASURE = "unit"
"""The column of a table that names what the numbers of its row are measured in."""
PERCENT = "%"
UNCHECKED = "为统一社会信用代码：校验位不符，请核对；证照所载确系如此的，由自治区工业和信息化厅凭文件登记后填报"


@dataclass
class WorkbookResult:
    """The content of a workbook; ``values`` is complete only when there are no problems."""

    values: Values = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)

    unchecked_codes: dict[str, str] = field(default_factory=dict)
    """Cell → code whose check character fails: a problem, unless the region has recorded the code."""

    def problems_but_for(self, recorded: Container[str]) -> list[CellProblem]:
        """Return the problems that are left when these codes are recorded."""
        return [each for each in self.problems if self.unchecked_codes.get(each.address) not in recorded]


def read(form: Form, book: Workbook) -> WorkbookResult:
    """Read a filled form."""
    result = WorkbookResult()
    for sheet in form.sheets:
        if sheet.title not in book.sheets:
            text = f"缺少工作表“{sheet.title}”"
            result.problems.append(CellProblem(sheet.title, "", "sheet-missing", text))
            continue
        _SheetReader(sheet, book.sheets[sheet.title], result).read()
    return result


def fitting(forms: Sequence[Form], book: Workbook) -> Form:
    """Return the form that the workbook holds: the one that lacks fewest sheets, else that of the type on its first.

    A workbook may keep the empty table of the other type.
    """

    def misfit(form: Form) -> tuple[int, bool]:
        missing = sum(sheet.title not in book.sheets for sheet in form.sheets)
        return missing, _type_in(form, book) not in map(as_label, form.unit_types)

    return min(forms, key=misfit)


def _type_in(form: Form, book: Workbook) -> str:
    """Return what is filled in beside the label of the unit's type, wherever it stands on the first sheet."""
    sheet = form.sheets[0]
    labels = {as_label(entry.label) for entry in sheet.entries if entry.name == UNIT_TYPE}
    rows = book.sheets.get(sheet.title, ())
    beside = (
        as_label(row[at + LABEL])
        for row in rows
        for at in range(len(row) - LABEL)
        if row[at] and as_label(row[at]) in labels
    )
    return next(beside, "")


def _same(label: str, raw: object) -> bool:
    """Labels are compared in half width, without the spaces and line breaks that print them evenly."""
    return as_label(label) == as_label(raw)


class _SheetReader:
    """Walks the blocks of one sheet from top to bottom, as the writer does."""

    def __init__(self, sheet: Sheet, grid: Grid, result: WorkbookResult) -> None:
        self._sheet, self._grid, self._result = sheet, grid, result
        self._row = 0

    def read(self) -> None:
        following: tuple[Block | None, ...] = (*self._sheet.blocks[1:], None)
        for block, after in zip(self._sheet.blocks, following, strict=True):
            if isinstance(block, Heading):
                self._expect(block.text, 0)
                self._row += 1
            elif isinstance(block, DatedLine):
                self._row += 1
            elif isinstance(block, Line):
                self._read_line(block)
                self._row += 1
            else:
                self._read_table(block, after)

    def _cell(self, row: int, column: int) -> object:
        return self._grid[row][column] if row < len(self._grid) and column < len(self._grid[row]) else ""

    def _expect(self, label: str, column: int) -> bool:
        found = self._cell(self._row, column)
        if _same(label, found):
            return True
        self._problem(self._row, column, "label-differs", f"与表样不符：此处应为“{label}”", as_text(found)[:40])
        return False

    def _read_line(self, line: Line) -> None:
        for at, entry in enumerate(line.entries):
            first = at * line.share
            if self._expect(entry.label, first):
                self._read_entry(entry, self._row, first + LABEL, self._result.values)

    def _read_table(self, table: Table, after: Block | None) -> None:
        labelled = [self._expect(c.label, at) for at, c in zip(table.starts, table.columns, strict=True)]
        title_row = self._row
        self._row += 1
        rows: list[Values] = []
        while self._row < len(self._grid) and not self._begins(after):
            if all(labelled) and not self._is_blank(table):
                rows.append(self._read_row(table))
            self._row += 1
        self._result.values[table.name] = rows
        if all(labelled) and len(rows) < table.least:
            self._problem(title_row, 0, "rows-missing", f"“{table.first_label}”表至少填写{table.least}行")

    def _begins(self, block: Block | None) -> bool:
        return block is not None and _same(block.first_label, self._cell(self._row, 0))

    def _is_blank(self, table: Table) -> bool:
        answered = [at for at, c in zip(table.starts, table.columns, strict=True) if c.name not in table.preprinted]
        return all(is_empty(self._cell(self._row, at)) for at in answered)

    def _read_row(self, table: Table) -> Values:
        row: Values = {}
        for start, column in zip(table.starts, table.columns, strict=True):
            self._read_entry(column, self._row, start, row)
        self._refuse_percentages(table, str(row.get(MEASURE, PERCENT)))
        return row

    def _refuse_percentages(self, table: Table, measure: str) -> None:
        """Refuse a percentage in a row that is measured otherwise: 45 % is no coefficient of 45."""
        for start, column in zip(table.starts, table.columns, strict=True):
            if PERCENT not in measure and column.kind is Kind.NUMBER:
                shown = as_label(self._cell(self._row, start))
                if shown.endswith(PERCENT):
                    text = f"“{column.label}”应按该行的计量单位填写，不用百分数"
                    self._problem(self._row, start, "cell-malformed", text, shown[:40])

    def _read_entry(self, entry: Entry, row: int, column: int, into: Values) -> None:
        raw = self._cell(row, column)
        if is_empty(raw):
            if entry.required:
                self._problem(row, column, "cell-empty", f"“{entry.label}”未填写")
            return
        try:
            value = value_of(entry, raw)
        except InvalidCellError as wrong:
            found = None if entry.private else as_text(raw)[:40]
            self._problem(row, column, "cell-malformed", f"“{entry.label}”应{wrong}", found)
            return
        into[entry.name] = value
        if isinstance(value, UncheckedCode):
            self._problem(row, column, "cell-malformed", f"“{entry.label}”应{UNCHECKED}", value)
            self._result.unchecked_codes[self._result.problems[-1].address] = value

    def _problem(self, row: int, column: int, code: str, text: str, found: str | None = None) -> None:
        place = address(row, column)
        self._result.problems.append(CellProblem(self._sheet.title, place, code, text, found or None))
