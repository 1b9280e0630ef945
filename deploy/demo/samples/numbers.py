"""Indicator values for a wanted score, and figures of years, all from the applicant's own seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from random import Random

from rulebook.schemes import Indicator, Scheme

from deploy.demo.personas import TIES, Applicant, EdgeCase

SEED = 2026
CENT = Decimal("0.01")
_SPREAD = 0.09
_LEAST, _MOST = Decimal("0.2"), Decimal(1)
_SWAPPED: Mapping[str, Decimal] = {"energy_intensity": Decimal("0.1"), "raw_material_intensity": Decimal("-0.1")}
"""Two indicators of eight points each: one gains as the other loses, so only the energy and carbon score differs."""


def luck(applicant: Applicant, subject: str) -> Random:
    """Return the applicant's random numbers: the same in every run, whatever the other applicants."""
    return Random(f"{SEED}:{applicant.id}:{subject}")  # noqa: S311 - invented figures, no secrets


def values(applicant: Applicant, scheme: Scheme, score: Decimal) -> dict[str, Decimal]:
    """Return a value for each indicator, worth about ``score`` in total."""
    shares = dict(_shares(applicant, scheme, score / 100))
    return {each.id: _value(scheme, each, shares[each.id]) for each in scheme.indicators}


def _shares(applicant: Applicant, scheme: Scheme, wanted: Decimal) -> Iterator[tuple[str, Decimal]]:
    """Return the share of its points that each indicator earns."""
    ticks = [each for each in scheme.indicators if is_tick(each)]
    measured = [each for each in scheme.indicators if not is_tick(each)]
    rest = (wanted * 100 - _points(ticks)) / _points(measured)
    yield from ((each.id, _MOST) for each in ticks)
    noises = _noises(applicant, measured)
    level = sum((each.points * noises[each.id] for each in measured), Decimal(0)) / _points(measured)
    for each in measured:
        yield each.id, min(max(rest + noises[each.id] - level, _LEAST), _MOST)


def _noises(applicant: Applicant, measured: Sequence[Indicator]) -> Mapping[str, Decimal]:
    """Return the distance of each indicator from the mean."""
    if applicant.case in TIES:
        swapped = _SWAPPED if applicant.case is EdgeCase.TIE_MORE_ENERGY else {}
        return {each.id: swapped.get(each.id, Decimal(0)) for each in measured}
    chance = luck(applicant, "indicators")
    return {each.id: Decimal(str(round(chance.uniform(-_SPREAD, _SPREAD), 3))) for each in measured}


def _points(indicators: Sequence[Indicator]) -> Decimal:
    return sum((each.points for each in indicators), Decimal(0))


def is_tick(indicator: Indicator) -> bool:
    return indicator.unit == "0/1"


def _value(scheme: Scheme, indicator: Indicator, share: Decimal) -> Decimal:
    if scheme.scoring == "graded":
        return (indicator.points * share).quantize(CENT)
    leading = indicator.leading or Decimal(0)
    if scheme.scoring == "share_of_leading":
        return ((leading * share) if indicator.direction == "higher" else (leading / share)).quantize(CENT)
    benchmark = indicator.benchmark or Decimal(0)
    return (benchmark + (leading - benchmark) * share).quantize(CENT)
