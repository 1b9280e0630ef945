"""The selection of a batch (V8): tried without effect, or begun as an act."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.values import Level, Reason
from rulebook import RuleSet, load_rule_sets, rules_on, shanghai_date

from review.domain import group, ranking, ranking_result
from review.domain.act import Act, ActState
from review.domain.case import RANKABLE, UNDER_REVIEW
from review.domain.group import RankingLine
from review.domain.ranking import (
    BatchRanking,
    RankedBatch,
    RankingTerms,
    RepeatEvaluationDecision,
)
from review.domain.ranking_result import RankingBasis
from review.domain.record import ActorRef
from review.domain.refusals import refusal, require_region
from review.handlers.acts import STEP, begin_act
from review.handlers.ports import Store

STAGES_COMPARED = (*UNDER_REVIEW, *RANKABLE)
"""In their order, so that a case which moves on while the values are collected is not missed."""
NAMED = 20
"""Cases that a refusal names; there may be thousands."""
PAGES_SEARCHED = 20
"""Pages of cases that a command searches for a new one; beyond them the act finds out."""
LINES_AT_ONCE = 200
"""Lines sealed in one call, so that no call keeps the event loop long."""


@dataclass(frozen=True)
class RankBatch:
    act_id: str
    level: Level
    batch_year: int
    by: ActorRef
    early_reason: str = ""
    """Why not to wait until nothing more can be forwarded."""
    decision: RepeatEvaluationDecision | None = None
    """The decision to hold the evaluation once more in the year."""

    @property
    def batch_id(self) -> str:
        return ranking.batch_id(self.level, self.batch_year)

    @property
    def same_batch(self) -> dict[str, object]:
        return {"level": self.level, "batch_year": self.batch_year}


async def rank_batch(command: RankBatch, store: Store, now: datetime) -> Done:
    """Begin to rank every reviewed case of the batch.

    Suspended cases are left out; when they go on, another ranking takes them in. Before the last day of forwarding it
    takes a reason, and beyond the year's evaluation a decision; both are stored.
    """
    today = shanghai_date(now)
    total = await _count_rankable(command, store)
    batch = await store.batches.require(command.batch_id)
    rules = await _rules_of_batch(command.same_batch, today, store)
    early = ranking.forwarding_open(command.batch_year, rules, today)
    if early and not command.early_reason.strip():
        raise Refusal("forwarding-open", early)
    due = await _decision_due(command, rules, store)
    if due and command.decision is None:
        raise Refusal("evaluated-already", due)
    act = Act(
        act_id=command.act_id,
        kind="ranking",
        batch=batch.batch_id,
        level=command.level,
        batch_year=command.batch_year,
        by=command.by,
        begun_on=today,
        state=ActState.COLLECTING,
        total=total,
        terms=_terms(command, early, due, today),
    )
    return await begin_act(act, store)


async def _count_rankable(command: RankBatch, store: Store) -> int:
    """Count the cases to compare; refuse while others that are not suspended are still under review."""
    require_region(command.level)
    running = {**command.same_batch, "suspended_by": None}
    if unfinished := await store.cases.find({**running, "state": {"$in": UNDER_REVIEW}}, limit=NAMED):
        raise Refusal("batch-unfinished", *map(ranking.unfinished, unfinished))
    if not (total := await store.cases.count({**running, "state": {"$in": RANKABLE}})):
        raise nothing_to_rank()
    return total


def nothing_to_rank() -> Refusal:
    return refusal("V8", "nothing-to-rank", "该批次没有待择优排序的项目")


async def _rules_of_batch(same_batch: dict[str, object], today: date, store: Store) -> list[RuleSet]:
    """Return today's rule set and those that cases of the batch keep (G2)."""
    kept = [
        each
        for each in load_rule_sets().all
        if await store.cases.find({**same_batch, "rule_set": each.version}, limit=1)
    ]
    return [rules_on(today), *kept]


def _terms(command: RankBatch, early: Reason | None, due: Reason | None, today: date) -> RankingTerms:
    """Return reason and decision where they are due; others are not kept."""
    if due and command.decision is not None:
        ranking.require_past_decision(command.decision, today)
    return RankingTerms(command.early_reason.strip() if early else "", command.decision if due else None)


async def _decision_due(command: RankBatch, rules: Sequence[RuleSet], store: Store) -> Reason | None:
    """Return why a decision is due, where one is (A7)."""
    if not ranking.evaluations_used_up(await earlier_rankings(command.batch_id, store), rules):
        return None
    new = await _first_new_cases(command, store)
    return ranking.repeat_evaluation_reason(new, rules) if new else None


async def _first_new_cases(command: RankBatch, store: Store) -> list[str]:
    """Return some of the cases that missed no earlier ranking."""
    for state in RANKABLE:
        cursor = ""
        for _ in range(PAGES_SEARCHED):
            where = {**command.same_batch, "state": state, "_id": {"$gt": cursor}}
            page = await store.cases.find(where, sort=[("_id", 1)], limit=STEP)
            running = [case.case_id for case in page if case.suspended_by is None]
            missed = await missed_earlier(command.batch_id, running, store)
            if new := [case_id for case_id in running if case_id not in missed]:
                return new[:NAMED]
            if len(page) < STEP:
                break
            cursor = page[-1].case_id
    return []


async def missed_earlier(batch_id: str, case_ids: Sequence[str], store: Store) -> set[str]:
    """Return those of the cases that waited when an earlier ranking of the batch was made."""
    waited = await store.waiting_cases.find({"batch": batch_id, "case_id": {"$in": list(case_ids)}})
    return {each.case_id for each in waited}


async def earlier_rankings(batch_id: str, store: Store) -> list[BatchRanking]:
    return await store.rankings.find({"batch": batch_id}, sort=[("number", 1)])


async def try_ranking(command: RankBatch, store: Store, now: datetime) -> RankedBatch:
    """Rank without storing anything: at any time, without reason or decision."""
    today = shanghai_date(now)
    await _count_rankable(command, store)
    batch = await store.batches.require(command.batch_id)
    lines, suspended = list[RankingLine](), list[str]()
    for state in STAGES_COMPARED:
        async for page in store.cases.pages({**command.same_batch, "state": state}, size=STEP):
            lines += [group.line_of(case, "", 0) for case in page if case.suspended_by is None]
            suspended += [case.case_id for case in page if case.suspended_by is not None]
    rules = await _rules_of_batch(command.same_batch, today, store)
    early = ranking.forwarding_open(command.batch_year, rules, today)
    due = await _decision_due(command, rules, store)
    earlier = await earlier_rankings(batch.batch_id, store)
    basis = RankingBasis(
        batch=batch,
        act="",
        number=len(earlier) + 1,
        made_on=today,
        taken=ranking_result.taken_places(earlier),
        suspended=sorted(suspended),
        terms=_terms(command, early, due, today),
    )
    return await asyncio.to_thread(ranking_result.make_ranking, basis, lines)
