"""Bounds of what callers send and services keep: every number, text, day and list has one (decision 0033)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

T = TypeVar("T")

MAX_DIGITS, MAX_DECIMALS = 40, 30
"""Of a number: more than the 28 digits of a quotient. A number's size is not its text's length: 1e200000000 has eleven
characters and two hundred million digits."""
Amount = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=MAX_DIGITS, decimal_places=MAX_DECIMALS)]
"""An exact decimal."""

Count = Annotated[int, Field(ge=0, le=2_000_000_000)]
CalendarYear = Annotated[int, Field(ge=1900, le=2200)]

FIRST_DAY, LAST_DAY = date(10, 1, 1), date(9990, 12, 31)
"""Near the ends of the calendar no period can be added to a day; one far from today is refused by the rule set (T1)."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def written_day(value: object) -> object:
    """Return a day as it is written (RFC 3339); refuse seconds since 1970 and instants, which name no legal date."""
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("day_form", "请按YYYY-MM-DD填写日期，例如2026-05-20")


Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY), BeforeValidator(written_day)]

CellText = Annotated[str, Field(max_length=32_767)]
"""As much as a cell of a workbook holds."""
MAX_ROWS = 200
"""Rows of one table of a report: more would hold the event loop, and the documents that carry it."""
Rows = Annotated[tuple[T, ...], Field(max_length=MAX_ROWS)]
