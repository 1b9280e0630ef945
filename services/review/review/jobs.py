"""Work that falls due: by the date (reminders, overdue opinions, late cases, ended notices) or by a sanction or ban."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache

from chassis.handling import Filter
from chassis.scheduling import Job
from messages.values import Level
from rulebook import RuleSet, load_rule_sets, shanghai_date

from review.domain import consultation, forwarding
from review.domain.case import ANSWERABLE, UNFORWARDED
from review.handlers.act_steps import following_step, next_steps, take_step
from review.handlers.assessors import SettleSanctions, settle_sanctions
from review.handlers.consultation import MarkOverdue, RemindDepartments, mark_overdue, remind_departments
from review.handlers.loading import DueCase
from review.handlers.notice import ConcludeNotice, act_under_way, conclude_due_notice
from review.handlers.objections import NoteOverdueReceipt, note_overdue_receipt
from review.handlers.opinion import CloseLateCase, close_late_case
from review.handlers.units import SettleBans, settle_bans
from review.store import Store

ITEMS_PER_POLL = 100
"""The rest is due at the next poll."""

_UNANSWERED = {"consultation.unanswered": True, "state": {"$in": ANSWERABLE}}


async def due_reminders(store: Store, now: datetime) -> Sequence[RemindDepartments]:
    today = shanghai_date(now)
    silent = {**_UNANSWERED, "consultation.reminded_on": None}
    where = {**silent, "consultation.remind_on": {"$lte": today}}
    waiting = await store.cases.find(where, sort=[("consultation.remind_on", 1)], limit=ITEMS_PER_POLL)
    return [RemindDepartments.of(case) for case in waiting if consultation.needs_reminder(case, today)]


async def overdue_opinions(store: Store, now: datetime) -> Sequence[MarkOverdue]:
    """Only of cases that were reminded; others would fill the page and delay those behind them."""
    today = shanghai_date(now)
    reminded = {**_UNANSWERED, "consultation.reminded_on": {"$ne": None}}
    where = {**reminded, "consultation.due": {"$lt": today}}
    waiting = await store.cases.find(where, sort=[("consultation.due", 1)], limit=ITEMS_PER_POLL)
    return [MarkOverdue.of(case) for case in waiting if consultation.is_overdue(case, today)]


async def late_cases(store: Store, now: datetime) -> Sequence[CloseLateCase]:
    """Query by rule set, since a case keeps its own and the rule set names the last day of the batch year (G2)."""
    today, found = shanghai_date(now), list[CloseLateCase]()
    for rules in _rule_sets():
        over = {"batch_year": {"$lte": forwarding.last_closed_batch_year(rules, today)}, "rule_set": rules.version}
        where = {"level": Level.REGION, "state": {"$in": UNFORWARDED}, **over}
        late = await store.cases.find(where, sort=[("batch_year", 1)], limit=ITEMS_PER_POLL)
        found += [CloseLateCase.of(case) for case in late]
    return found


@cache
def _rule_sets() -> tuple[RuleSet, ...]:
    return load_rule_sets().all


async def ended_notices(store: Store, now: datetime) -> Sequence[ConcludeNotice]:
    today = shanghai_date(now)
    over = {"state": "open", "published_end": {"$lt": today}}
    found = await store.notices.find(over, sort=[("published_end", 1)], limit=ITEMS_PER_POLL)
    ended = [each for each in found if not await act_under_way(each, store)]
    return [ConcludeNotice(f"act-{notice.notice_id}-concluded", notice.notice_id) for notice in ended]


async def overdue_receipts(store: Store, now: datetime) -> Sequence[NoteOverdueReceipt]:
    """Objections neither received nor not received by their due day (V18)."""
    where = {"state": "lodged", "overdue_on": None, "due": {"$lt": shanghai_date(now)}}
    found = await store.objections.find(where, sort=[("due", 1)], limit=ITEMS_PER_POLL)
    return [NoteOverdueReceipt(each.objection_id) for each in found]


async def unsettled_sanctions(store: Store, now: datetime) -> Sequence[SettleSanctions]:
    found = await store.assessors.find(_settling_due(now), sort=_SETTLING_ORDER, limit=ITEMS_PER_POLL)
    return [SettleSanctions(each.uscc, each.settling.rounds) for each in found]


async def unsettled_bans(store: Store, now: datetime) -> Sequence[SettleBans]:
    found = await store.unit_statuses.find(_settling_due(now), sort=_SETTLING_ORDER, limit=ITEMS_PER_POLL)
    return [SettleBans(each.uscc, each.settling.rounds) for each in found]


_SETTLING_ORDER = (("settling.due", 1),)


def _settling_due(now: datetime) -> Filter:
    return {"settling.due": {"$lte": now}}


def _case(due: DueCase) -> str:
    return due.case_id


def _documents(due: DueCase) -> Iterable[tuple[str, str]]:
    return due.reads


def _document_of_assessor(item: SettleSanctions) -> Iterable[tuple[str, str]]:
    yield "assessors", item.uscc


def _document_of_unit(item: SettleBans) -> Iterable[tuple[str, str]]:
    yield "unit_statuses", item.uscc


def _settling_key(item: SettleSanctions | SettleBans) -> str:
    return f"{item.uscc}:{item.round}"


JOBS = (
    Job("remind-departments", due_reminders, _case, remind_departments, prefetch=_documents),
    Job("mark-opinions-overdue", overdue_opinions, _case, mark_overdue, prefetch=_documents),
    Job("close-late-cases", late_cases, _case, close_late_case, prefetch=_documents),
    Job("settle-sanctions", unsettled_sanctions, _settling_key, settle_sanctions, prefetch=_document_of_assessor),
    Job("settle-bans", unsettled_bans, _settling_key, settle_bans, prefetch=_document_of_unit),
    Job("carry-on-acts", next_steps, lambda step: step.key, take_step, following=following_step),
    Job(
        "note-overdue-receipts",
        overdue_receipts,
        lambda item: item.objection_id,
        note_overdue_receipt,
        prefetch=lambda item: [("objections", item.objection_id)],
    ),
    Job("conclude-notices", ended_notices, lambda item: item.notice_id, conclude_due_notice),
)
