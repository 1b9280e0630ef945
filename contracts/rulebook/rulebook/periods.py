"""Deadlines and intervals of legal dates."""

from datetime import date, datetime, timedelta, timezone

from dateutil.relativedelta import relativedelta
from pydantic import model_validator

from rulebook.calendar import WorkingCalendar, national_calendar
from rulebook.types import Frozen

# Fixed since 1991, when China gave up summer time; so no time-zone database is needed.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
ONE_DAY = timedelta(days=1)


class Interval(Frozen):
    """Legal dates, first and last included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _runs_forward(self) -> "Interval":
        if self.last < self.first:
            raise ValueError(f"{self.last} lies before {self.first}")
        return self

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def overlaps(self, other: "Interval") -> bool:
        return self.first <= other.last and other.first <= self.last


class Deadline(Frozen):
    """The last day of a term; it can be met until 24:00 of that day in Shanghai, whose date `shanghai_date` gives."""

    start: date
    """The day that began the term; it is not counted."""
    last_day: date
    provisional: bool = False
    """True while a schedule not yet published can change it."""
    working_days: int | None = None
    """How many were counted, so that it can be counted anew; None for yearly dates and years."""
    calendar: tuple[str, ...] = ()
    """The schedules it was counted by."""

    def missed_on(self, day: date) -> bool:
        return day > self.last_day


def add_working_days(start: date, n: int, calendar: WorkingCalendar | None = None) -> Deadline:
    """The nth working day after `start`, which itself is not counted (T4)."""
    if n < 1:
        raise ValueError(f"a term has at least one working day, not {n}")
    calendar = calendar or national_calendar()
    day, left, settled = start, n, True
    while left:
        day += ONE_DAY
        left -= calendar.is_working_day(day)
        settled = settled and calendar.settled(day)
    years = range((start + ONE_DAY).year, day.year + 1)
    return Deadline(
        start=start,
        last_day=day,
        provisional=not settled,
        working_days=n,
        calendar=tuple(map(calendar.version, years)),
    )


def three_years_from(day: date, years: int = 3) -> date:
    """The last day of the term: same month and day, 29 February to the 28th; the next day is free (T5)."""
    return day + relativedelta(years=years)


def term_of_years(day: date, years: int = 3) -> Interval:
    """From the day itself to the last day of the term: every date on which a ban or sanction runs."""
    return Interval(first=day, last=three_years_from(day, years))


def yearly_deadline(
    year: int,
    month_day: tuple[int, int],
    *,
    moves: bool = False,
    calendar: WorkingCalendar | None = None,
) -> Deadline:
    """That date of the year (T6); where fixed dates move, the first working day from it on."""
    fixed = date(year, *month_day)
    if moves:
        return add_working_days(fixed - ONE_DAY, 1, calendar)
    return Deadline(start=date(year, 1, 1), last_day=fixed)


def last_years(day: date, years: int, founded: date | None = None) -> Interval:
    """From the same date `years` ago to `day`, or since the founding where that was later (T7)."""
    first = day - relativedelta(years=years)
    return Interval(first=max(first, founded or first), last=day)


def shanghai_date(instant: datetime) -> date:
    """The legal date of an instant; an instant without a zone is refused."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} names no time zone")
    return instant.astimezone(SHANGHAI).date()
