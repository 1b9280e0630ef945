"""The conditions of Art. 13 on a park."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from applications.domain.report import ParkRank, ParkYear

from .builders import park_facts
from .eligibility_checks import unmet_of_park


@pytest.mark.rule("E5")
@pytest.mark.parametrize(
    "wrong",
    [
        {"value_added_share": Decimal(50)},
        {"value_added_share": None},
        {"legal_boundary": None},
        {"single_management": False},
        {"rank": ParkRank.OTHER},
        {"main_function": False},
    ],
)
def test_a_park_needs_boundary_management_rank_function_and_more_than_half(wrong: dict[str, Any]) -> None:
    assert unmet_of_park(**wrong) == [("E5", "park-conditions-unmet")]


@pytest.mark.rule("E6")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"enterprises_undertaking": False}, "undertaking-missing"),
        ({"targets_met": None}, "targets-missed"),
    ],
)
def test_a_park_undertakes_for_its_enterprises_and_meets_its_targets(wrong: dict[str, Any], code: str) -> None:
    assert unmet_of_park(**wrong) == [("E6", code)]


@pytest.mark.rule("E6")
@pytest.mark.parametrize("intensities", [("2.0", "2.0"), ("1.8", "2.0"), ("2.0", None), ("2.0",)])
def test_carbon_intensity_falls_every_year_given(intensities: tuple[str | None, ...]) -> None:
    years = tuple(
        ParkYear(2023 + at, None if value is None else Decimal(value), Decimal(10 + at))
        for at, value in enumerate(intensities)
    )

    assert ("E6", "carbon-intensity-not-falling") in unmet_of_park(years=years)


@pytest.mark.rule("E6")
@pytest.mark.rule("E8")
@pytest.mark.parametrize(
    "years", [(1990, 1991, 1992), (2023, 2025, 2025), (2024, 2025), (2022, 2023, 2024, 2025), (2024, 2025, 2026)]
)
def test_the_years_of_a_park_are_the_last_three_before_the_batch_each_once(years: tuple[int, ...]) -> None:
    filed = tuple(ParkYear(year, Decimal(9 - at), Decimal(10 + at)) for at, year in enumerate(years))

    assert unmet_of_park(years=filed) == [("E6", "years-wrong")]


@pytest.mark.rule("E7")
@pytest.mark.parametrize("name", ["environmental_quality_met", "discharge_met", "total_amount_met"])
def test_a_park_meets_quality_discharge_and_total_amounts(name: str) -> None:
    assert unmet_of_park(**{name: False}) == [("E7", "environment-unmet")]


@pytest.mark.rule("E8")
def test_999_of_1000_audited_key_enterprises_are_not_all() -> None:
    assert unmet_of_park(key_enterprises_audited=999) == [("E8", "cleaner-production-short")]


@pytest.mark.rule("E8")
@pytest.mark.parametrize(("known", "audited", "passes"), [(10, 11, False), (0, 1, False), (0, 0, True), (10, 10, True)])
def test_no_more_enterprises_are_audited_than_there_are(
    known: int,
    audited: int,
    passes: bool,  # noqa: FBT001 - a column of the table
) -> None:
    expected = [] if passes else [("E8", "cleaner-production-short")]

    assert unmet_of_park(key_enterprises=known, key_enterprises_audited=audited) == expected


@pytest.mark.rule("E8")
def test_the_share_of_voluntary_audits_rises_every_year() -> None:
    flat = tuple(replace(each, voluntary_audit_share=Decimal(10)) for each in park_facts().years)

    assert unmet_of_park(years=flat) == [("E8", "cleaner-production-short")]


@pytest.mark.rule("E9")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"nothing_obsolete": False}, "obsolete-technology"),
        ({"green_staff": 1}, "green-body-missing"),
        ({"green_body": False}, "green-body-missing"),
        ({"factory_plan": None}, "factory-plan-missing"),
    ],
)
def test_a_park_has_nothing_obsolete_a_body_with_two_people_and_a_plan(wrong: dict[str, Any], code: str) -> None:
    assert unmet_of_park(**wrong) == [("E9", code)]
