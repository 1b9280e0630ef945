"""Opening a case and consulting the three departments before the opinion document (V2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Literal

from messages.applications import ApplicationAccepted
from messages.digests import canonical_digest
from messages.review import CaseOpened, ConsultationAnswered, ConsultationOpened, ConsultationReminded, Stage
from messages.values import Department
from rulebook import RuleSet, add_working_days, basis, reason

from review.domain.case import ANSWERABLE, Case, Consultation, Dossier, Opinion
from review.domain.participants import submitters_of
from review.domain.record import Audience, Transition
from review.domain.refusals import malformed, refusal, require_state


def open_case(application: ApplicationAccepted, rules: RuleSet, today: date) -> Transition:
    """Open a case for an accepted application and consult its three departments at once."""
    case = Case(
        case_id=application.application_id,
        unit=application.unit,
        level=application.level,
        batch_year=application.batch_year,
        rule_set=rules.version,
        state=Stage.CONSULTING,
        opened_on=today,
        dossier=_dossier(application),
        consultation=_consult_departments(rules, today),
        assessor=application.evaluation.assessor,
        participants=submitters_of(application),
    )
    return Transition(
        case,
        action="opened",
        rule="V1",
        reason="申报已受理，转盟市主管部门初审并征求意见",
        audience=Audience.RECORD,
        evidence={"application": canonical_digest(application.model_dump(mode="json", exclude={"sequence"}))},
        events=_opening_events(case, today),
    )


def _dossier(application: ApplicationAccepted) -> Dossier:
    return Dossier(
        evaluation=application.evaluation,
        scheme=application.scheme,
        indicators=application.indicators,
        mandatory_items=application.mandatory_items,
        self_score=application.self_score,
        evidence=application.evidence,
        submitted_at=application.submitted_at,
        submitted_on=application.submitted_on,
        group=application.group,
        justification=application.justification,
    )


def _consult_departments(rules: RuleSet, today: date) -> Consultation:
    due = add_working_days(today, rules.consultation.due_working_days)
    remind = add_working_days(today, rules.consultation.reminder_working_days)
    opinions = tuple(Opinion(Department(each)) for each in rules.consultation.departments)
    return Consultation(due.last_day, remind.last_day, due.provisional, opinions)


def _opening_events(case: Case, today: date) -> tuple[CaseOpened, ConsultationOpened]:
    consultation = case.consultation
    departments = tuple(each.department for each in consultation.opinions)
    return (
        CaseOpened(**case.event_fields(), opened_on=today),
        ConsultationOpened(
            **case.event_fields(),
            departments=departments,
            due=consultation.due,
            article=basis("V2").article,
            provisional=consultation.provisional,
        ),
    )


def record_answer(
    case: Case, department: Department, opinion: Literal["agree", "object"], text: str, today: date
) -> Transition:
    """Record a department's opinion, once; also after the due day, until the opinion document is issued."""
    require_state(case, "V2", *ANSWERABLE)
    before = case.consultation.of(department)
    if before is None:
        raise refusal("V2", "not-consulted", "该部门不在本项目征求意见范围内", evidence=department)
    if before.opinion in ("agree", "object"):
        raise refusal("V2", "opinion-given", "该部门已经出具意见", evidence=f"{before.opinion} {before.answered_on}")
    if opinion == "object" and not text.strip():
        raise malformed(reason("V2", "reasons-missing", "提出不同意见的，应当说明理由", pointer="/text"))
    return Transition(
        replace(case, consultation=_with(case.consultation, Opinion(department, opinion, text.strip(), today))),
        action=f"consulted: {department} {opinion}",
        rule="V2",
        reason=text.strip() or "无不同意见",
        audience=Audience.RECORD,
        evidence={"due": case.consultation.due.isoformat()},
        events=(
            ConsultationAnswered(**case.event_fields(), department=department, opinion=opinion, answered_on=today),
        ),
    )


def needs_reminder(case: Case, today: date) -> bool:
    consultation = case.consultation
    waits = case.state in ANSWERABLE and consultation.unanswered and consultation.reminded_on is None
    return waits and today >= consultation.remind_on


def remind_departments(case: Case, rules: RuleSet, today: date) -> Transition:
    """Remind; a late reminder, as after a standstill, moves the due day so that days are left to answer."""
    departments, consultation = _without_answer(case.consultation), case.consultation
    answer = add_working_days(today, rules.consultation.answer_working_days)
    if answer.last_day > consultation.due:
        consultation = replace(consultation, due=answer.last_day, provisional=answer.provisional)
    return Transition(
        replace(case, consultation=replace(consultation, reminded_on=today)),
        action="reminded",
        rule="V2",
        reason="征求意见尚未回复，予以提醒",
        audience=Audience.RECORD,
        evidence={"departments": ",".join(departments), "due": consultation.due.isoformat()},
        events=(ConsultationReminded(**case.event_fields(), departments=departments, due=consultation.due),),
    )


def is_overdue(case: Case, today: date) -> bool:
    """After a reminder and the due date, never before (V2)."""
    consultation = case.consultation
    waits = case.state in ANSWERABLE and consultation.unanswered and consultation.reminded_on is not None
    return waits and today > consultation.due


def mark_overdue(case: Case, today: date) -> Transition:
    """Mark every silent department overdue; that is no agreement."""
    departments = _without_answer(case.consultation)
    consultation = case.consultation
    for department in departments:
        consultation = _with(consultation, Opinion(department, "overdue", answered_on=today))
    return Transition(
        replace(case, consultation=consultation),
        action="consultation overdue",
        rule="V2",
        reason="经提醒逾期未回复；逾期不视为同意，应在审核意见中说明处理情况",
        audience=Audience.RECORD,
        evidence={"departments": ",".join(departments), "due": consultation.due.isoformat()},
        events=tuple(
            ConsultationAnswered(**case.event_fields(), department=each, opinion="overdue", answered_on=today)
            for each in departments
        ),
    )


def _without_answer(consultation: Consultation) -> tuple[Department, ...]:
    return tuple(each.department for each in consultation.opinions if each.opinion is None)


def _with(consultation: Consultation, opinion: Opinion) -> Consultation:
    opinions = tuple(opinion if each.department == opinion.department else each for each in consultation.opinions)
    return replace(consultation, opinions=opinions, unanswered=any(each.opinion is None for each in opinions))
