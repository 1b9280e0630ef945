"""Public notices as review published them: the cases shown, and how each notice ended (V9, V10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from messages.review import CaseCleared, PublicNoticeConcluded
from messages.values import Level


@dataclass(frozen=True)
class Showing:
    """A case that a public notice named."""

    case_id: str
    notice_id: str


@dataclass(frozen=True)
class ConcludedNotice:
    """The conclusion of a public notice, with review's own counts."""

    notice_id: str
    level: Level
    batch_year: int
    concluded_on: date
    cleared: int
    """Cases cleared with the conclusion."""
    waiting: int
    """Cases that may be cleared later, one by one."""
    received_at: datetime


def conclusion_of(event: PublicNoticeConcluded, now: datetime) -> ConcludedNotice:
    return ConcludedNotice(
        event.notice_id, event.level, event.batch_year, event.concluded_on, event.cleared, event.waiting, now
    )


def supports(showing: Showing | None, notice: ConcludedNotice | None, event: CaseCleared) -> bool:
    """Return whether the clearance rests on the conclusion of a notice that named the case."""
    return (
        showing is not None
        and showing.notice_id == event.notice_id
        and notice is not None
        and notice.level is event.level
        and notice.batch_year == event.batch_year
    )
