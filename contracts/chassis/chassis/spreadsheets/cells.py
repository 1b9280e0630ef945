"""Cells: texts, numbers, dates and answers as people type them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, InvalidOperation

from chassis.spreadsheets.characters import without_ignorables

EXCEL_DIGITS = ".15g"
"""Excel stores 15 significant digits; nobody typed the further digits of a double."""
WHOLE_BELOW = 10**15
"""A longer code typed as a number has lost its last digits."""
LONGEST_NUMBER = 64
"""Characters of a number as people type it."""
DIGITS_BEFORE, DIGITS_AFTER = 20, 10
"""Digits of a number before and after its point."""
MINUS = "\u2212"
"""The sign that typesetting writes for a hyphen."""
_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")
_WIDE = Context(prec=2 * LONGEST_NUMBER)
_BETWEEN = re.compile(r"[、,，;；\n]")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d*)(?:\.\d*)?(?:[Ee][+-]?\d{1,18})? ?%?", re.ASCII)


class InvalidCellError(Exception):
    """The cell does not hold a valid value; the text completes “…应”."""


@dataclass(frozen=True)
class Unreadable:
    """The content of a cell that shows an error, or another number than it stores."""

    requirement: str
    """Completes “…应”."""


def is_empty(raw: object) -> bool:
    return raw is None or (isinstance(raw, str) and not without_ignorables(raw).strip())


def require_readable(raw: object) -> None:
    if isinstance(raw, Unreadable):
        raise InvalidCellError(raw.requirement)


def as_text(raw: object) -> str:
    """Return a cell as text, a number as it is shown: Excel makes a number of a typed code."""
    if raw is None or isinstance(raw, Unreadable):
        return ""
    if isinstance(raw, bool):
        return str(raw).upper()
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() else format(raw, EXCEL_DIGITS)
    return without_ignorables(str(raw)).strip()


def as_code(raw: object) -> str:
    """Return a cell as text that may be a code; refuse one of which a number or a date was made."""
    if isinstance(raw, int | float) and abs(raw) >= WHOLE_BELOW:
        raise InvalidCellError("为文本格式（按数字输入的长编码已丢失末位）")
    if isinstance(raw, date):
        raise InvalidCellError("为文本格式（单元格内是日期）")
    return as_text(raw)


def as_parts(raw: object) -> list[str]:
    """Return the texts of one cell, separated by Western or Chinese commas."""
    return [part.strip() for part in _BETWEEN.split(as_code(raw)) if part.strip()]


def as_decimal(raw: object) -> Decimal:
    """Return a number as it is shown: 45 % is 45; one out of range is refused before its zeros are written out."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise InvalidCellError("为数字")
    text = format(raw, EXCEL_DIGITS) if isinstance(raw, float) else _typed_number(str(raw))
    try:
        found = Decimal(text.removesuffix("%").replace(",", ""))
    except InvalidOperation:
        raise InvalidCellError("为数字") from None
    if not found:
        return Decimal(0)
    if found.adjusted() >= DIGITS_BEFORE:
        raise InvalidCellError(f"为数字，整数部分不超过{DIGITS_BEFORE}位")
    return Decimal(format(_rounded(found, computed=not isinstance(raw, str) or raw.endswith("%")), "f"))


def _typed_number(text: str) -> str:
    """Return a typed number in half width; commas stand between groups of three digits only."""
    typed = unicodedata.normalize("NFKC", without_ignorables(text[: LONGEST_NUMBER + 1])).strip().replace(MINUS, "-")
    if len(typed) > LONGEST_NUMBER:
        raise InvalidCellError(f"为数字，不超过{LONGEST_NUMBER}个字符")
    if not _NUMBER.fullmatch(typed):
        raise InvalidCellError("为数字，千位分隔符每三位一个" if "," in typed else "为数字")
    return typed


def _rounded(found: Decimal, *, computed: bool) -> Decimal:
    """Return a computed number with as many decimals as are kept; refuse a typed one with more."""
    exponent = found.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= -DIGITS_AFTER:
        return found
    if not computed:
        raise InvalidCellError(f"为数字，小数不超过{DIGITS_AFTER}位")
    rounded = found.quantize(Decimal(1).scaleb(-DIGITS_AFTER), context=_WIDE)
    return rounded.normalize(_WIDE) if rounded else Decimal(0)


def as_whole(raw: object) -> int:
    found = as_decimal(raw)
    if found != found.to_integral_value():
        raise InvalidCellError("为整数")
    if abs(found) >= WHOLE_BELOW:
        raise InvalidCellError("为整数，不超过15位")
    return int(found)


def as_day(raw: object) -> date:
    if isinstance(raw, date):
        return raw
    found = _DAY.match(unicodedata.normalize("NFKC", as_text(raw)).strip()) if isinstance(raw, str) else None
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
    """Return the key of the printed text in the cell, in whatever width its signs are typed."""
    text = as_label(raw)
    for key, printed in choices.items():
        if text == as_label(printed):
            return key
    raise InvalidCellError(f"为下列之一：{'、'.join(choices.values())}")


def as_label(raw: object) -> str:
    """Return a printed text for comparison: in half width, without the blanks and line breaks that print it evenly."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", as_text(raw)))


def _invalid_day() -> date:
    raise InvalidCellError("为日期，例如 2026-01-31")
