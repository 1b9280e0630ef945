"""Number formats: the value that a cell shows, where that is not the value it stores."""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias

Shown: TypeAlias = str | int | float | bool | dict[str, str]
"""Text, number, answer; ``{"day": …}`` a date, ``{"unreadable": …}`` the requirement that the cell does not meet."""

BUILT_IN = {
    **dict.fromkeys((9, 10), "0%"),
    **dict.fromkeys((14, 15, 16, 17, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy-mm-dd"),
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), "hh:mm:ss"),
}
"""Formats that a file names by number alone (ECMA-376 18.8.30 with the East Asian ones); the others change nothing."""
LONGEST_FORMAT = 255
DIGITS = ".15g"
"""Excel stores 15 significant digits; nobody typed the further digits of a double."""
EXACT_BELOW = 10**15
PERCENT = 100
_TOKEN = re.compile(r'"[^"]*"?|[\\!].|[_*].|\[[^\]]*\]?|.', re.DOTALL)
_PLACEHOLDERS = "0#?"
_AS_STORED = ("general", "通用", "@")
_LITERAL = "\0"
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a spreadsheet has no time zones
_LEAP_DAY_THAT_NEVER_WAS = 60
_LAST_SERIAL = 2_958_465


def unreadable(requirement: str) -> dict[str, str]:
    return {"unreadable": requirement}


def shown(value: float, code: str, *, since_1904: bool) -> Shown:
    """Return what a cell with this number and this format shows."""
    if not math.isfinite(value):
        return unreadable("为数字，单元格内的数超出范围")
    plain, elapsed = _plain(code[:LONGEST_FORMAT])
    if elapsed:
        return unreadable("为常规格式，单元格格式为时长")
    section = _section(plain.split(";"), value)
    if _is_date(section):
        return _moment(value, since_1904=since_1904)
    if "%" in section:
        return f"{(_exact(value) * PERCENT ** section.count('%')).normalize():f}%"
    number: int | float = int(value) if value.is_integer() and abs(value) < EXACT_BELOW else value
    return number if any(each in section for each in _AS_STORED) else _by_placeholders(number, section)


def _by_placeholders(number: float, section: str) -> Shown:
    begins = [at for at, each in enumerate(section) if each in _PLACEHOLDERS]
    if not begins:
        return unreadable("为常规格式，单元格格式隐藏了数值")
    core = section[begins[0] :].rstrip(_LITERAL + " -+()$¥￥€万元亿")
    scaled = core.endswith(",") or core.partition(".")[0].endswith(",")
    if scaled or _LITERAL in section[begins[0] : begins[-1]]:
        return unreadable("为常规格式，单元格格式使显示的数与存储的数不同")
    if isinstance(number, int) and number >= 0 and re.fullmatch("0{2,}", section):
        return str(number).zfill(len(section))
    return number


@lru_cache(maxsize=256)
def _plain(code: str) -> tuple[str, bool]:
    """Return the format without colours, conditions and blanks, its literals as NUL; and whether it counts hours."""
    parts: list[str] = []
    elapsed = False
    for token in _TOKEN.findall(code):
        if token[0] == "[":
            inside = token[1:].rstrip("]").lower()
            elapsed = elapsed or (bool(inside) and set(inside) <= set("hms") and len(set(inside)) == 1)
            parts.append(_LITERAL if inside.startswith("$") and not inside.startswith("$-") else "")
        elif token[0] in "_*" and len(token) > 1:
            continue
        elif token[0] in '"\\!' and len(token) > 1:
            parts.append(_LITERAL)
        else:
            parts.append(token.lower())
    return "".join(parts), elapsed


def _section(sections: list[str], value: float) -> str:
    if value < 0 and len(sections) > 1:
        return sections[1]
    if value == 0 and len(sections) > 2:  # noqa: PLR2004 - positive; negative; zero
        return sections[2]
    return sections[0]


def _is_date(section: str) -> bool:
    letters = section.replace("general", "").replace("e+", "").replace("e-", "")
    return any(each in letters for each in "ymdhs")


def _moment(value: float, *, since_1904: bool) -> Shown:
    if not 0 <= value <= _LAST_SERIAL:
        return unreadable("为日期，例如 2026-01-31")
    if not since_1904 and value < _LEAP_DAY_THAT_NEVER_WAS:
        value += 1
    moment = (_EPOCH_1904 if since_1904 else _EPOCH) + timedelta(days=value)
    return {"day": moment.date().isoformat()}


def _exact(value: float) -> Decimal:
    return Decimal(format(value, DIGITS))
