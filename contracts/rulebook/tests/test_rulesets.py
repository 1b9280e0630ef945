import re
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
import rulebook
from messages.errors import InvalidFileError
from pydantic import ValidationError
from rulebook import RuleSetNotFoundError, load_rule_sets, rule_sets_from, rules_of, rules_on

PACKAGED = re.sub(
    r"in_force_until = .*\n", "", (files("rulebook") / "data" / "rulesets" / "2024-01-19.toml").read_text("utf-8")
)
"""Without the end that the packaged set gets when the law changes: these tests set their own."""
A_DAY = date(2026, 5, 1)


def rule_set(begins: str, ends: str | None = None, *changes: tuple[str, str]) -> str:
    until = f"\nin_force_until = {ends}" if ends else ""
    text = PACKAGED.replace("in_force_from = 2024-01-19", f"in_force_from = {begins}{until}")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.rule("G1")
def test_the_numbers_of_the_regulation_are_in_one_document() -> None:
    rules = rules_on(A_DAY)
    assert rules.quota.items_per_year == 15
    assert (rules.sanction.years, rules.ban.years, rules.recheck.years, rules.lookback.years) == (3, 3, 3, 3)
    assert rules.lookback.shutdown_months == 12
    assert rules.deadlines.forward == (5, 31)
    assert rules.application_forms.years_of_finances == 3
    assert rules.deadlines.dynamic_form == (4, 15)
    assert rules.deadlines.statement == (4, 30)
    assert rules.deadlines.annual_summary == (12, 31)
    assert rules.deadlines.success_rate == (1, 31)
    assert rules.notice.min_working_days == 5
    assert rules.change_filing.working_days == 30
    assert rules.stars.shares == {1: 5, 2: 60, 3: 35}
    assert rules.park.min_value_added_share == 50
    assert rules.park.cleaner_audit_share == 100
    assert rules.park.min_staff == 2
    assert rules.systems == ("environment", "occupational_health_safety", "quality", "energy")
    assert rules.panel.min_experts == 3


@pytest.mark.rule("G1")
def test_each_reading_is_a_named_setting_with_the_chosen_default() -> None:
    assert rules_on(A_DAY).readings.model_dump() == {
        "fixed_dates_move": False,
        "not_on_lower_list_needs_justification": True,
        "overdue_opinion_counts_as_agreement": False,
        "recheck_counts_as_item": True,
        "quota_year": "batch_year",
        "late_form_lifts_ground_before_decision": True,
        "failed_reevaluation_brings_ban": False,
        "own_request_brings_ban": True,
    }


@pytest.mark.rule("G1")
def test_overlapping_dates_are_refused() -> None:
    with pytest.raises(InvalidFileError) as refused:
        rule_sets_from({"old": rule_set("2024-01-19"), "new": rule_set("2027-01-01")})
    assert refused.value.problems == ("old, new: both are in force on 2027-01-01",)


@pytest.mark.rule("G1")
def test_one_shared_day_is_an_overlap() -> None:
    with pytest.raises(InvalidFileError, match="both are in force on 2027-01-01"):
        rule_sets_from({"old": rule_set("2024-01-19", "2027-01-01"), "new": rule_set("2027-01-01")})


@pytest.mark.rule("G1")
def test_unknown_keys_values_out_of_range_and_overlaps_are_named_all_at_once() -> None:
    faulty = rule_set(
        "2030-01-01",
        None,
        ("[ban]\nyears = 3", "[ban]\nyears = 0\nmonths = 36"),
        ("forward = [5, 31]", "forward = [2, 30]"),
        ("min_experts = 3 ", "min_experts = 4 "),
        ("3 = 35", "3 = 36"),
        ("factory = 70\n", ""),
        ("reminder_working_days = 5", "reminder_working_days = 10"),
        ("ladder_working_days = [0, 5, 10]", "ladder_working_days = [5, 0]"),
    )
    documents = {
        "a": rule_set("2024-01-19"),
        "b": rule_set("2025-01-01"),
        "faulty": faulty,
        "broken": "in_force_from = ",
    }
    with pytest.raises(InvalidFileError) as refused:
        rule_sets_from(documents)
    said = "\n".join(refused.value.problems)
    for part in (
        "a, b: both are in force on 2025-01-01",
        "faulty: ban.years",
        "faulty: ban.months: Extra inputs are not permitted",
        "faulty: deadlines.forward: day is out of range for month",
        "faulty: panel.min_experts: a panel of 4 is not odd",
        "faulty: stars.shares: shares add up to 101, not to 100",
        "faulty: selection.pass_mark: no pass mark for factory",
        "faulty: consultation: the reminder must come before the opinion is due",
        "faulty: stages.ladder_working_days: the steps of the ladder must rise",
        "broken: ",
    ):
        assert part in said
    assert len(refused.value.problems) == 10


