"""The public notice, of which review publishes the beginning and the end."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from messages.event import Event
from messages.values import Digest, Identifier, Level, UnitRef, Value


class NoticeLine(Value):
    case_id: Identifier
    unit: UnitRef
    rank: Annotated[int, Field(ge=1)]
    """Rank among the units of the same type."""


class PublicNoticeOpened(Event, type="review.notice.opened.v1", subject="notice_id", sharing="public"):
    """The frozen list shown to the public for at least five working days (Art. 14(3), V9)."""

    notice_id: Identifier
    level: Level
    batch_year: int
    opened_on: date
    minimum_end: date
    published_end: date
    article: str
    """Article that the days rest on (G3)."""
    rule_set: str
    provisional: bool
    lines: tuple[NoticeLine, ...]
    digest: Digest


class PublicNoticeConcluded(Event, type="review.notice.concluded.v1", subject="notice_id", sharing="public"):
    notice_id: Identifier
    level: Level
    batch_year: int
    concluded_on: date
    cleared: tuple[Identifier, ...]
    waiting: tuple[Identifier, ...]
    """Cases that still wait for an open objection; the others go on."""
