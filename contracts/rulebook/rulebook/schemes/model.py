"""Evaluation schemes: what is asked of a unit and how answers become points."""

from collections import Counter
from decimal import Decimal
from typing import Annotated, Literal

from messages.values import UnitType
from pydantic import Field, model_validator

from rulebook.types import Dated, Frozen

Direction = Literal["higher", "lower"]
Scoring = Literal["linear", "share_of_leading", "graded", "achieved_share"]
PanelRule = Literal["mean", "median", "trimmed_mean"]

FULL_MARKS = Decimal(100)


class MandatoryItem(Frozen):
    """A mandatory requirement; a unit that does not meet it fails whatever its score."""

    id: str
    name_zh: str


class Group(Frozen):
    id: str
    name_zh: str
    points: Annotated[Decimal, Field(gt=0)]


class Indicator(Frozen):
    id: str
    name_zh: str
    group: str
    unit: str
    points: Annotated[Decimal, Field(gt=0)]
    direction: Direction = "higher"
    benchmark: Decimal | None = None
    """Value worth no points; for linear scoring."""
    leading: Decimal | None = None
    """Value worth all points; for linear scoring and shares of the leading value."""
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(10) ** 12
    """By default beyond anything that the unit could measure."""
    energy_or_carbon: bool = False
    """Counts towards the energy and carbon score that breaks ties."""


class Scheme(Dated):
    id: str
    version: str
    name_zh: str
    unit_type: UnitType
    standards: tuple[str, ...] = ()
    """Numbers of the standards and documents it follows."""
    source: Annotated[str, Field(min_length=1)]
    """Where its contents come from, and which of them are not from a primary text."""
    scoring: Scoring
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    panel_rule: PanelRule = "mean"
    """How the totals of a panel's experts become one."""
    years_filed: Annotated[int, Field(ge=1, le=10)] = 1
    """How many yearly values are filed; the newest year counts."""
    mandatory_items: tuple[MandatoryItem, ...]
    groups: tuple[Group, ...]
    indicators: tuple[Indicator, ...]

    @property
    def key(self) -> str:
        return f"{self.id}@{self.version}"

    def indicator(self, indicator_id: str) -> Indicator:
        return next(i for i in self.indicators if i.id == indicator_id)

    def range_of(self, indicator: Indicator) -> tuple[Decimal, Decimal]:
        """The least and the greatest value that may be filed."""
        if self.scoring == "graded":
            return Decimal(0), indicator.points
        if self.scoring == "achieved_share":
            return Decimal(0), FULL_MARKS
        return indicator.minimum, indicator.maximum

    @model_validator(mode="after")
    def _sound(self) -> "Scheme":
        wrong = [*_repeated_ids(self), *_points_that_do_not_add_up(self), *_reference_values_missing(self)]
        if self.in_force_until is not None and self.in_force_until < self.in_force_from:
            wrong.append("it ends before it begins")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


def _repeated_ids(scheme: Scheme) -> list[str]:
    ids = [item.id for item in scheme.mandatory_items] + [group.id for group in scheme.groups]
    ids += [indicator.id for indicator in scheme.indicators]
    return [f"the id {each} is used {n} times" for each, n in Counter(ids).items() if n > 1]


def _points_that_do_not_add_up(scheme: Scheme) -> list[str]:
    groups = {group.id: group.points for group in scheme.groups}
    wrong = [f"{i.id} is in the unknown group {i.group}" for i in scheme.indicators if i.group not in groups]
    for group, points in groups.items():
        held = sum(i.points for i in scheme.indicators if i.group == group)
        if held != points:
            wrong.append(f"the indicators of {group} hold {held} points, not {points}")
    if sum(groups.values()) != FULL_MARKS:
        wrong.append(f"the groups hold {sum(groups.values())} points, not 100")
    return wrong


def _reference_values_missing(scheme: Scheme) -> list[str]:
    if scheme.scoring == "linear":
        return [f"{i.id} {fault}" for i in scheme.indicators if (fault := _linear_fault(i))]
    if scheme.scoring == "share_of_leading":
        return [f"{i.id} needs a leading value above 0" for i in scheme.indicators if not (i.leading or 0) > 0]
    return []


def _linear_fault(indicator: Indicator) -> str | None:
    if indicator.benchmark is None or indicator.leading is None:
        return "needs a benchmark and a leading value"
    rises = indicator.leading > indicator.benchmark
    falls = indicator.leading < indicator.benchmark
    right_way = rises if indicator.direction == "higher" else falls
    return None if right_way else "has a leading value on the wrong side of its benchmark"
