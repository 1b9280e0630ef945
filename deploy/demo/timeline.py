"""Dates of the season in the simulated year."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

from chassis.clock import SimulatedClock, set_simulated
from rulebook import SHANGHAI

from deploy.demo.personas import YEAR


def at(month: int, day: int, hour: int = 10, minute: int = 0) -> datetime:
    return datetime.combine(datetime(YEAR, month, day, tzinfo=SHANGHAI), time(hour, minute), SHANGHAI)


REGISTRATION = at(1, 12)
WRONG_DECISION = at(1, 20)
REVOCATION = at(2, 10)
PREFECTURE_LISTS = at(2, 26)
DRAFTS = at(3, 2)
SUBMISSIONS = (at(3, 9), at(3, 16), at(3, 23), at(3, 30))
OPINIONS = (at(3, 12), at(3, 19), at(3, 26), at(4, 2))
ITEM_OVER_QUOTA = at(4, 7)
WITHDRAWAL = at(4, 8)
RELEASED_ITEM = at(4, 9)
LAST_OPINIONS = at(4, 14)
SANCTION = at(4, 16)
AFTER_SANCTION = at(4, 17)
INITIAL_REVIEW = at(4, 22)
OPINION_DOCUMENTS = at(5, 11)
FORWARDING = at(5, 20)
LAST_MINUTES = at(5, 31, 23, 30)
TOO_LATE = at(6, 4)
PANELS = at(6, 8)
SCORING = at(6, 15)
SITE_VISITS = at(7, 6)
RANKING = at(8, 10)
NOTICE = at(9, 18)
OBJECTIONS = at(9, 21)
RECEIPT = at(9, 22)
UPHELD = at(9, 24)
NOTICE_OVER = at(9, 28)
DISMISSED = at(10, 9)
CLOSING = at(11, 2)
ANNOUNCEMENT = at(11, 16)
LATER_SANCTION = at(12, 1)


def advance(clock: Path, instant: datetime) -> None:
    """Set the simulated clock to ``instant``, unless an interrupted season has already set a later time."""
    if not clock.exists() or SimulatedClock(clock).now() < instant:
        set_simulated(clock, instant)
