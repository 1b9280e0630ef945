"""However a workbook is made, it is refused, or holds no more than the limits; the service never notices."""

from __future__ import annotations

import asyncio
import os
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from chassis.spreadsheets import InvalidWorkbookError, Workbook, WorkbookLimits, WorkbookReader
from chassis.spreadsheets.workbook import MAX_PLACES
from chassis.spreadsheets.xlsx.archive import MAX_ENTRIES, UnreadableError, part_names
from chassis.spreadsheets.xlsx.document import MAX_CELLS, MAX_COLUMNS, MAX_ROWS
from chassis.spreadsheets.xlsx.parts import MAX_CHARACTERS
from hypothesis import HealthCheck, given, settings

from .hostile_workbooks import PARTS, Sent, packed, workbooks

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "40"))
READER = WorkbookReader(WorkbookLimits(wall_seconds=30))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(workbooks())
def test_hostile_workbook_is_refused_or_within_the_limits(content: bytes) -> None:
    with suppress(InvalidWorkbookError):
        _check_within_limits(asyncio.run(READER.read(Sent(content))))


def _check_within_limits(book: Workbook) -> None:
    cells = [cell for grid in book.sheets.values() for row in grid for cell in row if cell != ""]
    assert len(cells) <= MAX_CELLS
    assert sum(len(cell) for cell in cells if isinstance(cell, str)) <= MAX_CHARACTERS
    grids = book.sheets.values()
    assert max((len(grid) for grid in grids), default=0) <= MAX_ROWS
    assert max((len(row) for grid in grids for row in grid), default=0) <= MAX_COLUMNS
    assert sum(len(row) + 1 for grid in grids for row in grid) <= MAX_PLACES


def _with_entries(count: int) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, text in PARTS.items():
            package.writestr(name, text)
        for number in range(count):
            package.writestr(f"{number}", b"")
    return stream.getvalue()


def test_parts_are_counted_before_one_is_looked_at() -> None:
    assert len(part_names(_with_entries(3))) == len(PARTS) + 3

    with pytest.raises(UnreadableError, match=f"{MAX_ENTRIES}"):
        part_names(_with_entries(2 * MAX_ENTRIES))


async def test_workbook_with_macros_is_refused_with_the_remedy() -> None:
    content = packed({name: text.encode() for name, text in PARTS.items()} | {"xl/vbaProject.bin": b"x"})

    with pytest.raises(InvalidWorkbookError, match="不含宏") as refused:
        await READER.read(Sent(content))
    assert refused.value.code == "macros-not-accepted"
