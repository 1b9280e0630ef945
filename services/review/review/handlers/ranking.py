"""The selection of a batch (V8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.event import Event
from messages.values import Level
from rulebook import rules_of, rules_on, shanghai_date

from review.domain import ranking
from review.domain.case import RANKABLE, UNDER_REVIEW, Case
from review.domain.ranking import Batch, BatchRanking
from review.domain.record import By
from review.domain.refusals import refusal, require_region
from review.handlers.desk import Store, take


@dataclass(frozen=True)
class RankBatch:
    level: Level
    batch_year: int
    dry_run: bool
    by: By
    early_reason: str = ""
    """Why not to wait until nothing more can be forwarded."""


async def rank_batch(command: RankBatch, store: Store, now: datetime) -> Done:
    """Rank every reviewed case of the batch and keep the ranking; a dry run changes nothing.

    Suspended cases are left out; when they go on, another ranking takes them in. Before the last day of forwarding it
    takes a reason, which is kept.
    """
    require_region(command.level)
    today = shanghai_date(now)
    cases = await _cases(command, store)
    batch = await _batch(command, store)
    early = _early_reason(command, cases, today)
    made = ranking.ranked(batch, cases, await _earlier(batch, store), today, early)
    if command.dry_run:
        return Done(value=made)
    store.rankings.save(made.ranking_id, made)
    said = list[Event]()
    for case in cases:
        said += take(store, [ranking.settled(case, made, today)], command.by, now)
    return Done(said, made)


def _early_reason(command: RankBatch, cases: Sequence[Case], today: date) -> str:
    rules = [rules_on(today), *(rules_of(version) for version in {case.rule_set for case in cases})]
    if (early := ranking.forwarding_open(command.batch_year, rules, today)) is None:
        return ""
    if not command.dry_run and not command.early_reason.strip():
        raise Refusal("forwarding-open", early)
    return command.early_reason.strip()


async def _batch(command: RankBatch, store: Store) -> Batch:
    return await store.batches.require(ranking.batch_id(command.level, command.batch_year))


async def _cases(command: RankBatch, store: Store) -> list[Case]:
    states = [*UNDER_REVIEW, *RANKABLE]
    found = await store.cases.find(
        {
            "level": command.level,
            "batch_year": command.batch_year,
            "state": {"$in": states},
            "suspended_by": None,
        }
    )
    if waiting := ranking.unfinished(found):
        raise Refusal("batch-unfinished", *waiting)
    if not found:
        raise refusal("V8", "nothing-to-rank", "该批次没有待择优排序的项目")
    return found


async def _earlier(batch: Batch, store: Store) -> list[BatchRanking]:
    return await store.rankings.find({"batch": batch.batch_id}, sort=[("number", 1)])
