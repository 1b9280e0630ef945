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
from review.handlers.loading import DueCase, load_case
from review.handlers.ports import Store
from review.handlers.transitions import apply_act, receipt


@dataclass(frozen=True)
class AnswerConsultation:
    case_id: str
    department: Department
    opinion: Literal["agree", "object"]
    text: str
    by: ActorRef


class RemindDepartments(DueCase):
    """Remind the departments that have not answered."""


class MarkOverdue(DueCase):
    """Mark the departments overdue that have not answered either after the reminder."""


async def answer_consultation(command: AnswerConsultation, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    answer = consultation.record_answer(current.case, command.department, command.opinion, command.text, today)
    return Done(apply_act(store, current, [answer], command.by, now), receipt([answer]))


async def remind_departments(command: RemindDepartments, store: Store, now: datetime) -> list[Event]:
    """Remind unless the departments have answered since the job polled."""
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    if not consultation.needs_reminder(current.case, today):
        return []
    reminder = consultation.remind_departments(current.case, rules_of(current.case.rule_set), today)
    return apply_act(store, current, [reminder], SERVICE, now)


async def mark_overdue(command: MarkOverdue, store: Store, now: datetime) -> list[Event]:
    """Mark overdue unless the departments have answered since the job polled."""
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    if not consultation.is_overdue(current.case, today):
        return []
    return apply_act(store, current, [consultation.mark_overdue(current.case, today)], SERVICE, now)
