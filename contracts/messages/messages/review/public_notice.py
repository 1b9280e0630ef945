"""The public notice, of which review publishes the beginning and the end."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from messages.event import Event
from messages.values import Digest, Identifier, Level

Count = Annotated[int, Field(ge=0)]


class PublicNoticeOpened(Event, type="review.notice.opened.v1", subject="notice_id", sharing="public"):
    """The beginning of a frozen list's public notice, of at least five working days (Art. 14(3), V9)."""

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
    shown: Annotated[int, Field(ge=1)]
    """Units shown; each case has its own event, ``PublicNoticeEntered``."""
    digest: Digest
    """Digest of the published lines in their order."""


class PublicNoticeConcluded(Event, type="review.notice.concluded.v1", subject="notice_id", sharing="public"):
    notice_id: Identifier
    level: Level
    batch_year: int
    concluded_on: date
    cleared: Count
    """Cases with nothing against them; each has its own event, ``CaseCleared``."""
    waiting: Count
    """Cases that still wait for an open objection or under a suspension; the others go on."""


class ObjectionReceiptOverdue(
    Event, type="review.notice.objection-receipt-overdue.v1", subject="notice_id", sharing="internal"
):
    """An objection to the notice was neither received nor not received in time; once a day for each notice (V18)."""

    notice_id: Identifier
    level: Level
    batch_year: int
    due: date
    article: str
    """Article that the due day rests on (G3)."""
    noted_on: date
