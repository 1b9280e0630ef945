"""The public notice: opened, objected to, concluded (V9, V10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done
from messages.event import Event
from messages.review import Stage
from messages.values import Level
from rulebook import rules_on, shanghai_date

from review.domain import notice
from review.domain.case import stage_before
from review.domain.notice import Objection
from review.domain.ranking import batch_id
from review.domain.record import OBJECTOR, SERVICE, ActorRef
from review.domain.refusals import refusal, require_region
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions


@dataclass(frozen=True)
class OpenNotice:
    level: Level
    batch_year: int
    published_end: date | None
    by: ActorRef


@dataclass(frozen=True)
class LodgeObjection:
    objection_id: str
    notice_id: str
    case_id: str
    facts: str
    name: str
    contact: str
    by: ActorRef


@dataclass(frozen=True)
class ResolveObjection:
    notice_id: str
    objection_id: str
    upheld: bool
    text: str
    by: ActorRef


@dataclass(frozen=True)
class ConcludeNotice:
    notice_id: str
    by: ActorRef = SERVICE


@dataclass(frozen=True)
class ObjectionReceipt:
    """The answer to the objector; it holds nothing that others could use."""

    objection_id: str
    notice_id: str
    case_id: str
    state: str


async def open_notice(command: OpenNotice, store: Store, now: datetime) -> Done:
    """Show every selected case of the batch that is not shown yet and not suspended."""
    require_region(command.level)
    today = shanghai_date(now)
    batch = batch_id(command.level, command.batch_year)
    same_batch = {"level": command.level, "batch_year": command.batch_year}
    cases = await store.cases.find({**same_batch, "state": stage_before(Stage.IN_NOTICE), "suspended_by": None})
    number = await store.notices.count(same_batch) + 1
    opening = notice.NoticeRequest(f"notice-{batch}-{number}", command.level, command.batch_year, command.published_end)
    opened = notice.open_notice(opening, cases, rules_on(today), today)
    store.notices.save(opened.notice_id, opened)
    events: list[Event] = [notice.notice_opened_event(opened)]
    for case in cases:
        events += apply_transitions(store, [notice.publish_case(case, opened)], command.by, now)
    return Done(events, opened)


async def lodge_objection(command: LodgeObjection, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    shown_in = await store.notices.require(command.notice_id)
    case = await store.cases.get(command.case_id)
    if case is None:
        raise refusal("V9", "not-in-notice", "该单位不在本次公示名单内", evidence=command.case_id)
    objection = _objection(command, today)
    events = apply_transitions(store, [notice.lodge_objection(case, shown_in, objection, today)], OBJECTOR, now)
    store.objections.save(objection.objection_id, objection)
    return Done(events, _receipt(objection))


def _objection(command: LodgeObjection, today: date) -> Objection:
    return Objection(
        objection_id=command.objection_id,
        notice_id=command.notice_id,
        case_id=command.case_id,
        facts=command.facts.strip(),
        name=command.name.strip(),
        contact=command.contact.strip(),
        lodged_on=today,
        lodged_by=command.by.subject,
    )


def _receipt(objection: Objection) -> ObjectionReceipt:
    return ObjectionReceipt(objection.objection_id, objection.notice_id, objection.case_id, objection.state)


async def resolve_objection(command: ResolveObjection, store: Store, now: datetime) -> Done:
    """Decide once, with reasons; after the notice a case with nothing else open is cleared."""
    today = shanghai_date(now)
    objection = await _load_objection(command, store)
    decided = notice.decide_objection(objection, upheld=command.upheld, text=command.text, today=today)
    store.objections.save(decided.objection_id, decided)
    case = await store.cases.require(decided.case_id)
    transitions = notice.resolve_objection(case, decided, today)
    transitions += notice.clear_if_unopposed(transitions[-1].case, await store.notices.get(decided.notice_id), today)
    return Done(apply_transitions(store, transitions, command.by, now), _receipt(decided))


async def _load_objection(command: ResolveObjection, store: Store) -> Objection:
    objection = await store.objections.require(command.objection_id)
    if objection.notice_id != command.notice_id:
        raise refusal("V9", "not-in-notice", "该异议不属于本次公示", evidence=command.objection_id, status=404)
    return objection


async def conclude_notice(command: ConcludeNotice, store: Store, now: datetime) -> Done:
    """End the notice and clear every case without an open objection or suspension; the others wait."""
    today = shanghai_date(now)
    running = await store.notices.require(command.notice_id)
    cases = [await store.cases.require(line.case_id) for line in running.lines]
    ended, event = notice.conclude_notice(running, cases, today)
    store.notices.save(ended.notice_id, ended)
    events: list[Event] = [event]
    for case in cases:
        events += apply_transitions(store, notice.clear_if_unopposed(case, ended, today), command.by, now)
    return Done(events, ended)


async def conclude_due_notice(command: ConcludeNotice, store: Store, now: datetime) -> list[Event]:
    """Conclude for the job, unless an officer has done so already."""
    running = await store.notices.require(command.notice_id)
    if not notice.is_due(running, shanghai_date(now)):
        return []
    return list((await conclude_notice(command, store, now)).events)
