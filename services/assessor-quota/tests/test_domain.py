from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from assessor_quota.domain.assessor import may_evaluate, not_registered, registration_problems
from assessor_quota.domain.item import EvaluationKind, ItemState, counts_as_item, new_item
from assessor_quota.domain.ledger import Ledger, LedgerLine, counting_year
from assessor_quota.domain.sanction import Sanction, ViolationFinding, decision_problems, revocation_problems
from assessor_quota.domain.staff import StaffMember
from messages.values import UnitType

from .builders import FRAUD, LIMIT, NORTH, NOW, RULES, SOUTH, TODAY, WANG, assessor, submitted, under_sanction, unit


def line(number: int, by: str = NORTH, unit_type: UnitType = UnitType.FACTORY) -> LedgerLine:
    return LedgerLine(f"app-{number}", assessor(by).ref, unit(unit_type))


def filled(lines: int) -> Ledger:
    return Ledger(WANG, 2026, tuple(line(number) for number in range(lines)))


@pytest.mark.rule("Q1")
def test_the_fifteenth_item_is_granted_and_the_sixteenth_refused_with_the_fifteen() -> None:
    assert LIMIT == 15
    assert list(filled(14).exhausted(LIMIT)) == []
    (why,) = filled(15).exhausted(LIMIT)
    assert (why.rule, why.article, why.code) == ("Q1", "第三十二条", "quota-exhausted")
    assert (why.evidence or "").split(", ") == [f"app-{number}" for number in range(15)]


@pytest.mark.rule("Q1")
def test_assessors_of_one_representative_and_all_unit_types_count_together() -> None:
    ledger = (
        Ledger(WANG, 2026)
        .with_line(line(1, NORTH, UnitType.FACTORY))
        .with_line(line(2, SOUTH, UnitType.PARK))
        .with_line(line(3, SOUTH, UnitType.SUPPLY_CHAIN))
    )
    assert ledger.used == 3
    assert ledger.left(LIMIT) == 12


@pytest.mark.rule("Q1")
def test_the_reason_names_the_representative_by_the_masked_number_only() -> None:
    (why,) = filled(15).exhausted(LIMIT)
    assert WANG.masked in why.text
    assert "19800101" not in why.text


@pytest.mark.rule("Q6")
def test_one_application_has_one_line_however_often_it_is_entered() -> None:
    ledger = filled(3).with_line(line(1)).with_line(line(1))
    assert ledger.used == 3


@pytest.mark.rule("Q1")
def test_a_recheck_and_a_reevaluation_use_an_item_by_the_reading_and_creation_always_does() -> None:
    other = RULES.model_copy(update={"readings": RULES.readings.model_copy(update={"recheck_counts_as_item": False})})
    assert [counts_as_item(work, RULES) for work in EvaluationKind] == [True, True, True]
    assert [counts_as_item(work, other) for work in EvaluationKind] == [True, False, False]


@pytest.mark.rule("Q3")
def test_an_item_counts_in_the_batch_year_though_filed_on_the_last_day_of_december() -> None:
    filed_early = submitted(batch_year=2027, submitted_on=date(2026, 12, 31))
    filed_after = submitted(batch_year=2027, submitted_on=date(2027, 1, 1))
    assert counting_year(filed_early, RULES) == counting_year(filed_after, RULES) == 2027


@pytest.mark.rule("Q3")
def test_the_other_reading_counts_by_the_day_of_filing() -> None:
    other = RULES.model_copy(update={"readings": RULES.readings.model_copy(update={"quota_year": "filing_year"})})
    assert counting_year(submitted(batch_year=2027, submitted_on=date(2026, 12, 31)), other) == 2026


@pytest.mark.rule("Q5")
def test_a_confirmed_item_is_not_given_back() -> None:
    item = new_item(submitted(), assessor().ref, 2026, RULES).granted(NOW)
    assert item.released().state is ItemState.RELEASED
    assert item.confirmed().released().state is ItemState.CONFIRMED


@pytest.mark.rule("Q5")
def test_an_item_given_back_is_not_confirmed() -> None:
    item = new_item(submitted(), assessor().ref, 2026, RULES).granted(NOW)
    assert item.released().confirmed().state is ItemState.RELEASED


@pytest.mark.rule("Q6")
def test_a_submission_is_overtaken_by_its_own_answer_and_by_a_later_end_but_not_by_an_earlier_one() -> None:
    item = replace(new_item(submitted(sequence=3), assessor().ref, 2026, RULES), last_end_sequence=5)
    assert item.is_outdated(3)
    assert item.is_outdated(4)
    assert not item.is_outdated(6)
    assert replace(item, case_closed=True).is_outdated(6)


@pytest.mark.rule("S1")
def test_a_sanction_stops_reports_from_its_day_to_the_same_day_three_years_on() -> None:
    sanctioned = under_sanction(assessor(), date(2026, 3, 2))
    for day in (date(2026, 3, 2), date(2029, 3, 2)):
        (why,) = may_evaluate(sanctioned, submitted(), day)
        assert (why.rule, why.article, why.code) == ("S1", "第三十一条", "assessor-sanctioned")
        assert "2029-03-02" in why.text
    assert may_evaluate(sanctioned, submitted(), date(2026, 3, 1)) == ()
    assert may_evaluate(sanctioned, submitted(), date(2029, 3, 3)) == ()


