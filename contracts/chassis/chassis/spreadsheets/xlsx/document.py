"""A workbook's cells, as its sheets show them: what stands in no cell takes no memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from .archive import Archive, broken, too_large
from .formats import Shown, shown, unreadable
from .parts import GENERAL, LONGEST_NUMBER, MAX_CHARACTERS, Attributes, Handler, Index, TextCollector, parse, read_index

MAX_ROWS, MAX_COLUMNS = 5000, 256
MAX_CELLS = 50_000
"""Filled cells of all sheets; a register of 500 bodies with ten people each has 35,000."""
_ADDRESS = re.compile("([A-Za-z]{1,3})([0-9]{1,12})")
_ROW = re.compile("[0-9]{1,12}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,4})?")
_NO_RESULT = "为已算出的内容，公式没有结果：请在 Excel 或 WPS 中打开并保存"

Document = dict[str, Any]


def read(content: bytes) -> Document:
    """Return ``{"sheets": [{"title", "cells": [[row, column, value], …]}]}``; raises ``UnreadableError``."""
    archive = Archive(content)
    index = read_index(archive)
    limits = _Limits()
    sheets = []
    for title, part in index.sheets:
        sheet = _Sheet(title, index, limits)
        parse(archive.pieces(part), sheet)
        sheets.append({"title": title, "cells": sheet.cells})
    return {"sheets": sheets}


class _Limits:
    """Counts the filled cells and characters of all sheets of the workbook."""

    def __init__(self) -> None:
        self._cells, self._characters = MAX_CELLS, MAX_CHARACTERS

    def count(self, value: Shown) -> None:
        self._cells -= 1
        self._characters -= len(value) if isinstance(value, str) else 0
        if self._cells < 0:
            raise too_large(f"工作簿内填写的单元格超过{MAX_CELLS}个")
        if self._characters < 0:
            raise too_large(f"工作簿内的文字超过{MAX_CHARACTERS}字")


class _Sheet(Handler):
    """Collects the filled cells of one sheet; a cell without an address stands after the one before it."""

    def __init__(self, title: str, index: Index, limits: _Limits) -> None:
        self.cells: list[list[Any]] = []
        self._title, self._index, self._limits = title, index, limits
        self._taken: set[tuple[int, int]] = set()
        self._row, self._column = -1, -1
        self._cell: dict[str, str] | None = None
        self._in_row = False
        self._text = TextCollector()
        self._in_value = self._has_formula = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "row":
            self._row = _row_of(attributes.get("r"), self._row)
            self._column = -1
            self._in_row = True
        elif name == "c" and self._in_row:
            self._begin_cell(attributes)
        elif self._cell is not None:
            self._in_value = name == "v"
            self._has_formula = self._has_formula or name == "f"
            self._text.start(name, attributes)

    def end(self, name: str) -> None:
        if name == "row":
            self._in_row = False
        elif name == "c" and self._cell is not None:
            self._finish_cell(self._cell)
            self._cell = None
        elif self._cell is not None:
            self._in_value = False
            self._text.end(name)

    def text(self, text: str) -> None:
        if self._cell is None:
            return
        if self._in_value:
            self._text.add(text)
        else:
            self._text.text(text)

    def _begin_cell(self, attributes: Attributes) -> None:
        self._column += 1
        address = attributes.get("r")
        if address is not None:
            row, self._column = _place_of(address)
            if row != self._row:
                raise broken(f"工作表“{self._title[:31]}”中单元格的位置与所在行不符")
        self._cell = dict(attributes)
        self._has_formula = self._in_value = False
        self._text.take()

    def _finish_cell(self, cell: dict[str, str]) -> None:
        value = self._value_of(cell.get("t", "n"), self._text.take(), cell.get("s", "0"))
        if value is None or (isinstance(value, str) and not value.strip()):
            return
        place = self._row, self._column
        if place[0] >= MAX_ROWS or place[1] >= MAX_COLUMNS:
            raise too_large(f"工作表“{self._title[:31]}”超出表样范围（{_name_of(place)}）")
        if place in self._taken:
            raise broken(f"工作表“{self._title[:31]}”中有两个相同位置的单元格")
        self._taken.add(place)
        self._limits.count(value)
        self.cells.append([*place, value])

    def _value_of(self, kind: str, text: str, style: str) -> Shown | None:
        if kind in {"inlineStr", "str"}:
            return text
        text = text.strip()
        if not text:
            return unreadable(_NO_RESULT) if self._has_formula else None
        if kind in {"b", "e", "d"}:
            return _OTHER_KINDS[kind](text)
        return self._shared(text) if kind == "s" else self._number(text, style)

    def _shared(self, number: str) -> str:
        if not (number.isascii() and number.isdigit() and len(number) < LONGEST_NUMBER):
            raise broken()
        if int(number) >= len(self._index.texts):
            raise broken("工作簿引用了不存在的文字")
        return self._index.texts[int(number)]

    def _number(self, text: str, style: str) -> Shown:
        if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
            return unreadable("为数字")
        return shown(float(text), self._format(style), since_1904=self._index.since_1904)

    def _format(self, style: str) -> str:
        known = style.isascii() and style.isdigit() and len(style) < LONGEST_NUMBER
        return self._index.formats[int(style)] if known and int(style) < len(self._index.formats) else GENERAL


def _day(text: str) -> Shown:
    """Return the day of an ISO 8601 cell."""
    try:
        return {"day": date.fromisoformat(text.partition("T")[0]).isoformat()}
    except ValueError:
        return unreadable("为日期，例如 2026-01-31")


_OTHER_KINDS: dict[str, Callable[[str], Shown]] = {
    "b": lambda text: text in {"1", "true"},
    "e": lambda text: unreadable(f"为可读取的内容，公式结果为错误 {text[:20]}"),
    "d": _day,
}


def _row_of(written: str | None, before: int) -> int:
    if written is None:
        return before + 1
    if not _ROW.fullmatch(written.strip()):
        raise broken("工作表中行的位置有误")
    return int(written) - 1


def _place_of(address: str) -> tuple[int, int]:
    found = _ADDRESS.fullmatch(address.strip())
    if found is None or int(found[2]) < 1:
        raise broken("工作表中单元格的位置有误")
    column = 0
    for letter in found[1].upper():
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]) - 1, column - 1


def _name_of(place: tuple[int, int]) -> str:
    row, column = place
    letters = ""
    at = column + 1
    while at > 0:
        at, rest = divmod(at - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row + 1}"
