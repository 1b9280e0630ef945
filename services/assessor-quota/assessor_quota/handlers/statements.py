"""The yearly duty of a statement: opened for every assessor, met by filing, marked when overdue (S5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done, Refusal, require_current_version
from messages.assessor_quota import DutyMet, DutyOpened, DutyOverdue, StatementFiled
from messages.event import Event
from messages.values import Prefecture
from rulebook import reason, rules_on, shanghai_date

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef, EntryKind
from assessor_quota.domain.item import IN_USE
from assessor_quota.domain.rates import pending_rate, rate_key
from assessor_quota.domain.statements import (
    Content,
    DutyCursor,
    Filing,
    Statement,
    StatementDuty,
    filing_problems,
    new_duty,
    next_duty_cursor,
    owes,
    statement_key,
    worked_in,
)
from assessor_quota.handlers.entries import append_entry
from assessor_quota.handlers.lookup import find_assessor
from assessor_quota.handlers.ports import Store

DUTY_CURSOR = "statements"
"""Key of the one document that records how far duties have been opened."""
PAGE = 100
"""Assessors whose duty is opened in one transaction."""


@dataclass(frozen=True)
class OpenDuties:
    """The next assessors of a year, after the one named last."""

    year: int
    after: str


@dataclass(frozen=True)
class MarkOverdue:
    duty_id: str


@dataclass(frozen=True)
class FileStatement:
    uscc: str
    year: int
    on_behalf: bool
    content: Content
    by: ActorRef
    document: str | None = None
    expected_version: int | None = None
    """The version that the caller has read; none where it does not matter."""


async def open_duties(command: OpenDuties, store: Store, now: datetime) -> list[Event]:
    """Open the year's duties of the assessors registered before its end, a page at a time; each one once.

    With the duty the year's success rate becomes due, also where nothing is concluded: that rate is "none" (S6).
    """
    today = shanghai_date(now)
    step = next_duty_cursor(await store.duty_cursors.get(DUTY_CURSOR), today)
    if step is None or (step.year, step.after) != (command.year, command.after):
        return []
    page = await _next_assessors(step, store)
    owing = [assessor for assessor in page if owes(assessor, step.year)]
    events = [event for assessor in owing for event in await _open_duty(assessor, step.year, store, today)]
    after = page[-1].uscc if page else step.after
    store.duty_cursors.save(DUTY_CURSOR, replace(step, after=after, finished=len(page) < PAGE))
    return events


async def file_statement(command: FileStatement, store: Store, now: datetime) -> Done:
    """File the statement of a year that is over, or amend the one filed; refused with the reason (S5)."""
    assessor = await find_assessor(command.uscc, store)
    today = shanghai_date(now)
    key = statement_key(assessor.uscc, command.year)
    known = await store.duties.get(key)
    problems = list(filing_problems(known, command.year, today))
    if known is None or problems:
        raise Refusal("statement-refused", *problems)
    filing = Filing(today, command.on_behalf, command.content, command.document)
    statement = _with_filing(filing, known, await store.statements.get(key))
    stale = reason("S5", "version-stale", "该年度工作情况在读取后已被修改，请重新读取")
    require_current_version(command.expected_version, store.statements.version(key), stale)
    store.statements.save(key, statement)
    append_entry(store, assessor, EntryKind.STATEMENT_FILED, command.by, now, on=today)
    filed = StatementFiled(
        statement_id=key, assessor=statement.assessor, year=statement.year, filed_on=today, late=statement.late
    )
    return Done([filed, *_meet_duty(known, today, store)], statement)


async def mark_overdue(command: MarkOverdue, store: Store, now: datetime) -> list[Event]:
    """Mark a duty whose last day has passed; the event reaches the holder, the region and its departments once."""
    known = await store.duties.require(command.duty_id)
    today = shanghai_date(now)
    if not known.is_overdue(today):
        return []
    overdue = known.overdue(today, await _prefectures(known.assessor.uscc, known.year, store))
    store.duties.save(overdue.duty_id, overdue)
    return [DutyOverdue(**overdue.event_fields(), noted_on=today, prefectures=overdue.prefectures)]


async def _next_assessors(step: DutyCursor, store: Store) -> list[Assessor]:
    """Return the next assessors; later registrations owe nothing for the year, so a finished page stays complete."""
    before_its_end = {"registered_on": {"$lte": date(step.year, 12, 31)}, "_id": {"$gt": step.after}}
    return await store.assessors.find(before_its_end, limit=PAGE)


async def _open_duty(assessor: Assessor, year: int, store: Store, today: date) -> list[Event]:
    if await store.duties.get(statement_key(assessor.uscc, year)) is not None:
        return []
    rules = rules_on(today)
    opened = new_duty(assessor.ref, year, await _prefectures(assessor.uscc, year, store), rules, today)
    store.duties.save(opened.duty_id, opened)
    if await store.rates.get(rate_key(assessor.uscc, year)) is None:
        rate = pending_rate(assessor.ref, year, rules)
        store.rates.save(rate.rate_id, rate)
    return [DutyOpened(**opened.event_fields(), opened_on=today, provisional=opened.provisional)]


def _with_filing(filing: Filing, owed: StatementDuty, known: Statement | None) -> Statement:
    if known is not None:
        return known.amended(filing)
    return Statement(owed.duty_id, owed.assessor, owed.year, filing.filed_on > owed.due, (filing,))


def _meet_duty(owed: StatementDuty, today: date, store: Store) -> list[Event]:
    met = owed.met(today)
    if met == owed:
        return []
    store.duties.save(met.duty_id, met)
    return [DutyMet(**met.event_fields(), met_on=today, late=today > met.due)]


async def _prefectures(uscc: str, year: int, store: Store) -> tuple[Prefecture, ...]:
    in_use = {"assessor.uscc": uscc, "year": year, "state": {"$in": list(IN_USE)}}
    return worked_in(await store.items.find(in_use))