@pytest.mark.rule("S1")
def test_a_sanction_of_29_february_ends_on_28_february() -> None:
    (sanction,) = under_sanction(assessor(), date(2028, 2, 29)).sanctions
    assert sanction.ban.last_day == date(2031, 2, 28)


@pytest.mark.rule("S1")
def test_a_decision_is_recorded_once_and_not_before_its_day() -> None:
    recorded = under_sanction(assessor(), TODAY, "一号").sanctions
    problems = decision_problems(recorded, "一号", TODAY + timedelta(days=1), [FRAUD], TODAY)
    assert [each.code for each in problems] == ["decision-already-recorded", "decision-in-future"]
    assert decision_problems(recorded, "二号", TODAY, [FRAUD], TODAY) == []


@pytest.mark.rule("S1")
def test_what_was_not_verified_is_no_ground_of_a_decision() -> None:
    (why,) = decision_problems((), "一号", TODAY, [FRAUD, ViolationFinding("隐瞒停产")], TODAY)
    assert (why.code, why.pointer) == ("evidence-missing", "/reasons/1/evidence")


@pytest.mark.rule("S4")
def test_a_revoked_sanction_is_over_on_the_day_of_revocation_and_stays_on_record() -> None:
    sanctioned = under_sanction(assessor(), date(2026, 3, 2))
    free = sanctioned.with_revoked(sanctioned.sanctions[0], "内工信撤〔2026〕1号", TODAY)
    assert free.sanction_on(TODAY - timedelta(days=1)) is not None
    assert free.sanction_on(TODAY) is None
    assert [each.revocation_document for each in free.sanctions] == ["内工信撤〔2026〕1号"]


@pytest.mark.rule("S4")
def test_a_revocation_must_mean_one_decision_that_holds() -> None:
    once = under_sanction(assessor(), date(2026, 3, 2), "一号")
    twice = under_sanction(once, date(2026, 4, 2), "二号")

    def codes(whose: tuple[str, ...] | None, decision: str | None) -> list[str]:
        sanctions: dict[tuple[str, ...] | None, tuple[Sanction, ...]] = {
            None: (),
            ("一号",): once.sanctions,
            ("一号", "二号"): twice.sanctions,
        }
        recorded = sanctions[whose]
        return [each.code for each in revocation_problems(recorded, decision, TODAY, TODAY)]

    assert codes(None, None) == ["nothing-to-revoke"]
    assert codes(("一号",), "三号") == ["nothing-to-revoke"]
    assert codes(("一号",), None) == []
    assert codes(("一号", "二号"), None) == ["decision-not-named"]
    assert codes(("一号", "二号"), "二号") == []


@pytest.mark.rule("S7")
def test_a_registration_names_scope_and_staff_with_sensible_periods_all_problems_at_once() -> None:
    member = StaffMember("S1", "赵某", "工程师", date(2026, 1, 2), date(2026, 1, 1))
    wrong = replace(assessor(), scope=(), staff=(member, replace(member, until=None)))
    assert [(each.code, each.pointer) for each in registration_problems(wrong)] == [
        ("scope-missing", "/scope"),
        ("period-reversed", "/staff/0/until"),
        ("staff-id-repeated", "/staff/1/staff_id"),
    ]
    assert [each.code for each in registration_problems(replace(assessor(), staff=()))] == ["staff-missing"]
    assert registration_problems(assessor()) == ()


@pytest.mark.rule("S7")
def test_author_and_reviewer_of_a_report_must_be_on_the_staff_on_the_day_of_submission() -> None:
    report = submitted(lead_author="S1", reviewer="S2")
    assert (
        may_evaluate(assessor(), submitted(lead_author="S1", reviewer="S2", submitted_on=date(2026, 3, 31)), TODAY)
        == ()
    )
    (left,) = may_evaluate(assessor(), report, TODAY)
    assert (left.rule, left.pointer, left.evidence) == ("S7", "/evaluation/reviewer", "S2")
    (unknown,) = may_evaluate(assessor(), submitted(lead_author="S9"), TODAY)
    assert (unknown.code, unknown.pointer) == ("not-on-staff", "/evaluation/lead_author")


@pytest.mark.rule("S7")
def test_an_assessor_evaluates_only_the_unit_types_of_its_scope() -> None:
    factories_only = replace(assessor(), scope=(UnitType.FACTORY,))
    (why,) = may_evaluate(factories_only, submitted(unit_type=UnitType.PARK), TODAY)
    assert (why.rule, why.code) == ("S7", "outside-scope")
    assert may_evaluate(factories_only, submitted(), TODAY) == ()


@pytest.mark.rule("E12")
def test_a_report_by_an_assessor_nobody_registered_is_refused() -> None:
    why = not_registered(assessor(SOUTH).ref)
    assert (why.rule, why.code, why.evidence) == ("E12", "assessor-not-registered", SOUTH)
