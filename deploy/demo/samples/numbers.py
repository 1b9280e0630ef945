"""Indicator values that come out at a wanted score, and figures of years: all from the applicant's own seed."""

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
"""Both are worth eight points: what one gains the other loses, so that only the energy and carbon score differs."""


def luck(applicant: Applicant, subject: str) -> Random:
    """The same again in every run, and for one applicant whatever the others are."""
    return Random(f"{SEED}:{applicant.id}:{subject}")  # noqa: S311 - invented figures, no secrets


def values(applicant: Applicant, scheme: Scheme, score: Decimal) -> dict[str, Decimal]:
    """A value for each indicator, worth about ``score`` together."""
    shares = dict(_shares(applicant, scheme, score / 100))
    return {each.id: _value(scheme, each, shares[each.id]) for each in scheme.indicators}


def _shares(applicant: Applicant, scheme: Scheme, wanted: Decimal) -> Iterator[tuple[str, Decimal]]:
    """Which part of its points each indicator earns."""
    ticks = [each for each in scheme.indicators if is_tick(each)]
    measured = [each for each in scheme.indicators if not is_tick(each)]
    rest = (wanted * 100 - _points(ticks)) / _points(measured)
    yield from ((each.id, _MOST) for each in ticks)
    noises = _noises(applicant, measured)
    level = sum((each.points * noises[each.id] for each in measured), Decimal(0)) / _points(measured)
    for each in measured:
        yield each.id, min(max(rest + noises[each.id] - level, _LEAST), _MOST)


def _noises(applicant: Applicant, measured: Sequence[Indicator]) -> Mapping[str, Decimal]:
    """How far each indicator lies above or below the others."""
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
