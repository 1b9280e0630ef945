"""From what a cell holds to what the form asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

from stdnum.cn import uscc as gb32100
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as NotACode

from applications.workbooks.layout import Entry, Kind

SHORT, LONG = 500, 20_000
EXCEL_DIGITS = ".15g"
"""Excel keeps 15 significant digits; what a double shows beyond them nobody typed."""
FIRST_YEAR, LAST_YEAR = 1900, 2200
_PHONE = re.compile(r"^[0-9+()（） ,、;/-]{5,60}$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$")
_TICKED = re.compile(r"[☑■√✓✔☒]\s*(\S+)")


class Malformed(Exception):  # noqa: N818 - what the cell is
    """The cell does not hold what the form asks for; the text completes “…应”."""


def is_empty(raw: object) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def value_of(entry: Entry, raw: object) -> object:
    """What a filled cell says; raises ``Malformed``."""
    return _READERS[entry.kind](entry, raw)


def as_text(raw: object) -> str:
    """A cell as text: whole numbers without a decimal point, as a code typed into Excel becomes one."""
    if isinstance(raw, float) and raw.is_integer():
        return str(int(raw))
    return str(raw).strip()


def _text(_: Entry, raw: object) -> str:
    return _within(as_text(raw), SHORT)


def _long_text(_: Entry, raw: object) -> str:
    return _within(as_text(raw), LONG)


def _within(text: str, limit: int) -> str:
    if len(text) > limit:
        raise Malformed(f"不超过{limit}字")
    return text


def _number(entry: Entry, raw: object) -> Decimal:
    found = _decimal(raw)
    if entry.least is not None and found < entry.least:
        raise Malformed(f"不小于{entry.least}")
    if entry.greatest is not None and found > entry.greatest:
        raise Malformed(f"不大于{entry.greatest}")
    return found


def _decimal(raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        raise Malformed("为数字")
    text = format(raw, EXCEL_DIGITS) if isinstance(raw, float) else unicodedata.normalize("NFKC", str(raw)).strip()
    try:
        found = Decimal(text.removesuffix("%").replace(",", ""))
    except InvalidOperation:
        raise Malformed("为数字") from None
    if not found.is_finite():
        raise Malformed("为数字")
    return Decimal(format(found, "f"))


def _whole(entry: Entry, raw: object) -> int:
    found = _number(entry, raw)
    if found != found.to_integral_value():
        raise Malformed("为整数")
    return int(found)


def _year(entry: Entry, raw: object) -> int:
    found = _whole(entry, raw.rstrip("年 ") if isinstance(raw, str) else raw)
    if not FIRST_YEAR <= found <= LAST_YEAR:
        raise Malformed("为四位年份")
    return found


def _day(_: Entry, raw: object) -> date:
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    found = _DAY.match(unicodedata.normalize("NFKC", raw).strip()) if isinstance(raw, str) else None
    try:
        return date(*map(int, found.groups())) if found else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> date:
    raise Malformed("为日期，例如 2026-01-31")


def _uscc(_: Entry, raw: object) -> str:
    try:
        return str(gb32100.validate(as_text(raw)))
    except InvalidChecksum:
        raise Malformed("为统一社会信用代码：校验位不符") from None
    except NotACode:
        raise Malformed("为18位统一社会信用代码") from None


def _phone(_: Entry, raw: object) -> str:
    text = as_text(raw)
    if not _PHONE.match(text):
        raise Malformed("为电话号码")
    return text


def _email(_: Entry, raw: object) -> str:
    text = as_text(raw)
    if not _EMAIL.match(text):
        raise Malformed("为电子邮箱地址")
    return text


def _yes_no(_: Entry, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    answer = {"是": True, "否": False}.get(as_text(raw))
    if answer is None:
        raise Malformed("填写“是”或“否”")
    return answer


def _choice(entry: Entry, raw: object) -> str:
    return _chosen(entry, as_text(raw))


def _tick(entry: Entry, raw: object) -> str:
    ticked = _TICKED.findall(as_text(raw))
    if len(ticked) > 1:
        raise Malformed("只勾选一项")
    return _chosen(entry, ticked[0] if ticked else as_text(raw))


def _chosen(entry: Entry, text: str) -> str:
    for key, printed in entry.choices:
        if text == printed:
            return key
    raise Malformed(f"为下列之一：{'、'.join(printed for _, printed in entry.choices)}")


def _sha256(_: Entry, raw: object) -> str:
    text = as_text(raw).lower()
    if not _SHA256.match(text):
        raise Malformed("为64位十六进制的SHA-256值")
    return text


_READERS: Mapping[Kind, Callable[[Entry, object], object]] = MappingProxyType(
    {
        Kind.TEXT: _text,
        Kind.LONG_TEXT: _long_text,
        Kind.NUMBER: _number,
        Kind.WHOLE: _whole,
        Kind.YEAR: _year,
        Kind.DATE: _day,
        Kind.USCC: _uscc,
        Kind.PHONE: _phone,
        Kind.EMAIL: _email,
        Kind.YES_NO: _yes_no,
        Kind.CHOICE: _choice,
        Kind.TICK: _tick,
        Kind.SHA256: _sha256,
    }
)
