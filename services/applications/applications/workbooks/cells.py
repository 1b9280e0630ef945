"""Cell values, read as the form's layout defines them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from chassis.spreadsheets import (
    InvalidCellError,
    as_choice,
    as_code,
    as_day,
    as_decimal,
    as_text,
    as_whole,
    as_yes_no,
    require_readable,
)
from messages.entries import EmailAddress, EnteredUscc
from messages.spelling import character_problem
from pydantic import TypeAdapter, ValidationError

from applications.domain.single_line import NOT_ONE_LINE, is_one_line
from applications.workbooks.layout import Entry, Kind

N = TypeVar("N", Decimal, int)

SHORT, LONG = 500, 20_000
FIRST_YEAR, LAST_YEAR = 1900, 2200
_PHONE = re.compile(r"[0-9+()（） ,，、;；/—–#*转分机ext.:：-]{5,60}", re.IGNORECASE)
"""With an extension, as switchboards have one: 0471-6944567转8012."""
_CODES: TypeAdapter[str] = TypeAdapter(EnteredUscc)
_EMAILS: TypeAdapter[str] = TypeAdapter(EmailAddress)
_DIGITS_OF_A_PHONE = 5
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_TICKED = re.compile(r"[☑■√✓✔☒]\s*(\S+)")


def value_of(entry: Entry, raw: object) -> object:
    """Return the value of a filled cell; raises ``InvalidCellError``."""
    require_readable(raw)
    return _READERS[entry.kind](entry, raw)


def _text(_: Entry, raw: object) -> str:
    text = _within(as_code(raw), SHORT)
    if not is_one_line(text):
        raise InvalidCellError(f"为一行文字，{NOT_ONE_LINE}")
    return text


def _long_text(_: Entry, raw: object) -> str:
    text = _within(as_text(raw), LONG)
    if problem := character_problem(text, lines=True):
        raise InvalidCellError(f"只含看得见的文字：{problem}")
    return text


def _within(text: str, limit: int) -> str:
    if len(text) > limit:
        raise InvalidCellError(f"不超过{limit}字")
    return text


def _number(entry: Entry, raw: object) -> Decimal:
    return _in_range(entry, as_decimal(raw))


def _in_range(entry: Entry, found: N) -> N:
    if entry.least is not None and found < entry.least:
        raise InvalidCellError(f"不小于{entry.least}")
    if entry.greatest is not None and found > entry.greatest:
        raise InvalidCellError(f"不大于{entry.greatest}")
    return found


def _whole(entry: Entry, raw: object) -> int:
    return _in_range(entry, as_whole(raw))


def _year(entry: Entry, raw: object) -> int:
    found = _whole(entry, raw.rstrip("年 ") if isinstance(raw, str) else raw)
    if not FIRST_YEAR <= found <= LAST_YEAR:
        raise InvalidCellError("为四位年份")
    return found


def _day(_: Entry, raw: object) -> date:
    return as_day(raw)


def _uscc(_: Entry, raw: object) -> str:
    """Return the code in its one form, marked where its check character fails."""
    try:
        return _CODES.validate_python(as_code(raw))
    except ValidationError:
        raise InvalidCellError("为18位统一社会信用代码") from None


def _phone(_: Entry, raw: object) -> str:
    text = as_code(raw)
    if not _PHONE.fullmatch(text) or sum(map(str.isdecimal, text)) < _DIGITS_OF_A_PHONE:
        raise InvalidCellError("为电话号码")
    return text


def _email(_: Entry, raw: object) -> str:
    try:
        return _EMAILS.validate_python(as_text(raw))
    except ValidationError:
        raise InvalidCellError("为电子邮箱地址，一次只填一个") from None


def _yes_no(_: Entry, raw: object) -> bool:
    return as_yes_no(raw)


def _choice(entry: Entry, raw: object) -> str:
    return as_choice(dict(entry.choices), raw)


def _tick(entry: Entry, raw: object) -> str:
    ticked = _TICKED.findall(as_text(raw))
    if len(ticked) > 1:
        raise InvalidCellError("只勾选一项")
    return _choice(entry, ticked[0] if ticked else raw)


def _sha256(_: Entry, raw: object) -> str:
    text = as_text(raw).lower()
    if not _SHA256.match(text):
        raise InvalidCellError("为64位十六进制的SHA-256值")
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
