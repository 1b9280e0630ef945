"""Work that falls due by the date: reminders, overdue opinions, the end of forwarding, the end of a notice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from chassis.scheduling import Job
from messages.values import Level
from rulebook import RuleSet, load_rule_sets, shanghai_date

from review.domain import consultation, forwarding
from review.domain.case import ANSWERABLE, UNFORWARDED
from review.handlers.consultation import MarkOverdue, RemindDepartments, mark_overdue, remind_departments
from review.handlers.notice import ConcludeNotice, conclude_due_notice
from review.handlers.opinion import CloseLateCase, close_late_case
from review.store import Store

ITEMS_PER_POLL = 100
"""The rest is due at the next poll."""

_UNANSWERED = {"consultation.unanswered": True, "state": {"$in": ANSWERABLE}}


async def due_reminders(store: Store, now: datetime) -> Sequence[RemindDepartments]:
    today = shanghai_date(now)
    silent = {**_UNANSWERED, "consultation.reminded_on": None}
    waiting = await store.cases.find({**silent, "consultation.remind_on": {"$lte": today}}, limit=ITEMS_PER_POLL)
    return [RemindDepartments(case.case_id) for case in waiting if consultation.needs_reminder(case, today)]


async def overdue_opinions(store: Store, now: datetime) -> Sequence[MarkOverdue]:
    """Only of cases that were reminded; others would fill the page and delay those behind them."""
    today = shanghai_date(now)
    reminded = {**_UNANSWERED, "consultation.reminded_on": {"$ne": None}}
    waiting = await store.cases.find({**reminded, "consultation.due": {"$lt": today}}, limit=ITEMS_PER_POLL)
    return [MarkOverdue(case.case_id) for case in waiting if consultation.is_overdue(case, today)]


async def late_cases(store: Store, now: datetime) -> Sequence[CloseLateCase]:
    """Query by rule set, since a case keeps its own and the rule set names the last day of the batch year (G2)."""
    today, found = shanghai_date(now), list[CloseLateCase]()
    for rules in _rule_sets():
        over = {"batch_year": {"$lte": forwarding.last_closed_batch_year(rules, today)}, "rule_set": rules.version}
        where = {"level": Level.REGION, "state": {"$in": UNFORWARDED}, **over}
        found += [CloseLateCase(case.case_id) for case in await store.cases.find(where, limit=ITEMS_PER_POLL)]
    return found


@cache
def _rule_sets() -> tuple[RuleSet, ...]:
    return load_rule_sets().all


async def ended_notices(store: Store, now: datetime) -> Sequence[ConcludeNotice]:
    today = shanghai_date(now)
    ended = await store.notices.find({"state": "open", "published_end": {"$lt": today}}, limit=ITEMS_PER_POLL)
    return [ConcludeNotice(notice.notice_id) for notice in ended]


JOBS = (
    Job("remind-departments", due_reminders, lambda item: item.case_id, remind_departments),
    Job("mark-opinions-overdue", overdue_opinions, lambda item: item.case_id, mark_overdue),
    Job("close-late-cases", late_cases, lambda item: item.case_id, close_late_case),
    Job("conclude-notices", ended_notices, lambda item: item.notice_id, conclude_due_notice),
)
