"""The public notice: opened, objected to, concluded (V9, V10)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from chassis.handling import Done, Refusal, TransientError
from messages.event import Event
from messages.review import Stage
from messages.values import Level
from rulebook import rules_on, shanghai_date

from review.domain import notice
from review.domain.act import Act, ActState, ActStep, changed_by, refuse_act, remember_before
from review.domain.case import stage_before
from review.domain.notice import Objection, PublicNotice
from review.domain.notice_list import LINE_ORDER, ListSeal, NoticeLine, line_of
from review.domain.ranking import batch_id
from review.domain.record import OBJECTOR, SERVICE, ActorRef, Transition
from review.domain.refusals import refusal, require_region
from review.handlers.acts import STEP, StepOutcome, begin_act, cases_by_id, rows_after, unhurried
from review.handlers.loading import CurrentCase, bring_to_newest_word, find_cases, load_case
from review.handlers.ports import Store
from review.handlers.transitions import apply_act, catch_up


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
    notice.require_full_term(command.published_end, rules_on(today), today)
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


async def show_cases(act: Act, _step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Put the next selected cases on the list."""
    same_batch = {"level": act.level, "batch_year": act.batch_year}
    selected = {**same_batch, "state": stage_before(Stage.IN_NOTICE), "_id": {"$gt": act.cursor}}
    page = await store.cases.find(selected, sort=[("_id", 1)], limit=STEP)
    transitions, saves = list[list[Transition]](), []
    async for current in unhurried(await bring_to_newest_word(page, store, shanghai_date(now))):
        case = current.case
        if current.caught_up or case.suspended_by is not None:
            continue
        line = line_of(case, act.notice_id)
        transitions.append([remember_before(notice.publish_case(case, act.notice_id), case, act)])
        saves.append(partial(store.notice_lines.save, line.key, line))
    after = replace(act, applied=act.applied + len(transitions), cursor=page[-1].case_id if page else "")
    return StepOutcome(after if len(page) == STEP else after.enter(ActState.SEALING), transitions, saves)


async def seal_list(act: Act, store: Store) -> ListSeal:
    """Seal the list in its published order; reads it in pages and holds none."""
    sealed = ListSeal()
    async for page in store.notice_lines.pages({"notice_id": act.notice_id}, sort=LINE_ORDER):
        async for line in unhurried(page):
            sealed.add([line])
    return sealed


async def record_notice(act: Act, step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Let the notice stand: from this commit on the whole list is public."""
    if not isinstance(step.result, ListSeal):
        raise TypeError(f"{act.act_id} was given no seal")
    if not step.result.shown:
        return StepOutcome(refuse_act(act, notice.nothing_to_publish()))
    today = shanghai_date(now)
    opening = notice.NoticeRequest(act.notice_id, act.level, act.batch_year, act.published_end)
    opened = notice.open_notice(opening, step.result, rules_on(today), today)
    return StepOutcome(
        replace(act.enter(ActState.PUBLISHING), notice=opened),
        saves=[partial(store.notices.save, opened.notice_id, opened)],
        events=[notice.notice_opened_event(opened)],
    )


async def publish_showings(act: Act, _step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Publish for the next cases that the notice shows them."""
    lines, cases, after = await _next_lines(act, store, now)
    events, saves = list[Event](), []
    async for case in unhurried(each.case for each in cases):
        if not case.ended and changed_by(case, act):
            events.append(notice.entered_event(case, act.shown_in))
        saves.append(partial(store.cases.save, case.case_id, replace(case, before=None)))
    after = replace(after, published=act.published + len(lines))
    return StepOutcome(after if len(lines) == STEP else after.enter(ActState.DONE), saves=saves, events=events)


async def _next_lines(act: Act, store: Store, now: datetime) -> tuple[list[NoticeLine], Collection[CurrentCase], Act]:
    """Return the next lines of the act's notice, their cases, and the act behind them."""
    lines = await store.notice_lines.find(rows_after(act.notice_id, act.cursor), sort=[("_id", 1)], limit=STEP)
    cases = await cases_by_id((line.case_id for line in lines), store, now)
    return lines, cases.values(), replace(act, cursor=lines[-1].case_id if lines else "")


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


async def clear_cases(act: Act, _step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Clear the next cases that nothing stands against."""
    lines, cases, after = await _next_lines(act, store, now)
    concluded = notice.conclude_notice(act.shown_in, act.begun_on)
    transitions = list[list[Transition]]()
    async for current in unhurried(cases):
        case = current.case
        cleared = [] if current.caught_up else notice.clear_if_unopposed(case, concluded, act.begun_on)
        transitions += [[remember_before(each, case, act)] for each in cleared]
    after = replace(after, applied=act.applied + len(lines), cleared=act.cleared + len(transitions))
    return StepOutcome(after if len(lines) == STEP else after.enter(ActState.SEALING), transitions)


async def record_conclusion(act: Act, _step: ActStep, store: Store, _now: datetime) -> StepOutcome:
    """Let the conclusion stand."""
    concluded = notice.conclude_notice(act.shown_in, act.begun_on)
    still = {"level": act.level, "batch_year": act.batch_year, "state": Stage.IN_NOTICE, "notice_id": act.notice_id}
    waiting = await store.cases.count(still)
    return StepOutcome(
        replace(act.enter(ActState.PUBLISHING), notice=concluded),
        saves=[partial(store.notices.save, concluded.notice_id, concluded)],
        events=[notice.notice_concluded_event(concluded, act.begun_on, act.cleared, waiting)],
    )


async def publish_clearings(act: Act, _step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Publish the next clearings.

    Every case of the notice is written: what was decided on it while the notice counted as running commits before, or
    conflicts and sees the end. One that waits no longer is cleared here.
    """
    lines, cases, after = await _next_lines(act, store, now)
    transitions, events, saves = list[list[Transition]](), list[Event](), list[Callable[[], object]]()
    async for current in unhurried(cases):
        if current.caught_up:
            saves.append(partial(catch_up, store, current, now))
            events += [event for each in current.caught_up for event in each.events]
            continue
        seen = replace(current.case, before=None)
        if seen.state is Stage.CLEARED and changed_by(current.case, act):
            events.append(notice.cleared_event(seen, act.shown_in, act.begun_on))
        elif late := notice.clear_if_unopposed(seen, act.shown_in, act.begun_on):
            transitions.append(late)
            events += [event for each in late for event in each.events]
            continue
        saves.append(partial(store.cases.save, seen.case_id, seen))
    after = replace(after, published=act.published + len(lines))
    return StepOutcome(
        after if len(lines) == STEP else after.enter(ActState.DONE), transitions, saves=saves, events=events
    )


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
