"""A filled form, read back: its values, and every cell that is wrong, at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chassis.spreadsheets import CellProblem, Grid, InvalidCellError, as_text, grid, is_empty, open_workbook

from applications.workbooks.cells import value_of
from applications.workbooks.layout import LABEL, Block, DatedLine, Entry, Form, Heading, Line, Sheet, Table, address

Values = dict[str, object]


@dataclass
class WorkbookResult:
    """The content of a workbook; ``values`` is complete only when there are no problems."""

    values: Values = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)


def sheet_names(content: bytes) -> list[str]:
    """Return the titles of the sheets; raises ``InvalidWorkbookError``."""
    with open_workbook(content) as book:
        return list(book.sheet_names)


def read(form: Form, content: bytes) -> WorkbookResult:
    """Read a filled form; raises ``InvalidWorkbookError`` when the file cannot be opened at all."""
    result = WorkbookResult()
    with open_workbook(content) as book:
        for sheet in form.sheets:
            if sheet.title not in book.sheet_names:
                text = f"缺少工作表“{sheet.title}”"
                result.problems.append(CellProblem(sheet.title, "", "sheet-missing", text))
                continue
            _SheetReader(sheet, grid(book, sheet.title), result).read()
    return result


def _same(label: str, raw: object) -> bool:
    """Labels are compared without the spaces and line breaks that print them evenly."""
    return re.sub(r"\s", "", label) == re.sub(r"\s", "", as_text(raw))


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
        return row

    def _read_entry(self, entry: Entry, row: int, column: int, into: Values) -> None:
        raw = self._cell(row, column)
        if is_empty(raw):
            if entry.required:
                self._problem(row, column, "cell-empty", f"“{entry.label}”未填写")
            return
        try:
            into[entry.name] = value_of(entry, raw)
        except InvalidCellError as wrong:
            found = None if entry.private else as_text(raw)[:40]
            self._problem(row, column, "cell-malformed", f"“{entry.label}”应{wrong}", found)

    def _problem(self, row: int, column: int, code: str, text: str, found: str | None = None) -> None:
        place = address(row, column)
        self._result.problems.append(CellProblem(self._sheet.title, place, code, text, found or None))
