"""The conditions that a report, a park or a fact leaves unmet, in one line for each case."""

from __future__ import annotations

from datetime import date
from typing import Any

from applications.domain import eligibility
from applications.domain.facts import Fact, FactKind, FactSource
from applications.domain.information import EnterpriseInformation
from applications.domain.report import Declaration

from .builders import PARK, STEEL, eligibility_context, park_facts, report


def unmet(given: eligibility.EligibilityContext) -> list[tuple[str, str]]:
    return [(each.rule, each.code) for each in eligibility.unmet_conditions(given)]


def unmet_of_park(**changes: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - fields by name
    return unmet(eligibility_context(PARK, report=report(PARK, park=park_facts(**changes))))


def unmet_of_report(**changes: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - fields by name
    return unmet(eligibility_context(report=report(**changes)))


def fact(kind: FactKind, happened_on: date, ended_on: date | None = None) -> Fact:
    return Fact("f-1", STEEL.uscc, kind, happened_on, FactSource.AGENCY, "信用中国（内蒙古）", ended_on=ended_on)


def declarations(kind: FactKind, happened_on: date | None, ended_on: date | None = None) -> tuple[Declaration, ...]:
    """Declare that one circumstance has occurred and all others have not."""
    others = tuple(Declaration(each, occurred=False) for each in FactKind if each is not kind)
    return (*others, Declaration(kind, True, happened_on, ended_on))


def information_founded_on(day: date) -> EnterpriseInformation:
    """Nothing else in the table matters here."""
    return EnterpriseInformation(*("x",) * 5, day, *("x",) * 5, products=(), finances=())


def unmet_with_facts(*facts: Fact) -> list[tuple[str, str]]:
    return unmet(eligibility_context(facts=facts))
