"""Lower lists, bans, assessors and titles (Art. 16, 25, 31, 32)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from applications.domain import eligibility
from applications.domain.application import Justification
from applications.domain.assessors import KnownAssessor
from applications.domain.organisation_status import Listing, Move, OpenApplication, Removal
from messages.values import Ban, Level, Prefecture, UnitType

from .builders import (
    ASSESSOR,
    BY_ASSESSOR,
    PARK,
    STEEL,
    TODAY,
    application,
    assessor_registered,
    eligibility_context,
    standing,
)
from .eligibility_checks import unmet

BAN = Ban(first_day=date(2024, 5, 1), last_day=date(2027, 5, 1))


@pytest.mark.rule("E10")
def test_the_region_draws_on_the_prefectures_list() -> None:
    assert unmet(eligibility_context(standing=standing(listings=()))) == [("E10", "not-on-lower-list")]


@pytest.mark.rule("E10")
def test_of_the_prefectures_lists_only_that_of_the_units_own_counts() -> None:
    (own,) = standing().listings
    foreign = replace(own, prefecture=Prefecture.HOHHOT)

    assert unmet(eligibility_context(standing=standing(listings=(foreign,)))) == [("E10", "not-on-lower-list")]
    assert unmet(eligibility_context(standing=standing(listings=()).with_listing(own).with_listing(foreign))) == []


@pytest.mark.rule("V1")
def test_a_unit_applies_in_its_own_prefecture_and_after_a_move_in_the_new_one() -> None:
    placed = standing().in_prefecture(Prefecture.HOHHOT)
    moved = placed.with_move(Move(Prefecture.HOHHOT, STEEL.prefecture, "内工信函〔2026〕7号", TODAY))

    (refused,) = eligibility.unmet_conditions(eligibility_context(standing=placed))
    assert (refused.rule, refused.code, refused.article) == ("V1", "other-prefecture", "第十四条第（二）项")
    assert "呼和浩特市" in refused.text
    assert unmet(eligibility_context(standing=moved)) == []


@pytest.mark.rule("E10")
def test_the_nation_draws_on_the_regions_list_and_not_on_the_prefectures() -> None:
    national = replace(application(), level=Level.NATION)
    listed = Listing(STEEL.key, STEEL.unit_type, Level.REGION, date(2025, 9, 1), "内工信示字〔2025〕1号")

    assert unmet(eligibility_context(application=national)) == [("E10", "not-on-lower-list")]
    assert unmet(eligibility_context(application=national, standing=standing(listings=(listed,)))) == []


@pytest.mark.rule("E10")
def test_a_written_justification_takes_the_place_of_the_lower_list() -> None:
    justified = replace(application(), justification=Justification("新投产，能效国内领先", "officer-1", Level.REGION))
    given = eligibility_context(application=justified, standing=standing(listings=()))

    assert unmet(given) == []
    assert unmet(replace(given, application=replace(justified, level=Level.NATION))) == [("E10", "not-on-lower-list")]


@pytest.mark.rule("E11")
@pytest.mark.rule("B1")
@pytest.mark.parametrize(("last_day", "codes"), [(TODAY, [("E11", "banned")]), (date(2026, 4, 19), [])])
def test_a_ban_runs_to_the_end_of_its_last_day(last_day: date, codes: list[tuple[str, str]]) -> None:
    ban = Ban(first_day=date(2023, 4, 19), last_day=last_day)
    removal = Removal(STEEL.key, (Level.REGION,), 1, "内工信示字〔2023〕2号", ban)

    assert unmet(eligibility_context(standing=standing(removals=(removal,)))) == codes


@pytest.mark.rule("E11")
def test_the_answer_says_until_when() -> None:
    removal = Removal(STEEL.key, (Level.REGION,), 1, "内工信示字〔2024〕2号", BAN)

    reasons = list(eligibility.unmet_conditions(eligibility_context(standing=standing(removals=(removal,)))))

    assert "2027-05-01" in reasons[0].text
    assert reasons[0].article == "第二十五条"


@pytest.mark.rule("B1")
def test_a_ban_lies_on_the_organisation_whatever_unit_of_it_was_removed() -> None:
    neighbour = Removal(f"{PARK.uscc}/另一园区", (Level.REGION,), 1, "内工信示字〔2024〕2号", BAN)

    assert unmet(eligibility_context(PARK, standing=standing(PARK, removals=(neighbour,)))) == [("E11", "banned")]


def assessor_problems(known: KnownAssessor | None) -> list[tuple[str, str]]:
    return unmet(eligibility_context(application=application(evaluation=BY_ASSESSOR), assessor=known))


@pytest.mark.rule("E12")
def test_an_assessors_report_needs_a_registered_assessor_of_that_scope() -> None:
    unknown = KnownAssessor(ASSESSOR.uscc, ASSESSOR.name)

    assert assessor_problems(None) == [("E12", "assessor-not-registered")]
    assert assessor_problems(unknown) == [("E12", "assessor-not-registered")]
    assert assessor_problems(unknown.with_registration(assessor_registered())) == []
    assert assessor_problems(unknown.with_registration(assessor_registered(scope=(UnitType.PARK,)))) == [
        ("E12", "outside-scope")
    ]


@pytest.mark.rule("E12")
@pytest.mark.rule("S1")
def test_a_sanctioned_assessors_report_is_refused_on_the_days_of_the_sanction() -> None:
    known = KnownAssessor(ASSESSOR.uscc, ASSESSOR.name).with_registration(assessor_registered())

    assert assessor_problems(replace(known, ban=BAN)) == [("E12", "assessor-sanctioned")]
    assert assessor_problems(replace(known, ban=Ban(first_day=date(2020, 1, 1), last_day=date(2023, 1, 1)))) == []


@pytest.mark.rule("E13")
def test_a_unit_has_one_open_application_for_a_type_and_level() -> None:
    other = OpenApplication("app-2026-000000000002", STEEL.key, STEEL.unit_type, Level.REGION)

    assert unmet(eligibility_context(standing=standing(open=(other,)))) == [("E13", "open-application")]
    assert unmet(eligibility_context(standing=standing(open=(replace(other, level=Level.NATION),)))) == []
    assert unmet(eligibility_context(standing=standing(open=(replace(other, unit_type=UnitType.SUPPLY_CHAIN),)))) == []


@pytest.mark.rule("E13")
def test_a_title_that_is_held_cannot_be_applied_for_again() -> None:
    held = Listing(STEEL.key, STEEL.unit_type, Level.REGION, date(2025, 9, 1), "内工信示字〔2025〕1号")

    assert unmet(eligibility_context(standing=standing(listings=(*standing().listings, held)))) == [
        ("E13", "already-listed")
    ]
