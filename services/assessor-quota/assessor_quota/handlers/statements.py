"""The yearly duty of a statement: opened for every assessor, met by filing, marked when overdue (S5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done, Refusal, require_current_version
from messages.assessor_quota import DutyMet, DutyOpened, DutyOverdue, StatementFiled
from messages.event import Event
from messages.values import Prefecture
from rulebook import reason, rules_on, shanghai_date

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef, EntryKind
from assessor_quota.domain.item import IN_USE, QuotaItem
from assessor_quota.domain.rates import new_rate, rate_key
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
from assessor_quota.handlers.lookup import by_keys, find_assessor
from assessor_quota.handlers.ports import Store

DUTY_CURSOR = "statements"
"""Key of the one document that records how far duties have been opened."""
BY_ASSESSOR = (("assessor.uscc", 1), ("state", 1), ("year", 1))
"""The order of the index that has the items of some assessors."""
PAGE = 50
"""Assessors whose duty is opened in one transaction."""


@dataclass(frozen=True)
class OpenDuties:
    """The next assessors of a year, after the one named last."""

    year: int
    after: str


@dataclass(frozen=True)
class MarkOverdue:
    """The next duties whose last day has passed."""

    duty_ids: tuple[str, ...]


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
    events = await _open_duties(owing, step.year, store, today)
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
    """Mark duties whose last day has passed; each event reaches holder, region and departments once."""
    today = shanghai_date(now)
    known = await by_keys(store.duties, command.duty_ids, lambda each: each.duty_id)
    passed = [each for each in known.values() if each.is_overdue(today)]
    worked = await _worked_in(((each.assessor.uscc, each.year) for each in passed), store)
    overdue = [each.overdue(today, worked[each.assessor.uscc, each.year]) for each in passed]
    for each in overdue:
        store.duties.save(each.duty_id, each)
    return [DutyOverdue(**each.event_fields(), noted_on=today, prefectures=each.prefectures) for each in overdue]


async def _next_assessors(step: DutyCursor, store: Store) -> list[Assessor]:
    return await store.assessors.find({"_id": {"$gt": step.after}}, limit=PAGE)


async def _open_duties(owing: Sequence[Assessor], year: int, store: Store, today: date) -> list[Event]:
    rules = rules_on(today)
    known = await by_keys(store.duties, (statement_key(each.uscc, year) for each in owing), lambda each: each.duty_id)
    rates = await by_keys(store.rates, (rate_key(each.uscc, year) for each in owing), lambda each: each.rate_id)
    worked = await _worked_in(((each.uscc, year) for each in owing), store)
    opened = [new_duty(each.ref, year, worked[each.uscc, year], rules, today) for each in owing]
    opened = [each for each in opened if each.duty_id not in known]
    for each in opened:
        store.duties.save(each.duty_id, each)
        rate = rates.get(rate_key(each.assessor.uscc, year)) or new_rate(each.assessor, year, rules)
        if rate.published is None and not rate.pending:
            store.rates.save(rate.rate_id, rate.due_again())
    return [DutyOpened(**each.event_fields(), opened_on=today, provisional=each.provisional) for each in opened]


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


async def _worked_in(
    assessor_years: Iterable[tuple[str, int]], store: Store
) -> dict[tuple[str, int], tuple[Prefecture, ...]]:
    """Return where each assessor worked in its year, with one query for each year."""
    by_year: dict[int, list[str]] = {}
    for uscc, year in assessor_years:
        by_year.setdefault(year, []).append(uscc)
    items: dict[tuple[str, int], list[QuotaItem]] = {(uscc, year): [] for year in by_year for uscc in by_year[year]}
    for year, codes in by_year.items():
        in_use = {"assessor.uscc": {"$in": codes}, "year": year, "state": {"$in": list(IN_USE)}}
        for item in await store.items.find(in_use, sort=BY_ASSESSOR):
            items[item.assessor.uscc, year].append(item)
    return {each: worked_in(found) for each, found in items.items()}
