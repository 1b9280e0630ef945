"""Indicator values that come out at a wanted score, and figures of years: all from the applicant's own seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from random import Random

from rulebook.schemes import Indicator, Scheme

from deploy.season.cast import Applicant, HardCase

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
    chance = luck(applicant, "indicators")
    ticks = sum(each.points for each in scheme.indicators if _is_tick(each))
    rest = (wanted * 100 - ticks) / (100 - ticks)
    for each in scheme.indicators:
        noise = Decimal(str(round(chance.uniform(-_SPREAD, _SPREAD), 3)))
        if applicant.case is HardCase.TIE_MORE_ENERGY:
            noise = _SWAPPED.get(each.id, Decimal(0))
        if applicant.case in (HardCase.TIE_EARLIER, HardCase.TIE_LATER):
            noise = Decimal(0)
        yield each.id, _MOST if _is_tick(each) else min(max(rest + noise, _LEAST), _MOST)


def _is_tick(indicator: Indicator) -> bool:
    return indicator.unit == "0/1"


def _value(scheme: Scheme, indicator: Indicator, share: Decimal) -> Decimal:
    if scheme.scoring == "graded":
        return (indicator.points * share).quantize(CENT)
    leading = indicator.leading or Decimal(0)
    if scheme.scoring == "share_of_leading":
        return ((leading * share) if indicator.direction == "higher" else (leading / share)).quantize(CENT)
    benchmark = indicator.benchmark or Decimal(0)
    return (benchmark + (leading - benchmark) * share).quantize(CENT)
