"""Which days are working days, by the State Council's yearly schedules and local tables."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import chinese_calendar
from pydantic import Field, field_validator, model_validator

from rulebook import dated
from rulebook.words import Frozen

SATURDAY = 5
ONE_DAY = timedelta(days=1)


def _days_of(entry: str | date) -> list[date]:
    first, _, last = str(entry).partition("..")
    start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    if end < start:
        raise ValueError(f"{entry} ends before it begins")
    return [start + ONE_DAY * n for n in range((end - start).days + 1)]


class YearTable(Frozen):
    """What one notice says about one year; a higher version replaces a lower one as a whole."""

    kind: Literal["schedule", "statutory", "local"]
    """Published schedule; statutory days of a year nobody published; days a league adds to the schedule."""
    year: Annotated[int, Field(ge=1949, le=2200)]
    version: Annotated[int, Field(ge=1)]
    area: str | None = None
    """GB/T 2260 code of the league or city, for local tables only."""
    notice: str
    source: str
    off: tuple[date, ...]
    work: tuple[date, ...] = ()

    @field_validator("off", "work", mode="before")
    @classmethod
    def _spelled_out(cls, entries: object) -> object:
        if not isinstance(entries, list | tuple):
            return entries
        return [day for entry in entries for day in _days_of(entry)]

    @model_validator(mode="after")
    def _consistent(self) -> "YearTable":
        if both := sorted(set(self.off) & set(self.work)):
            raise ValueError(f"both off and at work: {', '.join(map(str, both))}")
        # A schedule may move days of the December before: 2007-12-29 was a working day for 2008.
        first, last = date(self.year - 1, 12, 24), date(self.year, 12, 31)
        if outside := [day for day in (*self.off, *self.work) if not first <= day <= last]:
            raise ValueError(f"not days of {self.year}: {', '.join(map(str, outside))}")
        if (self.kind == "local") != (self.area is not None):
            raise ValueError("local tables name an area, others do not")
        return self

    def days(self) -> dict[date, bool]:
        return dict.fromkeys(self.off, False) | dict.fromkeys(self.work, True)


class CalendarProblems(ValueError):  # noqa: N818 -- it carries all problems, not one error
    """Calendar tables that must not be used; `problems` names everything wrong in them at once."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("calendar tables refused:\n" + "\n".join(problems))
        self.problems = tuple(problems)


class WorkingCalendar:
    """Own tables over the library; a year nobody published is answered by weekends and statutory days."""

    def __init__(self, tables: tuple[YearTable, ...], area: str | None = None) -> None:
        self.tables = tables
        self.area = area
        self._published = _newest(tables, "schedule")
        self._statutory = _newest(tables, "statutory")
        local = _newest(tuple(t for t in tables if t.area == area), "local") if area else {}
        spilled = [t.days() for t in (*self._published.values(), *local.values())]
        self._exceptions = {day: works for days in spilled for day, works in days.items()}

    def local(self, area: str) -> "WorkingCalendar":
        """The same calendar with the days which that league or city adds."""
        return WorkingCalendar(self.tables, area)

    def known(self, year: int) -> bool:
        """Whether the year's schedule has been published."""
        return year in self._published or _library_year(year) is not None

    def version(self, year: int) -> str:
        """Which schedule answers for the year, to be kept with a deadline."""
        table = self._published.get(year)
        if table is not None:
            return f"{year}.{table.version}"
        return f"{year}.library" if self.known(year) else f"{year}.provisional"

    def is_working_day(self, day: date) -> bool:
        if day in self._exceptions:
            return self._exceptions[day]
        if day.year in self._published:
            return day.weekday() < SATURDAY
        working = _library_year(day.year)
        if working is not None:
            return day in working
        return day.weekday() < SATURDAY and not self._is_statutory(day)

    def _is_statutory(self, day: date) -> bool:
        table = self._statutory.get(day.year)
        return day in table.off if table else (day.month, day.day) in FIXED_STATUTORY_DAYS


# 《全国年节及纪念日放假办法》第二条, as in force since 2025-01-01: the days whose date is the same each year.
FIXED_STATUTORY_DAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def _newest(tables: tuple[YearTable, ...], kind: str) -> dict[int, YearTable]:
    ordered = sorted((t for t in tables if t.kind == kind), key=lambda t: t.version)
    return {table.year: table for table in ordered}


@cache
def _library_year(year: int) -> frozenset[date] | None:
    """The library's working days of a year, or None where it knows none: there it raises."""
    try:
        return frozenset(chinese_calendar.get_workdays(date(year, 1, 1), date(year, 12, 31)))
    except NotImplementedError:
        return None


def calendar_from(documents: Mapping[str, str]) -> WorkingCalendar:
    """A calendar from TOML tables by name; raises CalendarProblems with all that is wrong in any of them."""
    good, problems = dated.read_all(documents, YearTable)
    seen: dict[tuple[object, ...], str] = {}
    for name, table in good.items():
        key = (table.kind, table.year, table.area, table.version)
        if key in seen:
            problems.append(f"{name}: the same version of the same year as {seen[key]}")
        seen[key] = name
    if problems:
        raise CalendarProblems(problems)
    return WorkingCalendar(tuple(good.values()))


def load_calendar(extra: Path | None = None) -> WorkingCalendar:
    """The packaged tables, and those of a file or folder laid over them."""
    return calendar_from(dated.texts("calendars", extra))


@cache
def national_calendar() -> WorkingCalendar:
    return load_calendar()


def is_working_day(day: date) -> bool:
    return national_calendar().is_working_day(day)


def known(year: int) -> bool:
    return national_calendar().known(year)
