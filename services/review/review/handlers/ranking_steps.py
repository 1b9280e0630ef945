"""The steps of a ranking (V8): collect the values, compute, apply, let it stand, publish the ends of cases."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime
from functools import partial

from messages.event import Event
from rulebook import rules_of, rules_on, shanghai_date

from review.domain import group, ranking, ranking_result
from review.domain.act import Act, ActState, ActStep, changed_by, refuse_act, remember_before
from review.domain.closing import closed_event
from review.domain.group import RankingLine
from review.domain.ranking import BatchRanking, RankedBatch, RankingTerms, WaitingCase
from review.domain.ranking_result import RankingBasis
from review.domain.record import Transition
from review.handlers.acts import STEP, StepOutcome, cases_by_id, rows_after, unhurried
from review.handlers.loading import bring_to_newest_word
from review.handlers.ports import Store
from review.handlers.ranking import NAMED, STAGES_COMPARED, earlier_rankings, missed_earlier, nothing_to_rank

LINES_AT_ONCE = 200
"""Lines sealed in one call, so that no call keeps the event loop long."""


async def collect_values(act: Act, _step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Store the values of the next cases; suspended ones wait for a later ranking (A7)."""
    state = STAGES_COMPARED[act.stage]
    same_batch = {"level": act.level, "batch_year": act.batch_year}
    where = {**same_batch, "state": state, "_id": {"$gt": act.cursor}}
    cases = await store.cases.find(where, sort=[("_id", 1)], limit=STEP)
    present = await bring_to_newest_word(cases, store, shanghai_date(now))
    if waiting := [each.case for each in present if ranking.is_unfinished(each.case)]:
        return StepOutcome(refuse_act(act, *map(ranking.unfinished, waiting[:NAMED])))
    lines, suspended = list[RankingLine](), list[WaitingCase]()
    for case, now_case in zip(cases, present, strict=True):
        if case.suspended_by or now_case.case.suspended_by:
            suspended.append(WaitingCase(act.act_id, act.batch, case.case_id, "suspended"))
        elif not now_case.case.ended:
            lines.append(group.line_of(case, act.act_id, store.cases.version(case.case_id)))
    missed = await missed_earlier(act.batch, [line.case_id for line in lines], store)
    new = [line.case_id for line in lines if line.case_id not in missed]
    after = replace(
        act,
        collected=act.collected + len(lines),
        suspended=act.suspended + len(suspended),
        new_cases=act.new_cases + len(new),
        first_new=(*act.first_new, *new)[:NAMED],
        cursor=cases[-1].case_id if cases else "",
    )
    if len(cases) < STEP:
        after = replace(after, stage=act.stage + 1, cursor="")
        if after.stage == len(STAGES_COMPARED):
            after = after.enter(ActState.COMPUTING)
    saves = [
        *(partial(store.ranking_lines.save, line.key, line) for line in lines),
        *(partial(store.waiting_cases.save, each.key, each) for each in suspended),
    ]
    return StepOutcome(after, saves=saves)


async def compute_ranking(act: Act, store: Store) -> RankedBatch:
    """Compute the ranking from the values collected; the same values give the same ranking, however often."""
    rows = rows_after(act.act_id, "")
    lines = [line async for page in store.ranking_lines.pages(rows) for line in page]
    suspended = [each.case_id async for page in store.waiting_cases.pages(rows) for each in page if each.suspended]
    earlier = await earlier_rankings(act.batch, store)
    basis = RankingBasis(
        batch=await store.batches.require(act.batch),
        act=act.act_id,
        number=len(earlier) + 1,
        made_on=act.begun_on,
        taken=ranking_result.taken_places(earlier),
        suspended=suspended,
        evaluation=act.new_cases > 0,
        terms=act.terms or RankingTerms(),
    )
    return await asyncio.to_thread(ranking_result.make_ranking, basis, lines)


