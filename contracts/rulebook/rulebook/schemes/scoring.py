"""From the values filed for a scheme to points."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from statistics import median

from rulebook.schemes.model import FULL_MARKS, Indicator, PanelRule, Scheme
from rulebook.types import Frozen

NOTHING, EVERYTHING = Decimal(0), Decimal(1)
TOO_FEW_TO_TRIM = 3
VALUE_STEP = Decimal("0.000001")


class Score(Frozen):
    total: Decimal
    by_group: Mapping[str, Decimal]
    by_indicator: Mapping[str, Decimal]
    energy_carbon: Decimal
    failed_mandatory_items: tuple[str, ...]


class ScoreError(ValueError):
    """Values that cannot be scored; `problems` names everything missing, unknown or out of range."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.problems = tuple(found)


def problems(scheme: Scheme, values: Mapping[str, Decimal], mandatory_items: Mapping[str, bool]) -> list[str]:
    """All that keeps these answers from being scored, as `id: what is wrong`; empty when they can be."""
    wanted, asked = [i.id for i in scheme.indicators], [v.id for v in scheme.mandatory_items]
    return [
        *(f"{each}: missing" for each in wanted if each not in values),
        *(f"{each}: missing" for each in asked if each not in mandatory_items),
        *(f"{each}: unknown" for each in sorted(set(values) - set(wanted))),
        *(f"{each}: unknown" for each in sorted(set(mandatory_items) - set(asked))),
        *(fault for i in scheme.indicators if i.id in values for fault in _out_of_range(scheme, i, values[i.id])),
    ]


def _out_of_range(scheme: Scheme, indicator: Indicator, value: Decimal) -> list[str]:
    least, greatest = scheme.range_of(indicator)
    if not value.is_finite():
        return [f"{indicator.id}: {value} is no number"]
    if value < least:
        return [f"{indicator.id}: {value} is below {least}"]
    if value > greatest:
        return [f"{indicator.id}: {value} is above {greatest}"]
    return []


def score(scheme: Scheme, values: Mapping[str, Decimal], mandatory_items: Mapping[str, bool]) -> Score:
    """Points by the scheme's rule; in `mandatory_items`, True means that the requirement is met.

    Raises ScoreError with all that is missing, unknown or out of range. Each indicator is rounded
    half up to the scheme's decimals, and sums are of the rounded points, so that what is shown adds up.
    """
    found = problems(scheme, values, mandatory_items)
    if found:
        raise ScoreError(found)
    points = {i.id: _points(scheme, i, values[i.id]) for i in scheme.indicators}
    return Score(
        total=sum(points.values(), NOTHING),
        by_group={g.id: _sum(points, [i for i in scheme.indicators if i.group == g.id]) for g in scheme.groups},
        by_indicator=points,
        energy_carbon=_sum(points, [i for i in scheme.indicators if i.energy_or_carbon]),
        failed_mandatory_items=tuple(v.id for v in scheme.mandatory_items if not mandatory_items[v.id]),
    )


def _sum(points: Mapping[str, Decimal], indicators: Sequence[Indicator]) -> Decimal:
    return sum((points[i.id] for i in indicators), NOTHING)


def _points(scheme: Scheme, indicator: Indicator, value: Decimal) -> Decimal:
    if scheme.scoring == "graded":
        raw = value
    else:
        raw = indicator.points * min(max(_share(scheme, indicator, value), NOTHING), EVERYTHING)
    return rounded(scheme, raw)


def rounded(scheme: Scheme, points: Decimal) -> Decimal:
    return points.quantize(Decimal(1).scaleb(-scheme.decimals), ROUND_HALF_UP)


def _share(scheme: Scheme, indicator: Indicator, value: Decimal) -> Decimal:
    if scheme.scoring == "achieved_share":
        return value / FULL_MARKS
    leading = indicator.leading or NOTHING
    if scheme.scoring == "linear":
        benchmark = indicator.benchmark or NOTHING
        return (value - benchmark) / (leading - benchmark)
    if indicator.direction == "higher":
        return value / leading
    return EVERYTHING if value <= leading else leading / value


def panel_values(scheme: Scheme, sheets: Sequence[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """One value for each indicator from the experts' complete sheets, by the scheme's rule."""
    combined = {i.id: _combined(scheme.panel_rule, [sheet[i.id] for sheet in sheets]) for i in scheme.indicators}
    return {each: value.quantize(VALUE_STEP, ROUND_HALF_UP) for each, value in combined.items()}


def panel_mandatory_items(scheme: Scheme, sheets: Sequence[Mapping[str, bool]]) -> dict[str, bool]:
    """A requirement is met when more than half of the experts find it met."""
    return {v.id: sum(sheet[v.id] for sheet in sheets) * 2 > len(sheets) for v in scheme.mandatory_items}


def _combined(rule: PanelRule, numbers: Sequence[Decimal]) -> Decimal:
    if not numbers:
        raise ValueError("no expert has scored")
    ordered = sorted(numbers)
    if rule == "median":
        return median(ordered)
    trimmed = rule == "trimmed_mean" and len(ordered) > TOO_FEW_TO_TRIM
    kept = ordered[1:-1] if trimmed else ordered
    return sum(kept, NOTHING) / len(kept)
