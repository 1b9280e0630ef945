"""The conditions of Art. 12 on an enterprise, and all conditions at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from applications.domain import eligibility
from applications.domain.organisation_status import Removal
from applications.domain.report import Energy, EnergyBasis
from messages.values import Ban, Level, UnitRef

from .builders import PARK, RULES, STEEL, TODAY, certificate, eligibility_context, report, standing
from .eligibility_checks import unmet, unmet_of_report

BAN = Ban(first_day=date(2024, 5, 1), last_day=date(2027, 5, 1))


@pytest.mark.parametrize("unit", [STEEL, PARK])
def test_a_unit_that_meets_every_condition_may_apply(unit: UnitRef) -> None:
    assert unmet(eligibility_context(unit)) == []


@pytest.mark.rule("E1")
@pytest.mark.parametrize("code", ["13", "C3130", "4390", "431", "Ｃ３１３０", "c 3130"])
def test_sections_of_manufacturing_are_eligible(code: str) -> None:
    assert unmet_of_report(industry_code=code) == []


@pytest.mark.rule("E1")
@pytest.mark.parametrize(
    "wrong",
    [
        {"industry_code": "0610"},
        {"industry_code": "4411"},
        {"industry_code": None},
        {"independent_legal_person": False},
    ],
)
def test_only_an_independent_manufacturer_may_apply(wrong: dict[str, Any]) -> None:
    assert unmet_of_report(**wrong) == [("E1", "not-a-manufacturer")]


@pytest.mark.rule("E2")
@pytest.mark.parametrize(
    ("basis", "published", "actual", "code"),
    [
        (EnergyBasis.BENCHMARK, True, 100, None),
        (EnergyBasis.BENCHMARK, True, 101, "energy-efficiency-short"),
        (EnergyBasis.ADVANCED, True, 90, "benchmark-published"),
        (EnergyBasis.BENCHMARK, False, 90, "benchmark-not-published"),
        (EnergyBasis.ADVANCED, False, 100, None),
        (EnergyBasis.GRADE_1, False, 100, None),
        (EnergyBasis.GRADE_1, False, 101, "energy-efficiency-short"),
    ],
)
def test_energy_efficiency_is_measured_by_the_benchmark_where_there_is_one(
    basis: EnergyBasis,
    published: bool,  # noqa: FBT001 - a column of the table
    actual: int,
    code: str | None,
) -> None:
    energy = Energy(basis, published, Decimal(actual), Decimal(100), "kgce/t")

    assert unmet_of_report(energy=energy) == ([("E2", code)] if code else [])


@pytest.mark.rule("E2")
def test_a_report_without_energy_efficiency_is_refused() -> None:
    assert unmet_of_report(energy=None) == [("E2", "energy-missing")]


@pytest.mark.rule("E3")
def test_a_certificate_is_in_force_on_its_last_day_and_not_on_the_next() -> None:
    held = [certificate(system) for system in RULES.systems if system != "energy"]

    assert unmet_of_report(certificates=(*held, certificate("energy", until=TODAY))) == []
    assert unmet_of_report(certificates=(*held, certificate("energy", until=date(2026, 4, 19)))) == [
        ("E3", "certificate-expired")
    ]


@pytest.mark.rule("E3")
def test_each_of_the_four_systems_is_named_when_it_is_missing() -> None:
    assert unmet_of_report(certificates=()) == [("E3", "certificate-missing")] * 4


def test_everything_wrong_is_named_at_once_each_with_its_article() -> None:
    removal = Removal(STEEL.key, (Level.REGION,), 1, "内工信示字〔2024〕2号", BAN)
    wrong = report(industry_code="0610", energy=None, certificates=())
    given = eligibility_context(report=wrong, standing=standing(listings=(), removals=(removal,)))

    reasons = list(eligibility.unmet_conditions(given))

    assert [each.rule for each in reasons] == ["E1", "E2", "E3", "E3", "E3", "E3", "E10", "E11"]
    assert all(each.article and each.text for each in reasons)
