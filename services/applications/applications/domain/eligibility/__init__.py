"""Whether a unit may apply (Art. 12, 13, 16, 25, 31, 32): each rule a pure function, all of them asked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from messages.values import Reason, UnitType

from applications.domain.eligibility import enterprise, park, standing
from applications.domain.eligibility.evidence import Evidence

Check = Callable[[Evidence], Reason | None]

OF_ENTERPRISES: tuple[Check, ...] = (enterprise.e1_manufacturer, enterprise.e2_energy_efficiency)
OF_PARKS: tuple[Check, ...] = (park.e5_main_function, park.e7_environment, park.e8_cleaner_production)
OF_ALL: tuple[Check, ...] = (
    standing.v1_in_its_own_prefecture,
    standing.e10_on_the_lower_list,
    standing.e11_not_banned,
    standing.e12_assessor,
    standing.e13_only_one,
)

__all__ = ["Evidence", "failed", "on_record"]


def failed(evidence: Evidence) -> Iterator[Reason]:
    """Every condition that is not met, in the order of the regulation."""
    if evidence.application.unit.unit_type is UnitType.PARK:
        yield from _of(OF_PARKS[:1], evidence)
        yield from park.e6_undertaking_and_targets(evidence)
        yield from _of(OF_PARKS[1:], evidence)
        yield from park.e9_body_and_plan(evidence)
    else:
        yield from _of(OF_ENTERPRISES, evidence)
        yield from enterprise.e3_management_systems(evidence)
        yield from enterprise.e4_nothing_stands_against_it(evidence)
    yield from _of(OF_ALL, evidence)


def on_record(evidence: Evidence) -> tuple[Reason, ...]:
    """What is recorded against the unit under Art. 12(5); a park answers for its enterprises by undertaking (E6)."""
    return () if evidence.application.unit.unit_type is UnitType.PARK else enterprise.e4_on_record(evidence)


def _of(checks: tuple[Check, ...], evidence: Evidence) -> Iterator[Reason]:
    return (found for check in checks if (found := check(evidence)) is not None)
