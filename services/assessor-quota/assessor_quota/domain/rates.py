"""Success rates: listed ÷ concluded by assessor, prefecture, unit type and year (S6, Art. 29(2)).

The applications are counted once, when their part changes: in the year of their assessor, and in the totals of their
year, prefecture and unit type. A figure is read from these few documents and never from the applications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from messages.values import AssessorRef, Prefecture, UnitType
from rulebook import RuleSet, yearly_deadline

from assessor_quota.domain.application_progress import CountedApplication

PERCENT = Decimal("0.01")
Part: TypeAlias = str | int


class GroupBy(StrEnum):
    """The dimensions of the figures."""

    ASSESSOR = "assessor"
    PREFECTURE = "prefecture"
    UNIT_TYPE = "unit_type"
    YEAR = "year"


@dataclass(frozen=True)
class Figures:
    """Counts of applications: all of them, those concluded, and those listed."""

    listed: int = 0
    concluded: int = 0
    applications: int = 0

    @property
    def rate(self) -> Decimal | None:
        """Percent with two decimals; none when nothing is concluded, which is not 0 %."""
        if not self.concluded:
            return None
        return (Decimal(100 * self.listed) / self.concluded).quantize(PERCENT, ROUND_HALF_UP)

    def plus(self, other: Figures) -> Figures:
        return Figures(
            self.listed + other.listed, self.concluded + other.concluded, self.applications + other.applications
        )

    def with_one(self, application: CountedApplication, times: int) -> Figures:
        """Return them with the application added (``times`` 1) or taken out (-1)."""
        return Figures(
            self.listed + times * application.listed,
            self.concluded + times * application.concluded,
            self.applications + times,
        )


@dataclass(frozen=True)
class RateCell:
    """The figures of one prefecture and unit type within an assessor's year."""

    prefecture: Prefecture
    unit_type: UnitType
    figures: Figures = Figures()


class Count(NamedTuple):
    """Figures with all of their dimensions, to be grouped by some of them."""

    assessor: str
    prefecture: str
    unit_type: str
    year: int
    figures: Figures


_PARTS: Mapping[GroupBy, Callable[[Count], Part]] = MappingProxyType(
    {
        GroupBy.ASSESSOR: lambda each: each.assessor,
        GroupBy.PREFECTURE: lambda each: each.prefecture,
        GroupBy.UNIT_TYPE: lambda each: each.unit_type,
        GroupBy.YEAR: lambda each: each.year,
    }
)


@dataclass(frozen=True)
class SuccessRate:
    """The figures of one group; ``parts`` are in the order requested."""

    parts: tuple[Part, ...]
    figures: Figures


def success_rates(counts: Iterable[Count], by: Sequence[GroupBy]) -> list[SuccessRate]:
    """Return one for each group that has an application, in the order of the groups."""
    groups: dict[tuple[Part, ...], Figures] = {}
    for each in counts:
        parts = tuple(_PARTS[part](each) for part in by)
        groups[parts] = groups.get(parts, Figures()).plus(each.figures)
    return [SuccessRate(parts, groups[parts]) for parts in sorted(groups, key=_order)]


def _order(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in parts)


@dataclass(frozen=True)
class YearlyRate:
    """The applications of an assessor's year, by prefecture and unit type, and the figures last published."""

    rate_id: str
    assessor: AssessorRef
    year: int
    due_on: date
    cells: tuple[RateCell, ...] = ()
    """Those with an application, by prefecture and unit type; 36 at most."""
    found_by: tuple[str, ...] = ()
    """The keys of ``found_by_key`` that find it: one index serves every choice of prefecture and unit type."""
    pending: bool = False
    """Whether the figures have to be published (again)."""
    revision: int = 0
    """Counts the changes of the figures: each revision is published at most once."""
    published: Figures | None = None
    published_on: date | None = None

    @property
    def figures(self) -> Figures:
        return _sum(each.figures for each in self.cells)

    def counts(self, prefecture: str | None = None, unit_type: str | None = None) -> Iterator[Count]:
        """Yield the figures of its cells, or of those that were chosen."""
        for cell in self.cells:
            if prefecture in {None, cell.prefecture} and unit_type in {None, cell.unit_type}:
                yield Count(self.assessor.uscc, cell.prefecture.value, cell.unit_type.value, self.year, cell.figures)

    def counting(self, application: CountedApplication, times: int) -> YearlyRate:
        """Return it with the application added (``times`` 1) or taken out (-1); due again if the rate changed.

        It is a new revision even where one is pending: a publication that read the old one must not commit.
        """
        cells = {(each.prefecture, each.unit_type): each for each in self.cells}
        place = application.prefecture, application.unit_type
        figures = cells.get(place, RateCell(*place)).figures.with_one(application, times)
        cells[place] = RateCell(*place, figures)
        held = tuple(cells[each] for each in sorted(cells) if cells[each].figures.applications)
        after = replace(self, cells=held, found_by=_keys_of(held))
        return after.due_again() if application.concluded else after

    def due_again(self) -> YearlyRate:
        return replace(self, pending=True, revision=self.revision + 1)

    def with_publication(self, day: date) -> YearlyRate:
        """Return it no longer pending; with the day only when the figures differ from those last published."""
        done, found = replace(self, pending=False), self.publishable
        return done if found == self.published else replace(done, published=found, published_on=day)

    @property
    def publishable(self) -> Figures:
        """Return the figures of a publication, which say nothing of applications that are not concluded."""
        return replace(self.figures, applications=0)


@dataclass(frozen=True)
class RateTotal:
    """The figures of all assessors for one year, prefecture and unit type."""

    year: int
    prefecture: Prefecture
    unit_type: UnitType
    figures: Figures = Figures()

    @property
    def key(self) -> str:
        return total_key(self.year, self.prefecture, self.unit_type)

    def counting(self, application: CountedApplication, times: int) -> RateTotal:
        return replace(self, figures=self.figures.with_one(application, times))

    def count(self) -> Count:
        return Count("", self.prefecture.value, self.unit_type.value, self.year, self.figures)


def rate_key(uscc: str, year: int) -> str:
    return f"{uscc}:{year}"


def total_key(year: int, prefecture: Prefecture, unit_type: UnitType) -> str:
    return f"{year}:{prefecture}:{unit_type}"


def found_by_key(prefecture: str | None, unit_type: str | None) -> str:
    """Return the key that finds the years with an application of these; of any where one is left out."""
    return f"{prefecture or '*'}/{unit_type or '*'}"


def new_rate(assessor: AssessorRef, year: int, rules: RuleSet) -> YearlyRate:
    due = yearly_deadline(year + 1, rules.deadlines.success_rate, moves=rules.readings.fixed_dates_move)
    return YearlyRate(rate_key(assessor.uscc, year), assessor, year, due.last_day)


def _keys_of(cells: Iterable[RateCell]) -> tuple[str, ...]:
    keys = {
        found_by_key(prefecture, unit_type)
        for cell in cells
        for prefecture in (None, cell.prefecture.value)
        for unit_type in (None, cell.unit_type.value)
    }
    return tuple(sorted(keys))


def _sum(figures: Iterable[Figures]) -> Figures:
    found = Figures()
    for each in figures:
        found = found.plus(each)
    return found
