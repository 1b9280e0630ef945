"""Eligibility of a unit (Art. 12, 13, 16, 25, 31, 32): each rule is a pure function, and all of them are checked."""

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
    common.p3_not_its_own_assessor,
    common.e13_only_one,
)

AT_INTAKE: tuple[Check, ...] = (common.e10_on_the_lower_list, common.e11_not_banned)
"""Conditions for all that must still hold when the region takes a case in. The prefecture of the submission is final
(V1); a sanction on its assessor suspends it, and its item was given for good (E12, S2, Q5); other open applications are
checked at the submission only (E13)."""

__all__ = ["EligibilityContext", "recorded_reasons", "unmet_at_intake", "unmet_conditions"]


def unmet_conditions(context: EligibilityContext) -> Iterator[Reason]:
    """Yield every condition that is not met on submission, in the order of the regulation."""
    yield from _check_by_type(context)
    yield from _run(OF_ALL, context)


def unmet_at_intake(context: EligibilityContext) -> Iterator[Reason]:
    """Yield every condition that is met no longer on the day on which the region takes the case in (V5)."""
    yield from _check_by_type(context)
    yield from _run(AT_INTAKE, context)


def _check_by_type(context: EligibilityContext) -> Iterator[Reason]:
    """Check a park by Art. 13, an enterprise by Art. 12."""
    if context.application.unit.unit_type is UnitType.PARK:
        yield from _run(OF_PARKS[:1], context)
        yield from park.e6_undertaking_and_targets(context)
        yield from _run(OF_PARKS[1:], context)
        yield from park.e9_body_and_plan(context)
    else:
        yield from _run(OF_ENTERPRISES, context)
        yield from enterprise.e3_management_systems(context)
        yield from enterprise.e4_no_fact_against_it(context)


def recorded_reasons(context: EligibilityContext) -> tuple[Reason, ...]:
    """Return the facts on record under Art. 12(5); a park answers for its enterprises by undertaking (E6)."""
    return () if context.application.unit.unit_type is UnitType.PARK else enterprise.e4_on_record(context)


def _run(checks: tuple[Check, ...], context: EligibilityContext) -> Iterator[Reason]:
    return (found for check in checks if (found := check(context)) is not None)
