"""The steps of a notice (V9, V10): its list is made, sealed and shown; at its end cases are cleared."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from messages.event import Event
from messages.review import Stage
from rulebook import rules_on, shanghai_date

from review.domain import draw, notice
from review.domain.act import Act, ActState, ActStep, changed_by, refuse_act, remember_before
from review.domain.case import stage_before
from review.domain.notice_list import LINE_ORDER, ListSeal, NoticeLine, line_of
from review.domain.record import Transition
from review.handlers.acts import STEP, StepOutcome, cases_by_id, rows_after, unhurried
from review.handlers.loading import CurrentCase, bring_to_newest_word
from review.handlers.ports import SEED_BYTES, Store
from review.handlers.transitions import catch_up


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


@dataclass(frozen=True)
class SealedList:
    """The list as it is to be shown, and the lines of cases that ended before it could be, as one withdrawn (A5)."""

    seal: ListSeal
    dropped: tuple[str, ...]


async def seal_list(act: Act, store: Store) -> SealedList:
    """Seal the list in its published order; reads lines and cases in pages and holds none."""
    seal, dropped = ListSeal(), list[str]()
    async for page in store.notice_lines.pages({"notice_id": act.notice_id}, sort=LINE_ORDER, size=STEP):
        # By pages as well: what the store itself finds, it keeps.
        found = store.cases.pages({"_id": {"$in": [line.case_id for line in page]}}, size=STEP + 1)
        open_cases = {case.case_id async for cases in found for case in cases if not case.ended}
        async for line in unhurried(page):
            if line.case_id not in open_cases:
                dropped.append(line.key)
            else:
                seal.add([line])
    return SealedList(seal, tuple(dropped))


async def record_notice(act: Act, step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Let the notice stand: from this commit on the whole list is public, and the seed of the lots (V7)."""
    if not isinstance(step.result, SealedList):
        raise TypeError(f"{act.act_id} was given no seal")
    removed = [partial(store.notice_lines.remove, key) for key in step.result.dropped]
    if not step.result.seal.shown:
        return StepOutcome(refuse_act(act, notice.nothing_to_publish()), saves=removed)
    today = shanghai_date(now)
    opening = notice.NoticeRequest(act.notice_id, act.level, act.batch_year, act.published_end)
    opened = notice.open_notice(opening, step.result.seal, rules_on(today), today)
    batch, shown, drawn = draw.reveal(await store.batches.require(act.batch), secrets.token_hex(SEED_BYTES), today)
    return StepOutcome(
        replace(act.enter(ActState.PUBLISHING), notice=opened, left_out=len(removed)),
        saves=[
            *removed,
            partial(store.notices.save, opened.notice_id, opened),
            partial(store.revealed_draws.save, shown.key, shown),
            partial(store.batches.save, batch.batch_id, batch),
        ],
        events=[notice.notice_opened_event(opened), *drawn],
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


async def clear_cases(act: Act, _step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Clear the next cases that nothing stands against."""
    lines, cases, after = await _next_lines(act, store, now)
    concluded = notice.conclude_notice(act.shown_in, act.begun_on)
    transitions, waiting = list[list[Transition]](), 0
    async for current in unhurried(cases):
        case = current.case
        cleared = [] if current.caught_up else notice.clear_if_unopposed(case, concluded, act.begun_on)
        transitions += [[remember_before(each, case, act)] for each in cleared]
        waiting += not cleared and case.state is Stage.IN_NOTICE
    done, cleared_now = act.applied + len(lines), act.cleared + len(transitions)
    after = replace(after, applied=done, cleared=cleared_now, waiting=act.waiting + waiting)
    return StepOutcome(after if len(lines) == STEP else after.enter(ActState.SEALING), transitions)


async def record_conclusion(act: Act, _step: ActStep, store: Store, _now: datetime) -> StepOutcome:
    """Let the conclusion stand."""
    concluded = notice.conclude_notice(act.shown_in, act.begun_on)
    return StepOutcome(
        replace(act.enter(ActState.PUBLISHING), notice=concluded),
        saves=[partial(store.notices.save, concluded.notice_id, concluded)],
        events=[notice.notice_concluded_event(concluded, act.begun_on, act.cleared, act.waiting)],
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
