"""Opens an uploaded workbook and returns its sheets as grids of cell values."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TypeAlias

from python_calamine import CalamineError, CalamineWorkbook

from chassis.spreadsheets import guard

Grid: TypeAlias = Sequence[Sequence[object]]


def open_workbook(content: bytes) -> CalamineWorkbook:
    """Open an xlsx, for ``with``.

    Raises ``InvalidWorkbookError`` for another format, and for a workbook too large when unpacked.
    """
    guard.check(content)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, OSError, ValueError) as problem:
        raise guard.InvalidWorkbookError("broken-workbook", "工作簿文件已损坏，无法打开") from problem


def grid(book: CalamineWorkbook, title: str) -> Grid:
    """Return the cells of a sheet from A1 on; an empty cell is an empty text."""
    try:
        return book.get_sheet_by_name(title).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as problem:
        raise guard.InvalidWorkbookError("broken-workbook", f"工作表“{title}”已损坏，无法读取") from problem
