"""The selection of a batch (V8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.event import Event
from messages.values import Level, Reason
from rulebook import RuleSet, rules_of, rules_on, shanghai_date

from review.domain import ranking
from review.domain.case import RANKABLE, UNDER_REVIEW, Case
from review.domain.ranking import Batch, BatchRanking, RankingTerms, RepeatEvaluationDecision
from review.domain.record import ActorRef
from review.domain.refusals import refusal, require_region
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions


@dataclass(frozen=True)
class RankBatch:
    level: Level
    batch_year: int
    dry_run: bool
    by: ActorRef
    early_reason: str = ""
    """Why not to wait until nothing more can be forwarded."""
    decision: RepeatEvaluationDecision | None = None
    """The decision to hold the evaluation once more in the year."""


async def rank_batch(command: RankBatch, store: Store, now: datetime) -> Done:
    """Rank every reviewed case of the batch and store the ranking; a dry run changes nothing.

    Suspended cases are left out; when they go on, another ranking takes them in. Before the last day of forwarding it
    takes a reason, and beyond the year's evaluation a decision; both are stored.
    """
    require_region(command.level)
    today = shanghai_date(now)
    cases, waiting = await _cases_of_batch(command, store)
    batch = await _batch(command, store)
    earlier = await _earlier_rankings(batch, store)
    made = ranking.rank_cases(batch, cases, earlier, today, _ranking_terms(command, cases, waiting, earlier, today))
    if command.dry_run:
        return Done(value=made)
    store.rankings.save(made.ranking_id, made)
    events = list[Event]()
    for case in cases:
        events += apply_transitions(store, [ranking.apply_ranking(case, made, today)], command.by, now)
    return Done(events, made)


def _ranking_terms(
    command: RankBatch, cases: Sequence[Case], waiting: Sequence[Case], earlier: Sequence[BatchRanking], today: date
) -> RankingTerms:
    rules = [rules_on(today), *(rules_of(version) for version in {case.rule_set for case in cases})]
    return RankingTerms(
        early_reason=_early_reason(command, rules, today),
        decision=_decision(command, ranking.repeat_evaluation_reason(cases, earlier, rules), today),
        suspended_cases=tuple(case.case_id for case in waiting),
    )


def _early_reason(command: RankBatch, rules: Sequence[RuleSet], today: date) -> str:
    if (early := ranking.forwarding_open(command.batch_year, rules, today)) is None:
        return ""
    if not command.dry_run and not command.early_reason.strip():
        raise Refusal("forwarding-open", early)
    return command.early_reason.strip()


def _decision(command: RankBatch, beyond: Reason | None, today: date) -> RepeatEvaluationDecision | None:
    if beyond is None:
        return None
    if command.decision is not None:
        ranking.require_past_decision(command.decision, today)
    elif not command.dry_run:
        raise Refusal("evaluated-already", beyond)
    return command.decision


async def _batch(command: RankBatch, store: Store) -> Batch:
    return await store.batches.require(ranking.batch_id(command.level, command.batch_year))


async def _cases_of_batch(command: RankBatch, store: Store) -> tuple[list[Case], list[Case]]:
    """Return the cases to compare, and those that are suspended."""
    states = [*UNDER_REVIEW, *RANKABLE]
    found = await store.cases.find(
        {
            "level": command.level,
            "batch_year": command.batch_year,
            "state": {"$in": states},
        }
    )
    running = [case for case in found if case.suspended_by is None]
    if unfinished := ranking.unfinished_cases(running):
        raise Refusal("batch-unfinished", *unfinished)
    if not running:
        raise refusal("V8", "nothing-to-rank", "该批次没有待择优排序的项目")
    return running, [case for case in found if case.suspended_by is not None]


async def _earlier_rankings(batch: Batch, store: Store) -> list[BatchRanking]:
    return await store.rankings.find({"batch": batch.batch_id}, sort=[("number", 1)])
