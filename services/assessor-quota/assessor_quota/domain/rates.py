"""Success rates: listed ÷ concluded by assessor, prefecture, unit type and year (S6, Art. 29(2))."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from messages.values import AssessorRef
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


_PARTS: Mapping[GroupBy, Callable[[CountedApplication], Part]] = MappingProxyType(
    {
        GroupBy.ASSESSOR: lambda each: each.assessor.uscc,
        GroupBy.PREFECTURE: lambda each: each.unit.prefecture.value,
        GroupBy.UNIT_TYPE: lambda each: each.unit.unit_type.value,
        GroupBy.YEAR: lambda each: each.year,
    }
)


@dataclass(frozen=True)
class Figures:
    listed: int = 0
    concluded: int = 0

    @property
    def rate(self) -> Decimal | None:
        """Percent with two decimals; none when nothing is concluded, which is not 0 %."""
        if not self.concluded:
            return None
        return (Decimal(100 * self.listed) / self.concluded).quantize(PERCENT, ROUND_HALF_UP)

    def with_one(self, *, concluded: bool, listed: bool) -> Figures:
        return Figures(self.listed + listed, self.concluded + concluded)


@dataclass(frozen=True)
class SuccessRate:
    """The figures of one group; ``parts`` are in the order requested."""

    parts: tuple[Part, ...]
    figures: Figures


def success_rates(applications: Iterable[CountedApplication], by: Sequence[GroupBy]) -> list[SuccessRate]:
    """Return one for each group that has an application, in the order of the groups; by nothing, one for all."""
    groups: dict[tuple[Part, ...], Figures] = {} if by else {(): Figures()}
    for each in applications:
        parts = tuple(_PARTS[part](each) for part in by)
        groups[parts] = groups.get(parts, Figures()).with_one(concluded=each.concluded, listed=each.listed)
    return [SuccessRate(parts, groups[parts]) for parts in sorted(groups, key=_order)]


def figures(applications: Iterable[CountedApplication]) -> Figures:
    (whole,) = success_rates(applications, ())
    return whole.figures


def _order(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(str(part) for part in parts)


@dataclass(frozen=True)
class YearlyRate:
    """The figures last published of an assessor's year, and whether they have to be computed (again)."""

    rate_id: str
    assessor: AssessorRef
    year: int
    due_on: date
    pending: bool = True
    revision: int = 1
    """Counts the invalidations: each revision is computed at most once."""
    published: Figures | None = None
    published_on: date | None = None

    def invalidated(self) -> YearlyRate:
        """Return a new revision even where one is pending: a computation that read the old one must not commit."""
        return replace(self, pending=True, revision=self.revision + 1)

    def computed(self, found: Figures, day: date) -> YearlyRate:
        """Return it no longer pending; with the day only when the figures differ from those last published."""
        done = replace(self, pending=False)
        return done if found == self.published else replace(done, published=found, published_on=day)


def rate_key(uscc: str, year: int) -> str:
    return f"{uscc}:{year}"


def pending_rate(assessor: AssessorRef, year: int, rules: RuleSet) -> YearlyRate:
    due = yearly_deadline(year + 1, rules.deadlines.success_rate, moves=rules.readings.fixed_dates_move)
    return YearlyRate(rate_key(assessor.uscc, year), assessor, year, due.last_day)
