"""Whether a unit may apply (Art. 12, 13, 16, 25, 31, 32): each rule a pure function, all of them asked at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from messages.values import Reason, UnitType

from applications.domain.eligibility import common, enterprise, park
from applications.domain.eligibility.context import EligibilityContext

Check = Callable[[EligibilityContext], Reason | None]

OF_ENTERPRISES: tuple[Check, ...] = (enterprise.e1_manufacturer, enterprise.e2_energy_efficiency)
OF_PARKS: tuple[Check, ...] = (park.e5_main_function, park.e7_environment, park.e8_cleaner_production)
OF_ALL: tuple[Check, ...] = (
    common.v1_in_its_own_prefecture,
    common.e10_on_the_lower_list,
    common.e11_not_banned,
    common.e12_assessor,
    common.e13_only_one,
)

AT_INTAKE: tuple[Check, ...] = (common.e10_on_the_lower_list, common.e11_not_banned)
"""What else must still hold when the region takes a case in. Where it was submitted is settled (V1); a sanction on its
assessor suspends it, and its item was given for good (E12, S2, Q5); what else is open was asked once (E13)."""

__all__ = ["EligibilityContext", "failed", "failed_at_intake", "on_record"]


def failed(evidence: EligibilityContext) -> Iterator[Reason]:
    """Every condition that is not met on submission, in the order of the regulation."""
    yield from _of_its_kind(evidence)
    yield from _of(OF_ALL, evidence)


def failed_at_intake(evidence: EligibilityContext) -> Iterator[Reason]:
    """Every condition that is met no longer on the day on which the region takes the case in (V5)."""
    yield from _of_its_kind(evidence)
    yield from _of(AT_INTAKE, evidence)


def _of_its_kind(evidence: EligibilityContext) -> Iterator[Reason]:
    """What Art. 13 asks of a park, and Art. 12 of an enterprise."""
    if evidence.application.unit.unit_type is UnitType.PARK:
        yield from _of(OF_PARKS[:1], evidence)
        yield from park.e6_undertaking_and_targets(evidence)
        yield from _of(OF_PARKS[1:], evidence)
        yield from park.e9_body_and_plan(evidence)
    else:
        yield from _of(OF_ENTERPRISES, evidence)
        yield from enterprise.e3_management_systems(evidence)
        yield from enterprise.e4_nothing_stands_against_it(evidence)


def on_record(evidence: EligibilityContext) -> tuple[Reason, ...]:
    """What is recorded against the unit under Art. 12(5); a park answers for its enterprises by undertaking (E6)."""
    return () if evidence.application.unit.unit_type is UnitType.PARK else enterprise.e4_on_record(evidence)


def _of(checks: tuple[Check, ...], evidence: EligibilityContext) -> Iterator[Reason]:
    return (found for check in checks if (found := check(evidence)) is not None)