@pytest.mark.rule("G1")
@pytest.mark.parametrize("number", ["1e99999999", "-1e99999999", "1e-99999999", "1e31"])
def test_a_number_beyond_every_number_of_the_law_is_refused_before_it_is_written_out(number: str) -> None:
    with pytest.raises(InvalidFileError, match="is beyond every number of the law"):
        rule_sets_from({"beyond.toml": f"[quota]\nitems_per_year = {number}\n"})


def test_a_set_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidFileError, match="in force until 2024-01-18, before it begins on 2024-01-19"):
        rule_sets_from({"a": rule_set("2024-01-19", "2024-01-18")})


@pytest.mark.rule("G1")
def test_an_unknown_unit_type_is_refused() -> None:
    faulty = rule_set("2024-01-19", None, ("factory = 70\n", "factory = 70\nmine = 70\n"))
    with pytest.raises(InvalidFileError, match="'mine' is no unit type"):
        rule_sets_from({"a": faulty})


@pytest.mark.rule("G1")
def test_a_rule_set_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(rules_on(A_DAY).quota, "items_per_year", 16)  # noqa: B010 -- the type checker forbids it too


@pytest.mark.rule("G2")
def test_the_set_in_force_on_a_day_is_answered_on_both_sides_of_a_change() -> None:
    stricter = rule_set("2027-01-01", None, ("items_per_year = 15", "items_per_year = 12"))
    known = rule_sets_from({"old": rule_set("2024-01-19", "2026-12-31"), "new": stricter})
    assert known.on(date(2026, 12, 31)).quota.items_per_year == 15
    assert known.on(date(2027, 1, 1)).quota.items_per_year == 12


@pytest.mark.rule("G2")
def test_a_case_keeps_the_version_that_applied_when_it_began() -> None:
    stricter = rule_set("2027-01-01", None, ("items_per_year = 15", "items_per_year = 12"))
    known = rule_sets_from({"old": rule_set("2024-01-19", "2026-12-31"), "new": stricter})
    kept = known.on(date(2026, 12, 31)).version
    assert kept == "2024-01-19"
    assert known.version(kept).quota.items_per_year == 15


@pytest.mark.rule("G2")
def test_the_packaged_sets_answer_by_version_too() -> None:
    assert rules_of(rules_on(A_DAY).version) == rules_on(A_DAY)
    with pytest.raises(RuleSetNotFoundError, match="no rule set has the version 1999-01-01"):
        rules_of("1999-01-01")


@pytest.mark.rule("G2")
def test_a_day_before_the_regulation_has_no_rule_set() -> None:
    with pytest.raises(RuleSetNotFoundError, match="no rule set was in force on 2024-01-18"):
        rules_on(date(2024, 1, 18))


@pytest.mark.rule("G1")
def test_a_folder_of_the_operator_adds_sets_and_replaces_those_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "2024-01-19.toml").write_text(rule_set("2024-01-19", "2026-12-31"), "utf-8")
    (tmp_path / "2027-01-01.toml").write_text(
        rule_set("2027-01-01", None, ("items_per_year = 15", "items_per_year = 12")), "utf-8"
    )
    known = load_rule_sets(tmp_path)
    assert [rules.version for rules in known.all] == ["2024-01-19", "2027-01-01"]
    assert known.on(date(2028, 1, 1)).quota.items_per_year == 12


@pytest.mark.rule("V8")
def test_no_cap_is_set_unless_the_document_names_one() -> None:
    capped = rule_set(
        "2024-01-19", None, ("[selection.pass_mark]", "[selection.cap]\npark = 2\n\n[selection.pass_mark]")
    )
    assert rule_sets_from({"a": capped}).on(A_DAY).selection.cap == {"factory": None, "park": 2, "supply_chain": None}
    assert rules_on(A_DAY).selection.cap == dict.fromkeys(("factory", "park", "supply_chain"))


@pytest.mark.rule("V7")
@pytest.mark.parametrize(
    ("score", "borderline"), [("66.99", False), ("67", True), ("70", True), ("73", True), ("73.01", False)]
)
def test_the_borderline_band_includes_its_edges(score: str, *, borderline: bool) -> None:
    assert rules_on(A_DAY).selection.is_borderline("factory", Decimal(score)) is borderline


@pytest.mark.rule("D5")
def test_the_end_of_the_enterprise_and_an_accident_end_every_title() -> None:
    assert rules_on(A_DAY).removal.every_title == {"D3", "D5"}
    with pytest.raises(InvalidFileError, match="every_title"):
        rule_sets_from({"a": rule_set("2024-01-19", None, ('["D3", "D5"]', '["D3", "D7"]'))})


def test_everything_the_package_offers_is_there() -> None:
    assert [name for name in rulebook.__all__ if not hasattr(rulebook, name)] == []


@pytest.mark.rule("G1", "V2")
def test_a_reminder_in_time_leaves_its_days_for_an_answer() -> None:
    hasty = rule_set("2030-01-01", None, ("answer_working_days = 3", "answer_working_days = 6"))
    with pytest.raises(InvalidFileError, match="must leave its days for an answer"):
        rule_sets_from({"hasty": hasty})
