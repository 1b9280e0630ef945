"""The conditions of Art. 12, 13, 16 and 25, each by itself and all at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from applications.domain import eligibility
from applications.domain.application import Justification
from applications.domain.assessors import KnownAssessor
from applications.domain.facts import REGION, Fact, FactKind, FactSource
from applications.domain.information import EnterpriseInformation
from applications.domain.report import Declaration, Energy, EnergyBasis, ParkRank, ParkYear
from applications.domain.standing import Listing, OpenApplication, Removal
from messages.values import Ban, Level, Prefecture, UnitRef, UnitType

from .story import (
    ASSESSOR,
    BY_ASSESSOR,
    PARK,
    RULES,
    STEEL,
    TODAY,
    application,
    certificate,
    evidence,
    park_facts,
    registered,
    report,
    standing,
)

BAN = Ban(first_day=date(2024, 5, 1), last_day=date(2027, 5, 1))


def found(given: eligibility.Evidence) -> list[tuple[str, str]]:
    return [(each.rule, each.code) for each in eligibility.failed(given)]


def of_park(**changes: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - fields by name
    return found(evidence(PARK, report=report(PARK, park=park_facts(**changes))))


def of_report(**changes: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - fields by name
    return found(evidence(report=report(**changes)))


def fact(kind: FactKind, happened_on: date, ended_on: date | None = None) -> Fact:
    return Fact("f-1", STEEL.uscc, kind, happened_on, FactSource.AGENCY, "信用中国（内蒙古）", ended_on=ended_on)


def declared(kind: FactKind, happened_on: date | None, ended_on: date | None = None) -> tuple[Declaration, ...]:
    """One circumstance is said to have occurred, all others not."""
    others = tuple(Declaration(each, occurred=False) for each in FactKind if each is not kind)
    return (*others, Declaration(kind, True, happened_on, ended_on))


def founded_on(day: date) -> EnterpriseInformation:
    """Nothing else in the table matters here."""
    return EnterpriseInformation(*("x",) * 5, day, *("x",) * 5, products=(), finances=())


def with_fact(*facts: Fact) -> list[tuple[str, str]]:
    return found(evidence(facts=facts))


@pytest.mark.parametrize("unit", [STEEL, PARK])
def test_a_unit_that_meets_every_condition_may_apply(unit: UnitRef) -> None:
    assert found(evidence(unit)) == []


@pytest.mark.rule("E1")
@pytest.mark.parametrize("code", ["13", "C3130", "4390", "431"])
def test_sections_of_manufacturing_are_eligible(code: str) -> None:
    assert of_report(industry_code=code) == []


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
    assert of_report(**wrong) == [("E1", "not-a-manufacturer")]


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

    assert of_report(energy=energy) == ([("E2", code)] if code else [])


@pytest.mark.rule("E2")
def test_a_report_without_energy_efficiency_is_refused() -> None:
    assert of_report(energy=None) == [("E2", "energy-missing")]


@pytest.mark.rule("E3")
def test_a_certificate_is_in_force_on_its_last_day_and_not_on_the_next() -> None:
    held = [certificate(system) for system in RULES.systems if system != "energy"]

    assert of_report(certificates=(*held, certificate("energy", until=TODAY))) == []
    assert of_report(certificates=(*held, certificate("energy", until=date(2026, 4, 19)))) == [
        ("E3", "certificate-expired")
    ]


@pytest.mark.rule("E3")
def test_each_of_the_four_systems_is_named_when_it_is_missing() -> None:
    assert of_report(certificates=()) == [("E3", "certificate-missing")] * 4


@pytest.mark.rule("E4")
@pytest.mark.parametrize(
    ("kind", "happened_on", "ended_on", "stands"),
    [
        (FactKind.SAFETY_ACCIDENT, date(2023, 4, 20), None, True),
        (FactKind.SAFETY_ACCIDENT, date(2023, 4, 19), None, False),
        (FactKind.TAX_EVASION, TODAY, None, True),
        (FactKind.ABNORMAL_OPERATIONS, date(2019, 1, 1), None, True),
        (FactKind.ABNORMAL_OPERATIONS, date(2025, 1, 1), date(2026, 4, 20), False),
        (FactKind.DISHONESTY_LIST, date(2020, 1, 1), date(2023, 4, 19), False),
        (FactKind.DISHONESTY_LIST, date(2020, 1, 1), date(2023, 4, 20), True),
        (FactKind.STOPPED, date(2024, 2, 29), date(2025, 2, 28), True),
        (FactKind.STOPPED, date(2024, 2, 29), date(2025, 2, 27), False),
        (FactKind.STOPPED, date(2021, 1, 1), date(2022, 12, 31), False),
        (FactKind.RECTIFICATION_OVERDUE, date(2022, 1, 1), None, True),
        (FactKind.FRAUD, date(2026, 4, 21), None, False),
    ],
)
def test_a_fact_stands_against_a_unit_as_its_kind_and_dates_say(
    kind: FactKind,
    happened_on: date,
    ended_on: date | None,
    stands: bool,  # noqa: FBT001 - a column of the table
) -> None:
    expected = [("E4", kind.replace("_", "-"))] if stands else []

    assert with_fact(fact(kind, happened_on, ended_on)) == expected


@pytest.mark.rule("E4")
@pytest.mark.rule("T7")
def test_a_younger_organisation_is_looked_at_since_its_founding() -> None:
    founded = date(2025, 3, 1)
    young = replace(application(), information=founded_on(founded))
    before, after = (
        replace(young, report=report(declarations=declared(FactKind.QUALITY_ACCIDENT, day)))
        for day in (date(2025, 2, 28), founded)
    )

    assert found(evidence(application=before)) == []
    assert found(evidence(application=after)) == [("E4", "quality-accident")]


@pytest.mark.rule("E4")
@pytest.mark.rule("T7")
def test_a_declared_founding_cuts_off_nothing_that_is_on_record() -> None:
    young = replace(application(), information=founded_on(date(2026, 4, 1)))
    recorded = fact(FactKind.QUALITY_ACCIDENT, date(2025, 2, 28))

    assert found(evidence(application=young, facts=(recorded,))) == [("E4", "quality-accident")]


@pytest.mark.rule("E4")
@pytest.mark.parametrize(("day", "codes"), [(TODAY, []), (date(2026, 4, 21), [("C2", "founded-later")])])
def test_a_founding_later_than_the_submission_is_told(day: date, codes: list[tuple[str, str]]) -> None:
    unborn = replace(application(), information=founded_on(day))
    recorded = fact(FactKind.FRAUD, date(2025, 2, 28))

    assert found(evidence(application=unborn)) == codes
    assert found(evidence(application=unborn, facts=(recorded,))) == [*codes, ("E4", "fraud")]


@pytest.mark.rule("E4")
@pytest.mark.parametrize(
    ("happened_on", "ended_on"),
    [(date(2026, 4, 21), None), (date(2025, 5, 1), date(2025, 4, 30)), (None, date(2026, 4, 1))],
)
def test_a_declaration_with_impossible_days_is_told(happened_on: date | None, ended_on: date | None) -> None:
    given = declared(FactKind.ABNORMAL_OPERATIONS, happened_on, ended_on)

    assert ("E4", "declaration-misdated") in of_report(declarations=given)


@pytest.mark.rule("E4")
def test_what_the_unit_declares_of_itself_counts() -> None:
    assert of_report(declarations=declared(FactKind.FRAUD, date(2025, 5, 1))) == [("E4", "fraud")]


@pytest.mark.rule("E4")
def test_an_agencys_fact_outweighs_the_declaration() -> None:
    listed = declared(FactKind.ABNORMAL_OPERATIONS, date(2025, 5, 1))
    taken_off = fact(FactKind.ABNORMAL_OPERATIONS, date(2025, 5, 1), date(2025, 9, 1))
    given = evidence(report=report(declarations=listed))

    assert found(given) == [("E4", "abnormal-operations")]
    assert found(replace(given, facts=(taken_off,))) == []


@pytest.mark.rule("E4")
def test_an_old_fact_on_record_silences_no_newer_declaration_of_the_same_kind() -> None:
    again = declared(FactKind.ABNORMAL_OPERATIONS, date(2026, 1, 5))
    taken_off = fact(FactKind.ABNORMAL_OPERATIONS, date(2025, 5, 1), date(2025, 9, 1))
    old = fact(FactKind.FRAUD, date(2019, 5, 1))

    assert found(evidence(report=report(declarations=again), facts=(taken_off,))) == [("E4", "abnormal-operations")]
    newer = declared(FactKind.FRAUD, date(2025, 5, 1))
    assert found(evidence(report=report(declarations=newer), facts=(old,))) == [("E4", "fraud")]


@pytest.mark.rule("E4")
@pytest.mark.rule("P2")
@pytest.mark.parametrize(
    ("source", "recorded_by", "weighs"),
    [
        (FactSource.OFFICER, STEEL.prefecture.value, True),
        (FactSource.OFFICER, Prefecture.HOHHOT.value, False),
        (FactSource.OFFICER, REGION, True),
        (FactSource.AGENCY, "emergency", True),
    ],
)
def test_a_prefectures_fact_weighs_for_units_of_that_prefecture(
    source: FactSource,
    recorded_by: str,
    weighs: bool,  # noqa: FBT001 - a column of the table
) -> None:
    recorded = replace(fact(FactKind.FRAUD, TODAY), source=source, recorded_by=recorded_by)

    assert with_fact(recorded) == ([("E4", "fraud")] if weighs else [])


@pytest.mark.rule("E4")
def test_silence_on_any_kind_is_no_declaration() -> None:
    assert of_report(declarations=report().declarations[1:]) == [("E4", "declaration-missing")]


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
    assert of_park(**wrong) == [("E5", "park-conditions-unmet")]


@pytest.mark.rule("E6")
@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"enterprises_undertaking": False}, "undertaking-missing"),
        ({"targets_met": None}, "targets-missed"),
    ],
)
def test_a_park_undertakes_for_its_enterprises_and_meets_its_targets(wrong: dict[str, Any], code: str) -> None:
    assert of_park(**wrong) == [("E6", code)]


@pytest.mark.rule("E6")
@pytest.mark.parametrize("intensities", [("2.0", "2.0"), ("1.8", "2.0"), ("2.0", None), ("2.0",)])
def test_carbon_intensity_falls_every_year_given(intensities: tuple[str | None, ...]) -> None:
    years = tuple(
        ParkYear(2023 + at, None if value is None else Decimal(value), Decimal(10 + at))
        for at, value in enumerate(intensities)
    )

    assert ("E6", "carbon-intensity-not-falling") in of_park(years=years)


@pytest.mark.rule("E7")
@pytest.mark.parametrize("name", ["environmental_quality_met", "discharge_met", "total_amount_met"])
def test_a_park_meets_quality_discharge_and_total_amounts(name: str) -> None:
    assert of_park(**{name: False}) == [("E7", "environment-unmet")]


@pytest.mark.rule("E8")
def test_999_of_1000_audited_key_enterprises_are_not_all() -> None:
    assert of_park(key_enterprises_audited=999) == [("E8", "cleaner-production-short")]


@pytest.mark.rule("E8")
def test_the_share_of_voluntary_audits_rises_every_year() -> None:
    flat = tuple(replace(each, voluntary_audit_share=Decimal(10)) for each in park_facts().years)

    assert of_park(years=flat) == [("E8", "cleaner-production-short")]


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
    assert of_park(**wrong) == [("E9", code)]


@pytest.mark.rule("E10")
def test_the_region_draws_on_the_prefectures_list() -> None:
    assert found(evidence(standing=standing(listings=()))) == [("E10", "not-on-lower-list")]


@pytest.mark.rule("E10")
def test_the_nation_draws_on_the_regions_list_and_not_on_the_prefectures() -> None:
    national = replace(application(), level=Level.NATION)
    listed = Listing(STEEL.key, STEEL.unit_type, Level.REGION, date(2025, 9, 1), "内工信示字〔2025〕1号")

    assert found(evidence(application=national)) == [("E10", "not-on-lower-list")]
    assert found(evidence(application=national, standing=standing(listings=(listed,)))) == []


@pytest.mark.rule("E10")
def test_a_written_justification_takes_the_place_of_the_lower_list() -> None:
    justified = replace(application(), justification=Justification("新投产，能效国内领先", "officer-1", Level.REGION))
    given = evidence(application=justified, standing=standing(listings=()))

    assert found(given) == []
    assert found(replace(given, application=replace(justified, level=Level.NATION))) == [("E10", "not-on-lower-list")]


@pytest.mark.rule("E11")
@pytest.mark.rule("B1")
@pytest.mark.parametrize(("last_day", "codes"), [(TODAY, [("E11", "banned")]), (date(2026, 4, 19), [])])
def test_a_ban_runs_to_the_end_of_its_last_day(last_day: date, codes: list[tuple[str, str]]) -> None:
    ban = Ban(first_day=date(2023, 4, 19), last_day=last_day)
    removal = Removal(STEEL.key, (Level.REGION,), 1, "内工信示字〔2023〕2号", ban)

    assert found(evidence(standing=standing(removals=(removal,)))) == codes


@pytest.mark.rule("E11")
def test_the_answer_says_until_when() -> None:
    removal = Removal(STEEL.key, (Level.REGION,), 1, "内工信示字〔2024〕2号", BAN)

    reasons = list(eligibility.failed(evidence(standing=standing(removals=(removal,)))))

    assert "2027-05-01" in reasons[0].text
    assert reasons[0].article == "第二十五条"


@pytest.mark.rule("B1")
def test_a_ban_lies_on_the_organisation_whatever_unit_of_it_was_removed() -> None:
    neighbour = Removal(f"{PARK.uscc}/另一园区", (Level.REGION,), 1, "内工信示字〔2024〕2号", BAN)

    assert found(evidence(PARK, standing=standing(PARK, removals=(neighbour,)))) == [("E11", "banned")]


def named(known: KnownAssessor | None) -> list[tuple[str, str]]:
    return found(evidence(application=application(evaluation=BY_ASSESSOR), assessor=known))


@pytest.mark.rule("E12")
def test_an_assessors_report_needs_a_registered_assessor_of_that_scope() -> None:
    unknown = KnownAssessor(ASSESSOR.uscc, ASSESSOR.name)

    assert named(None) == [("E12", "assessor-not-registered")]
    assert named(unknown) == [("E12", "assessor-not-registered")]
    assert named(unknown.with_registration(registered())) == []
    assert named(unknown.with_registration(registered(scope=(UnitType.PARK,)))) == [("E12", "outside-scope")]


@pytest.mark.rule("E12")
@pytest.mark.rule("S1")
def test_a_sanctioned_assessors_report_is_refused_on_the_days_of_the_sanction() -> None:
    known = KnownAssessor(ASSESSOR.uscc, ASSESSOR.name).with_registration(registered())

    assert named(replace(known, ban=BAN)) == [("E12", "assessor-sanctioned")]
    assert named(replace(known, ban=Ban(first_day=date(2020, 1, 1), last_day=date(2023, 1, 1)))) == []


@pytest.mark.rule("E13")
def test_a_unit_has_one_open_application_for_a_type_and_level() -> None:
    other = OpenApplication("app-2026-000000000002", STEEL.key, STEEL.unit_type, Level.REGION)

    assert found(evidence(standing=standing(open=(other,)))) == [("E13", "open-application")]
    assert found(evidence(standing=standing(open=(replace(other, level=Level.NATION),)))) == []
    assert found(evidence(standing=standing(open=(replace(other, unit_type=UnitType.SUPPLY_CHAIN),)))) == []


@pytest.mark.rule("E13")
def test_a_title_that_is_held_cannot_be_applied_for_again() -> None:
    held = Listing(STEEL.key, STEEL.unit_type, Level.REGION, date(2025, 9, 1), "内工信示字〔2025〕1号")

    assert found(evidence(standing=standing(listings=(*standing().listings, held)))) == [("E13", "already-listed")]


def test_everything_wrong_is_named_at_once_each_with_its_article() -> None:
    removal = Removal(STEEL.key, (Level.REGION,), 1, "内工信示字〔2024〕2号", BAN)
    wrong = report(industry_code="0610", energy=None, certificates=())
    given = evidence(report=wrong, standing=standing(listings=(), removals=(removal,)))

    reasons = list(eligibility.failed(given))

    assert [each.rule for each in reasons] == ["E1", "E2", "E3", "E3", "E3", "E3", "E10", "E11"]
    assert all(each.article and each.text for each in reasons)
