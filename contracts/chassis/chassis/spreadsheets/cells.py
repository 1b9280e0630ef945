"""Cells: texts, numbers, dates and answers as people type them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

EXCEL_DIGITS = ".15g"
"""Excel stores 15 significant digits; nobody typed the further digits of a double."""
WHOLE_BELOW = 10**15
"""A longer code typed as a number has lost its last digits."""
_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")
_BETWEEN = re.compile(r"[、,，;；\n]")


class InvalidCellError(Exception):
    """The cell does not hold a valid value; the text completes “…应”."""


def is_empty(raw: object) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def as_text(raw: object) -> str:
    """Return a cell as text, whole numbers without a decimal point: Excel makes a number of a typed code."""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw).strip()


def as_code(raw: object) -> str:
    """Return a cell as text that may be a code; refuse one typed as a number that has lost digits."""
    if isinstance(raw, int | float) and abs(raw) >= WHOLE_BELOW:
        raise InvalidCellError("为文本格式（按数字输入的长编码已丢失末位）")
    return as_text(raw)


def as_parts(raw: object) -> list[str]:
    """Return the texts of one cell, separated by Western or Chinese commas."""
    return [part.strip() for part in _BETWEEN.split(as_code(raw)) if part.strip()]


def as_decimal(raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InvalidCellError("为数字")
    text = format(raw, EXCEL_DIGITS) if isinstance(raw, float) else unicodedata.normalize("NFKC", str(raw)).strip()
    try:
        found = Decimal(text.removesuffix("%").replace(",", ""))
    except InvalidOperation:
        raise InvalidCellError("为数字") from None
    if not found.is_finite():
        raise InvalidCellError("为数字")
    return Decimal(format(found, "f"))


def as_whole(raw: object) -> int:
    found = as_decimal(raw)
    if found != found.to_integral_value():
        raise InvalidCellError("为整数")
    return int(found)


def as_day(raw: object) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    found = _DAY.match(unicodedata.normalize("NFKC", raw).strip()) if isinstance(raw, str) else None
    try:
        return date(*map(int, found.groups())) if found else _invalid_day()
    except ValueError:
        return _invalid_day()


def as_yes_no(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    answer = {"是": True, "否": False}.get(as_text(raw))
    if answer is None:
        raise InvalidCellError("填写“是”或“否”")
    return answer


def as_choice(choices: Mapping[str, str], raw: object) -> str:
    """Return the key of the printed text in the cell."""
    text = as_text(raw)
    for key, printed in choices.items():
        if text == printed:
            return key
    raise InvalidCellError(f"为下列之一：{'、'.join(choices.values())}")


def _invalid_day() -> date:
    raise InvalidCellError("为日期，例如 2026-01-31")