async def record_result(act: Act, step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Record the computed ranking; the last moment at which the act can be refused."""
    if not isinstance(step.result, BatchRanking):
        raise TypeError(f"{act.act_id} was given no ranking")
    if not step.result.compared:
        return StepOutcome(refuse_act(act, *nothing_to_rank().reasons))
    rules = [rules_on(shanghai_date(now)), *(rules_of(each.rule_set) for each in step.result.groups)]
    earlier = await earlier_rankings(act.batch, store)
    undecided = act.terms is None or act.terms.decision is None
    if act.new_cases and undecided and ranking.evaluations_used_up(earlier, rules):
        return StepOutcome(refuse_act(act, ranking.repeat_evaluation_reason(act.first_new, rules)))
    return StepOutcome(replace(act.enter(ActState.APPLYING), ranking=step.result))


async def apply_ranking(act: Act, step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Apply the outcome to the next cases in their places; a case that has changed meanwhile keeps its state."""
    lines = [line for line in step.lines if isinstance(line, RankingLine)]
    if step.result != act.result.digest or lines[0].position != act.applied + 1:
        raise ValueError(f"the values of {act.act_id} do not give its ranking again")
    cases = await cases_by_id((line.case_id for line in lines), store, now)
    await store.ranking_lines.find({"_id": {"$in": [line.key for line in lines]}})  # one query for all of them
    transitions, rows, left_out = list[list[Transition]](), list[RankingLine](), list[RankingLine]()
    async for line in unhurried(lines):
        current = cases.get(line.case_id)
        if current is None or current.caught_up or store.cases.version(line.case_id) != line.case_version:
            left_out.append(replace(line, left_out=ranking.left_out_text(current.case if current else None)))
        else:
            applied = ranking.apply_ranking(current.case, act.result, line)
            transitions.append([remember_before(applied, current.case, act)])
            rows.append(line)
    waiting = [WaitingCase(act.act_id, act.batch, line.case_id, "changed") for line in left_out]
    unplaced = Counter(act.unplaced) + Counter(line.unit_type for line in left_out if line.outcome == "selected")
    after = replace(
        act, applied=act.applied + len(lines), left_out=act.left_out + len(left_out), unplaced=dict(unplaced)
    )
    if after.applied == act.result.compared:
        after = after.enter(ActState.SEALING)
    saves = [
        *(partial(store.ranking_lines.save, line.key, line) for line in (*rows, *left_out)),
        *(partial(store.waiting_cases.save, each.key, each) for each in waiting),
    ]
    return StepOutcome(after, transitions, saves)


async def verify_ranking(made: BatchRanking, store: Store) -> bool:
    """Whether the stored lines reproduce the ranking; reads them in pages and holds none."""
    check = ranking_result.RankingCheck(made)
    async for waiting in store.waiting_cases.pages(rows_after(made.act, "")):
        check.add_suspended([each.case_id for each in waiting if each.suspended])
    async for page in store.ranking_lines.pages({"act": made.act}, sort=[("position", 1)]):
        for first in range(0, len(page), LINES_AT_ONCE):
            check.add(page[first : first + LINES_AT_ONCE])
            await asyncio.sleep(0)
    return check.reproducible


async def record_ranking(act: Act, step: ActStep, store: Store, _now: datetime) -> StepOutcome:
    """Let the ranking stand: from this commit on every reader sees it, and each case as it left it."""
    if step.result is not True:
        raise ValueError(f"the stored lines of {act.act_id} do not reproduce its ranking")
    made = replace(act.result, left_out=act.left_out, unplaced=act.unplaced, reproducible=True)
    after = replace(act.enter(ActState.PUBLISHING), ranking=made)
    return StepOutcome(after, saves=[partial(store.rankings.save, made.ranking_id, made)])


async def publish_closings(act: Act, _step: ActStep, store: Store, now: datetime) -> StepOutcome:
    """Publish the end of the next cases that were not selected."""
    where = {"act": act.act_id, "position": {"$gt": act.published}}
    lines = await store.ranking_lines.find(where, sort=[("position", 1)], limit=STEP)
    ended = [line.case_id for line in lines if line.outcome != "selected" and line.left_out is None]
    events, saves = list[Event](), []
    async for case in unhurried(each.case for each in (await cases_by_id(ended, store, now)).values()):
        if case.closing is not None and changed_by(case, act):
            events.append(closed_event(case, case.closing))
            saves.append(partial(store.cases.save, case.case_id, replace(case, before=None)))
    after = replace(act, published=act.published + len(lines))
    if after.published == act.result.compared:
        after = after.enter(ActState.DONE)
    return StepOutcome(after, saves=saves, events=events)


async def discard_values(act: Act, _step: ActStep, store: Store, _now: datetime) -> StepOutcome:
    """Remove what a refused act has collected."""
    rows = rows_after(act.act_id, "")
    lines = await store.ranking_lines.find(rows, limit=STEP)
    waiting = await store.waiting_cases.find(rows, limit=STEP)
    saves = [
        *(partial(store.ranking_lines.remove, line.key) for line in lines),
        *(partial(store.waiting_cases.remove, each.key) for each in waiting),
    ]
    return StepOutcome(act if saves else act.enter(ActState.REFUSED), saves=saves)
