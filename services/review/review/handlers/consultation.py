"""The consulted departments: they answer, are reminded, or let the due day pass (V2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chassis.handling import Done
from messages.event import Event
from messages.values import Department
from rulebook import rules_of, shanghai_date

from review.domain import consultation
from review.domain.record import SERVICE, ActorRef
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions, receipt


@dataclass(frozen=True)
class AnswerConsultation:
    case_id: str
    department: Department
    opinion: Literal["agree", "object"]
    text: str
    by: ActorRef


@dataclass(frozen=True)
class RemindDepartments:
    case_id: str


@dataclass(frozen=True)
class MarkOverdue:
    case_id: str


async def answer_consultation(command: AnswerConsultation, store: Store, now: datetime) -> Done:
    case = await store.cases.require(command.case_id)
    transition = consultation.record_answer(case, command.department, command.opinion, command.text, shanghai_date(now))
    return Done(apply_transitions(store, [transition], command.by, now), receipt([transition]))


async def remind_departments(command: RemindDepartments, store: Store, now: datetime) -> list[Event]:
    """Remind unless the departments have answered since the job polled."""
    case, today = await store.cases.require(command.case_id), shanghai_date(now)
    due = consultation.needs_reminder(case, today)
    transitions = [consultation.remind_departments(case, rules_of(case.rule_set), today)] if due else []
    return apply_transitions(store, transitions, SERVICE, now)


async def mark_overdue(command: MarkOverdue, store: Store, now: datetime) -> list[Event]:
    """Mark overdue unless the departments have answered since the job polled."""
    case, today = await store.cases.require(command.case_id), shanghai_date(now)
    transitions = [consultation.mark_overdue(case, today)] if consultation.is_overdue(case, today) else []
    return apply_transitions(store, transitions, SERVICE, now)
