"""Facts that bar an enterprise for three years (Art. 12(5))."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from applications.domain.facts import REGION, FactKind, FactSource
from messages.values import Prefecture

from .builders import STEEL, TODAY, application, eligibility_context, report
from .eligibility_checks import declarations, fact, information_founded_on, unmet, unmet_of_report, unmet_with_facts


@pytest.mark.rule("E4")
@pytest.mark.parametrize(
    ("kind", "happened_on", "ended_on", "counts"),
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
    counts: bool,  # noqa: FBT001 - a column of the table
) -> None:
    expected = [("E4", kind.replace("_", "-"))] if counts else []

    assert unmet_with_facts(fact(kind, happened_on, ended_on)) == expected


@pytest.mark.rule("E4")
@pytest.mark.rule("T7")
def test_a_younger_organisation_is_looked_at_since_its_founding() -> None:
    founded = date(2025, 3, 1)
    young = replace(application(), information=information_founded_on(founded))
    before, after = (
        replace(young, report=report(declarations=declarations(FactKind.QUALITY_ACCIDENT, day)))
        for day in (date(2025, 2, 28), founded)
    )

    assert unmet(eligibility_context(application=before)) == []
    assert unmet(eligibility_context(application=after)) == [("E4", "quality-accident")]


@pytest.mark.rule("E4")
@pytest.mark.rule("T7")
def test_a_declared_founding_cuts_off_nothing_that_is_on_record() -> None:
    young = replace(application(), information=information_founded_on(date(2026, 4, 1)))
    recorded = fact(FactKind.QUALITY_ACCIDENT, date(2025, 2, 28))

    assert unmet(eligibility_context(application=young, facts=(recorded,))) == [("E4", "quality-accident")]


@pytest.mark.rule("E4")
@pytest.mark.parametrize(("day", "codes"), [(TODAY, []), (date(2026, 4, 21), [("C2", "founded-later")])])
def test_a_founding_later_than_the_submission_is_told(day: date, codes: list[tuple[str, str]]) -> None:
    unborn = replace(application(), information=information_founded_on(day))
    recorded = fact(FactKind.FRAUD, date(2025, 2, 28))

    assert unmet(eligibility_context(application=unborn)) == codes
    assert unmet(eligibility_context(application=unborn, facts=(recorded,))) == [*codes, ("E4", "fraud")]


@pytest.mark.rule("E4")
@pytest.mark.parametrize(
    ("happened_on", "ended_on"),
    [(date(2026, 4, 21), None), (date(2025, 5, 1), date(2025, 4, 30)), (None, date(2026, 4, 1))],
)
def test_a_declaration_with_impossible_days_is_told(happened_on: date | None, ended_on: date | None) -> None:
    given = declarations(FactKind.ABNORMAL_OPERATIONS, happened_on, ended_on)

    assert ("E4", "declaration-misdated") in unmet_of_report(declarations=given)


@pytest.mark.rule("E4")
def test_what_the_unit_declares_of_itself_counts() -> None:
    assert unmet_of_report(declarations=declarations(FactKind.FRAUD, date(2025, 5, 1))) == [("E4", "fraud")]


@pytest.mark.rule("E4")
def test_an_agencys_fact_outweighs_the_declaration() -> None:
    listed = declarations(FactKind.ABNORMAL_OPERATIONS, date(2025, 5, 1))
    taken_off = fact(FactKind.ABNORMAL_OPERATIONS, date(2025, 5, 1), date(2025, 9, 1))
    given = eligibility_context(report=report(declarations=listed))

    assert unmet(given) == [("E4", "abnormal-operations")]
    assert unmet(replace(given, facts=(taken_off,))) == []


@pytest.mark.rule("E4")
def test_an_old_fact_on_record_silences_no_newer_declaration_of_the_same_kind() -> None:
    again = declarations(FactKind.ABNORMAL_OPERATIONS, date(2026, 1, 5))
    taken_off = fact(FactKind.ABNORMAL_OPERATIONS, date(2025, 5, 1), date(2025, 9, 1))
    old = fact(FactKind.FRAUD, date(2019, 5, 1))

    assert unmet(eligibility_context(report=report(declarations=again), facts=(taken_off,))) == [
        ("E4", "abnormal-operations")
    ]
    newer = declarations(FactKind.FRAUD, date(2025, 5, 1))
    assert unmet(eligibility_context(report=report(declarations=newer), facts=(old,))) == [("E4", "fraud")]


@pytest.mark.rule("E4")
@pytest.mark.parametrize("recorded_by", [STEEL.prefecture.value, Prefecture.HOHHOT.value, REGION])
def test_what_any_department_has_recorded_weighs_wherever_the_unit_applies(recorded_by: str) -> None:
    recorded = replace(fact(FactKind.FRAUD, TODAY), source=FactSource.OFFICER, recorded_by=recorded_by)

    assert unmet_with_facts(recorded) == [("E4", "fraud")]


@pytest.mark.rule("E4")
def test_silence_on_any_kind_is_no_declaration() -> None:
    assert unmet_of_report(declarations=report().declarations[1:]) == [("E4", "declaration-missing")]
