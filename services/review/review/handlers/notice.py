"""The public notice: opened, objected to, concluded (V9, V10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal, TransientError
from messages.review import Stage
from messages.values import Level
from rulebook import rules_on, shanghai_date

from review.domain import notice
from review.domain.act import Act, ActState
from review.domain.case import stage_before
from review.domain.notice import Objection, PublicNotice
from review.domain.ranking import batch_id
from review.domain.record import OBJECTOR, SERVICE, ActorRef
from review.domain.refusals import refusal, require_region
from review.handlers.acts import begin_act
from review.handlers.loading import find_cases, load_case
from review.handlers.ports import Store
from review.handlers.transitions import apply_act


@dataclass(frozen=True)
class OpenNotice:
    act_id: str
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
    act_id: str
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
    """Begin to show every selected case of the batch that is not shown yet and not suspended."""
    require_region(command.level)
    today = shanghai_date(now)
    batch = batch_id(command.level, command.batch_year)
    same_batch = {"level": command.level, "batch_year": command.batch_year}
    selected = {**same_batch, "state": stage_before(Stage.IN_NOTICE), "suspended_by": None}
    if not (total := await store.cases.count(selected)):
        raise Refusal("nothing-to-publish", notice.nothing_to_publish())
    notice.require_lawful_end(command.published_end, rules_on(today), today)
    number = await store.notices.count(same_batch) + 1
    act = Act(
        act_id=command.act_id,
        kind="notice",
        batch=batch,
        level=command.level,
        batch_year=command.batch_year,
        by=command.by,
        begun_on=today,
        state=ActState.APPLYING,
        total=total,
        notice_id=f"notice-{batch}-{number}",
        published_end=command.published_end,
    )
    return await begin_act(act, store)


async def lodge_objection(command: LodgeObjection, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    shown_in = await store.notices.require(command.notice_id)
    found = await find_cases({"_id": command.case_id}, store, today)
    if not found:
        raise refusal("V9", "not-in-notice", "该单位不在本次公示名单内", evidence=command.case_id)
    objection = _objection(command, today)
    lodged = notice.lodge_objection(found[0].case, shown_in, objection, today)
    events = apply_act(store, found[0], [lodged], OBJECTOR, now)
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
    current = await load_case(decided.case_id, store, today)
    transitions = notice.resolve_objection(current.case, decided, today)
    transitions += notice.clear_if_unopposed(transitions[-1].case, await store.notices.get(decided.notice_id), today)
    return Done(apply_act(store, current, transitions, command.by, now), _receipt(decided))


async def _load_objection(command: ResolveObjection, store: Store) -> Objection:
    objection = await store.objections.require(command.objection_id)
    if objection.notice_id != command.notice_id:
        raise refusal("V9", "not-in-notice", "该异议不属于本次公示", evidence=command.objection_id, status=404)
    return objection


async def conclude_notice(command: ConcludeNotice, store: Store, now: datetime) -> Done:
    """Begin to clear every case without an open objection or suspension; the others wait."""
    today = shanghai_date(now)
    running = await store.notices.require(command.notice_id)
    notice.conclude_notice(running, today)
    act = Act(
        act_id=command.act_id,
        kind="conclusion",
        batch=batch_id(running.level, running.batch_year),
        level=running.level,
        batch_year=running.batch_year,
        by=command.by,
        begun_on=today,
        state=ActState.APPLYING,
        total=running.shown,
        notice_id=running.notice_id,
        notice=running,
    )
    return await begin_act(act, store)


async def conclude_due_notice(command: ConcludeNotice, store: Store, now: datetime) -> Done:
    """Conclude for the job, unless an officer has done so already; wait while another act on the batch is under way."""
    running = await store.notices.require(command.notice_id)
    if not notice.is_due(running, shanghai_date(now)):
        return Done()
    if await act_under_way(running, store):
        raise TransientError(f"an act on the batch of {running.notice_id} is under way")
    return await conclude_notice(command, store, now)


async def act_under_way(running: PublicNotice, store: Store) -> bool:
    batch = await store.batches.require(batch_id(running.level, running.batch_year))
    return batch.act is not None
