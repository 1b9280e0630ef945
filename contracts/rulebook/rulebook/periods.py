"""Deadlines and intervals of legal dates."""

from datetime import UTC, date, datetime, time, timedelta, timezone

from dateutil.relativedelta import relativedelta
from pydantic import model_validator

from rulebook.articles import Basis
from rulebook.calendar import WorkingCalendar, national_calendar
from rulebook.words import Frozen

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

    @property
    def first_free_day(self) -> date:
        return self.last + ONE_DAY


class Deadline(Frozen):
    """The last day of a term, until 24:00 of which it can be met."""

    start: date
    """The day that began the term; it is not counted."""
    last_day: date
    provisional: bool = False
    """True while a schedule not yet published can change it."""
    working_days: int | None = None
    """How many were counted, so that it can be counted anew; None for yearly dates and years."""
    calendar: tuple[str, ...] = ()
    """The schedules it was counted by."""
    basis: Basis | None = None
    rules_version: str | None = None

    @property
    def ends_at(self) -> datetime:
        """The instant from which on it is missed (UTC)."""
        return end_of_day_shanghai(self.last_day)

    @property
    def first_free_day(self) -> date:
        return self.last_day + ONE_DAY

    def missed_on(self, day: date) -> bool:
        return day > self.last_day

    def resting_on(self, basis: Basis, rules_version: str) -> "Deadline":
        return self.model_copy(update={"basis": basis, "rules_version": rules_version})


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


def counted_anew(deadline: Deadline, calendar: WorkingCalendar | None = None) -> Deadline:
    """The same term by the schedules known now (T3); a term not counted in working days stays."""
    if deadline.working_days is None:
        return deadline
    fresh = add_working_days(deadline.start, deadline.working_days, calendar)
    return fresh.model_copy(update={"basis": deadline.basis, "rules_version": deadline.rules_version})


def working_days_between(start: date, end: date, calendar: WorkingCalendar | None = None) -> int:
    """Working days after `start` up to and with `end`; the count that add_working_days undoes."""
    calendar = calendar or national_calendar()
    days = (start + ONE_DAY * n for n in range(1, (end - start).days + 1))
    return sum(map(calendar.is_working_day, days))


def three_years_from(day: date, years: int = 3) -> date:
    """The last day of the term: same month and day, 29 February going to 28 February (T5)."""
    return day + relativedelta(years=years)


def first_free_day(day: date, years: int = 3) -> date:
    return three_years_from(day, years) + ONE_DAY


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


def end_of_day_shanghai(day: date) -> datetime:
    """24:00 of a legal date as a UTC instant; the day is over from that instant on."""
    return datetime.combine(day + ONE_DAY, time(), SHANGHAI).astimezone(UTC)


def start_of_day_shanghai(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def shanghai_date(instant: datetime) -> date:
    """The legal date of an instant; an instant without a zone is refused."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant} names no time zone")
    return instant.astimezone(SHANGHAI).date()
