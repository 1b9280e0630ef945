"""Which days are working days, by the State Council's yearly schedules and local tables."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

import chinese_calendar
from messages.errors import InvalidFileError
from pydantic import Field, field_validator, model_validator

from rulebook.documents import read_all, read_documents
from rulebook.types import Frozen

SATURDAY = 5
ONE_DAY = timedelta(days=1)
# A schedule may move days of the December before: 2018-12-29 was a working day for 2019's sake.
FIRST_DAY_THE_NEXT_SCHEDULE_MAY_MOVE = (12, 28)


def _days_of(entry: str | date) -> list[date]:
    first, _, last = str(entry).partition("..")
    start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    if end < start:
        raise ValueError(f"{entry} ends before it begins")
    return [start + ONE_DAY * n for n in range((end - start).days + 1)]


class YearTable(Frozen):
    """The days that one notice sets for one year; a higher version replaces a lower one as a whole."""

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
        first = date(self.year - 1, *FIRST_DAY_THE_NEXT_SCHEDULE_MAY_MOVE)
        if outside := [day for day in (*self.off, *self.work) if day < first or day.year > self.year]:
            raise ValueError(f"not days of {self.year}: {', '.join(map(str, outside))}")
        if (self.kind == "local") != (self.area is not None):
            raise ValueError("local tables name an area, others do not")
        return self

    @property
    def key(self) -> tuple[str, int, str | None, int]:
        return self.kind, self.year, self.area, self.version

    def days(self) -> dict[date, bool]:
        """Whether one works on the days that the notice names."""
        return dict.fromkeys(self.off, False) | dict.fromkeys(self.work, True)


class Tables(Frozen):
    """A calendar document."""

    tables: tuple[YearTable, ...]


class WorkingCalendar:
    """Own tables over the library; a year nobody published is answered by weekends and statutory days."""

    def __init__(self, tables: tuple[YearTable, ...], area: str | None = None) -> None:
        self.tables = tables
        self.area = area
        self._published = _newest(tables, "schedule")
        self._statutory = _newest(tables, "statutory")
        self._local = _newest(tuple(t for t in tables if t.area == area), "local")
        layers = (*self._published.values(), *self._local.values())
        self._exceptions = {day: works for table in layers for day, works in table.days().items()}

    def local(self, area: str) -> "WorkingCalendar":
        """The same calendar with the days which that league or city adds."""
        return WorkingCalendar(self.tables, area)

    def known(self, year: int) -> bool:
        """Whether the year's schedule has been published."""
        return year in self._published or _library_year(year) is not None

    def settled(self, day: date) -> bool:
        """Whether no schedule still to be published can change the day."""
        late = (day.month, day.day) >= FIRST_DAY_THE_NEXT_SCHEDULE_MAY_MOVE
        return self.known(day.year) and (not late or self.known(day.year + 1))

    def version(self, year: int) -> str:
        """Which tables answer for the year, to be kept with a deadline."""
        table, local = self._published.get(year), self._local.get(year)
        source = str(table.version) if table else "library" if self.known(year) else "provisional"
        return f"{year}.{source}" + (f"+{self.area}.{local.version}" if local else "")

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
    """A calendar from TOML tables by name; raises InvalidFileError with all that is wrong in any of them."""
    good, problems = read_all(documents, Tables)
    named = [(name, table) for name, document in good.items() for table in document.tables]
    problems += [
        f"{name}: version {table.version} of {table.year} is also in {other}"
        for (other, twin), (name, table) in combinations(named, 2)
        if table.key == twin.key
    ]
    if problems:
        raise InvalidFileError(problems)
    return WorkingCalendar(tuple(table for _, table in named))


def load_calendar(extra: Path | None = None) -> WorkingCalendar:
    """The packaged tables, and those of a file or folder laid over them."""
    return calendar_from(read_documents("calendars", extra))


@cache
def national_calendar() -> WorkingCalendar:
    return load_calendar()


def is_working_day(day: date) -> bool:
    return national_calendar().is_working_day(day)


def known(year: int) -> bool:
    return national_calendar().known(year)
