"""A workbook that was read: its sheets as grids of cell values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self, TypeAlias

from chassis.spreadsheets.cells import Unreadable
from chassis.spreadsheets.xlsx.archive import SAVE_AS
from chassis.spreadsheets.xlsx.document import MAX_COLUMNS, MAX_ROWS

Grid: TypeAlias = Sequence[Sequence[object]]
"""The cells of a sheet from A1 on; an empty cell is an empty text."""
MAX_PLACES = 500_000
"""Rows and cells of all sheets, the empty ones before a filled one included: fifty thousand cells, each the last of its
row, would take a hundred megabytes."""


class InvalidWorkbookError(Exception):
    """The file is not a readable workbook; ``text`` tells the sender why."""

    def __init__(self, code: str = "broken-workbook", text: str = f"工作簿无法读取，{SAVE_AS}") -> None:
        self.code = code
        self.text = text
        super().__init__(text)


@dataclass(frozen=True)
class Workbook:
    sheets: Mapping[str, Grid]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Build the sheets from the reader's answer; raises ``InvalidWorkbookError`` where that is a refusal."""
        if (refused := document.get("refused")) is not None:
            raise InvalidWorkbookError(str(refused["code"]), str(refused["text"]))
        room = _Room()
        return cls({str(each["title"]): _grid(each["cells"], room) for each in document["sheets"]})

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(self.sheets)


class _Room:
    """Counts the places of all grids of one workbook."""

    def __init__(self) -> None:
        self._left = MAX_PLACES

    def take(self, places: int) -> None:
        self._left -= max(places, 0)
        if self._left < 0:
            raise InvalidWorkbookError("workbook-too-large", f"填写的单元格之间空白过多，{SAVE_AS}")


def _grid(cells: Sequence[tuple[int, int, Any]], room: _Room) -> Grid:
    rows: list[list[object]] = []
    for row, column, value in cells:
        if not (0 <= row < MAX_ROWS and 0 <= column < MAX_COLUMNS):
            raise InvalidWorkbookError
        room.take(row + 1 - len(rows))
        rows.extend([] for _ in range(row + 1 - len(rows)))
        room.take(column + 1 - len(rows[row]))
        rows[row].extend("" for _ in range(column + 1 - len(rows[row])))
        rows[row][column] = _value(value)
    return rows


def _value(value: Any) -> object:  # noqa: ANN401 - as JSON holds it
    if not isinstance(value, dict):
        return value
    return date.fromisoformat(value["day"]) if "day" in value else Unreadable(str(value["unreadable"]))
