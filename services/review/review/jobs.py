"""What a date brings about: reminders, overdue opinions, the end of a notice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.jobs import Job
from rulebook import shanghai_date

from review.domain import consultation
from review.domain.case import ANSWERABLE
from review.handlers.consultation import MarkOverdue, RemindDepartments, mark_overdue, remind_departments
from review.handlers.notice import ConcludeNotice, conclude_due_notice
from review.store import Store

EVERY = timedelta(seconds=1)
"""Dates change once a day; a simulated clock jumps, and a season must not wait for its own jobs."""

_UNANSWERED = {"consultation.unanswered": True, "state": {"$in": ANSWERABLE}}


async def due_reminders(store: Store, now: datetime) -> Sequence[RemindDepartments]:
    today = shanghai_date(now)
    silent = {**_UNANSWERED, "consultation.reminded_on": None}
    waiting = await store.cases.find({**silent, "consultation.remind_on": {"$lte": today}})
    return [RemindDepartments(case.case_id) for case in waiting if consultation.needs_reminder(case, today)]


async def overdue_opinions(store: Store, now: datetime) -> Sequence[MarkOverdue]:
    today = shanghai_date(now)
    waiting = await store.cases.find({**_UNANSWERED, "consultation.due": {"$lt": today}})
    return [MarkOverdue(case.case_id) for case in waiting if consultation.is_overdue(case, today)]


async def ended_notices(store: Store, now: datetime) -> Sequence[ConcludeNotice]:
    today = shanghai_date(now)
    ended = await store.notices.find({"state": "open", "published_end": {"$lt": today}})
    return [ConcludeNotice(notice.notice_id) for notice in ended]


JOBS = (
    Job("remind-departments", due_reminders, lambda item: item.case_id, remind_departments, Store, EVERY),
    Job("mark-opinions-overdue", overdue_opinions, lambda item: item.case_id, mark_overdue, Store, EVERY),
    Job("conclude-notices", ended_notices, lambda item: item.notice_id, conclude_due_notice, Store, EVERY),
)
