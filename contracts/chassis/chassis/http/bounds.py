"""Bounds of parameters: every one has one (decision 0033)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from fastapi import Query
from messages.bounds import Count, Day
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

__all__ = ["CURSOR_LENGTH", "Count", "Cursor", "Day", "Instant", "Key", "Year"]

CURSOR_LENGTH = 2000
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")

Cursor: TypeAlias = Annotated[str | None, Query(max_length=CURSOR_LENGTH)]
"""The query parameter for the place to go on from: ``after: Cursor = None``."""
Key: TypeAlias = Annotated[str, Field(max_length=220)]
"""The key of a document in a path; the longest are those of parks."""
Year: TypeAlias = Annotated[int, Field(ge=2000, le=2200)]


def written_instant(value: object) -> object:
    """Return an instant as it is written (RFC 3339); refuse a number, which may count seconds or milliseconds."""
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.match(value)):
        return value
    raise PydanticCustomError("instant_form", "请按YYYY-MM-DDThh:mm:ssZ填写时刻，例如2026-05-20T08:00:00Z")


def _in_utc(at: datetime) -> datetime:
    """Return the instant in UTC; raise ValueError when it lies outside the calendar there."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the calendar") from None


Instant: TypeAlias = Annotated[
    AwareDatetime,
    Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 12, 31, tzinfo=UTC)),
    AfterValidator(_in_utc),
    BeforeValidator(written_instant),
]
