from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from chassis.handling import Refusal
from messages.review import CaseOpened, ConsultationAnswered, ConsultationOpened, ConsultationReminded, Stage
from messages.values import Department
from review.domain import consultation, opinion
from review.domain.case import Case, OpinionDocument

from .builders import DEPARTMENTS, OPENED, RULES, SCAN, accepted, opened_case

ECOLOGY, EMERGENCY, MARKET = DEPARTMENTS
DUE = date(2026, 5, 7)
"""Ten working days after 20 April 2026: 1 to 5 May are off."""


def after_reminder(case: Case) -> Case:
    return consultation.remind_departments(case, RULES, case.consultation.remind_on).case


def issue(case: Case, dealt_with: dict[str, str]) -> Case:
    document = OpinionDocument("包工信〔2026〕1号", OPENED, "recommended", (SCAN,), dealt_with)
    reviewed = replace(case, state=Stage.INITIAL_REVIEW_ACCEPTED)
    return opinion.issue_opinion(reviewed, document, RULES, OPENED)[-1].case


def answer(case: Case, department: Department, said: str = "agree", text: str = "") -> Case:
    assert said in ("agree", "object")
    return consultation.record_answer(case, department, said, text, OPENED).case  # type: ignore[arg-type]


def all_agree(case: Case) -> Case:
    for department in DEPARTMENTS:
        case = answer(case, department)
    return case


@pytest.mark.rule("V2")
def test_a_case_opens_with_three_departments_asked_and_a_due_day_in_working_days() -> None:
    step = consultation.open_case(accepted(), RULES, OPENED)

    case_opened, asked = step.events
    assert isinstance(case_opened, CaseOpened)
    assert isinstance(asked, ConsultationOpened)
    assert asked.departments == DEPARTMENTS
    assert (asked.due, asked.provisional) == (DUE, False)


@pytest.mark.rule("G2")
def test_a_case_keeps_the_rule_set_that_was_in_force_when_it_was_opened() -> None:
    assert opened_case().rule_set == RULES.version


@pytest.mark.rule("T3")
def test_a_due_day_in_a_year_without_published_holidays_is_marked_provisional() -> None:
    asked = consultation.open_case(accepted(), RULES, date(2026, 12, 28)).case.consultation

    assert asked.due.year == 2027
    assert asked.provisional


@pytest.mark.rule("V2")
def test_a_department_answers_once() -> None:
    case = answer(opened_case(), ECOLOGY)

    with pytest.raises(Refusal) as refused:
        answer(case, ECOLOGY, "object", "排放超标")
    assert refused.value.code == "opinion-given"


@pytest.mark.rule("V2")
def test_an_objection_needs_reasons() -> None:
    with pytest.raises(Refusal) as refused:
        answer(opened_case(), ECOLOGY, "object", "  ")
    assert refused.value.status == 422
    assert refused.value.reasons[0].pointer == "/text"


@pytest.mark.rule("V2")
def test_silent_departments_are_reminded_once_before_the_due_day() -> None:
    case = answer(opened_case(), MARKET)
    day = case.consultation.remind_on
    assert not consultation.needs_reminder(case, day - timedelta(days=1))
    assert consultation.needs_reminder(case, day)

    step = consultation.remind_departments(case, RULES, day)

    (reminder,) = step.events
    assert isinstance(reminder, ConsultationReminded)
    assert reminder.departments == (ECOLOGY, EMERGENCY)
    assert day < DUE
    assert not consultation.needs_reminder(step.case, day)


@pytest.mark.rule("V2")
def test_an_opinion_is_overdue_after_a_reminder_and_the_due_day_and_never_before() -> None:
    never_reminded, reminded = opened_case(), after_reminder(opened_case())

    assert not consultation.is_overdue(never_reminded, DUE + timedelta(days=1))
    assert not consultation.is_overdue(reminded, DUE)
    assert consultation.is_overdue(reminded, DUE + timedelta(days=1))


@pytest.mark.rule("V2")
def test_a_late_reminder_leaves_working_days_for_an_answer_and_says_until_when() -> None:
    friday, wednesday = date(2026, 6, 26), date(2026, 7, 1)

    step = consultation.remind_departments(opened_case(), RULES, friday)

    (reminder,) = step.events
    assert isinstance(reminder, ConsultationReminded)
    assert reminder.due == step.case.consultation.due == wednesday
    assert not consultation.is_overdue(step.case, wednesday)
    assert consultation.is_overdue(step.case, wednesday + timedelta(days=1))


@pytest.mark.rule("V2")
def test_a_reminder_in_time_leaves_the_due_day_as_it_was() -> None:
    assert after_reminder(opened_case()).consultation.due == DUE


@pytest.mark.rule("V2")
def test_overdue_opinions_are_said_one_by_one_and_a_late_answer_still_counts() -> None:
    step = consultation.mark_overdue(answer(after_reminder(opened_case()), ECOLOGY), DUE + timedelta(days=1))

    said = [each for each in step.events if isinstance(each, ConsultationAnswered)]
    assert [(each.department, each.opinion) for each in said] == [(EMERGENCY, "overdue"), (MARKET, "overdue")]
    assert not step.case.consultation.unanswered
    late = answer(step.case, MARKET).consultation.of(MARKET)
    assert late is not None
    assert late.opinion == "agree"


@pytest.mark.rule("V2")
def test_no_opinion_document_while_an_opinion_is_missing_and_all_missing_ones_are_named() -> None:
    case = answer(opened_case(), EMERGENCY)

    with pytest.raises(Refusal) as refused:
        issue(case, {})
    assert refused.value.code == "opinion-missing"
    assert [each.evidence for each in refused.value.reasons] == [ECOLOGY, MARKET]


@pytest.mark.rule("V2")
def test_an_objection_must_be_dealt_with_in_the_opinion_document() -> None:
    case = answer(answer(answer(opened_case(), ECOLOGY, "object", "排放口未规范"), EMERGENCY), MARKET)

    with pytest.raises(Refusal) as refused:
        issue(case, {})
    assert refused.value.code == "opinion-not-dealt-with"
    assert refused.value.reasons[0].pointer == "/dealt_with/ecology_environment"
    assert issue(case, {ECOLOGY: "已整改，经现场确认"}).state is Stage.OPINION_ISSUED


@pytest.mark.rule("V2")
def test_an_overdue_opinion_is_no_agreement() -> None:
    case = consultation.mark_overdue(after_reminder(opened_case()), DUE + timedelta(days=1)).case

    with pytest.raises(Refusal) as refused:
        issue(case, {})
    assert len(refused.value.reasons) == 3
    assert issue(case, dict.fromkeys(DEPARTMENTS, "电话核实无意见")).state is Stage.OPINION_ISSUED


@pytest.mark.rule("V2")
def test_with_all_three_in_agreement_nothing_has_to_be_explained() -> None:
    assert issue(all_agree(opened_case()), {}).state is Stage.OPINION_ISSUED


def test_a_department_that_was_not_asked_cannot_be_dealt_with() -> None:
    with pytest.raises(Refusal) as refused:
        issue(all_agree(opened_case()), {"fire_brigade": "无"})
    assert refused.value.reasons[0].code == "not-consulted"
