"""Batches: the selection and the opening of its public notice (V8, V9)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

from chassis.handling import Refusal
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    Cursor,
    Day,
    Limit,
    Page,
    Prefer,
    RequestContext,
    View,
    Year,
    based_on_rule,
    located_at,
    refuses,
)
from fastapi import Body as FromBody
from fastapi import Depends, Path
from messages.entries import DocumentNumber, OptionalParagraphs
from messages.values import Level
from rulebook import basis

from review.api.acts import under_way, wait_for_act
from review.api.commands import acting_on_batch
from review.api.policies import PUBLISH_NOTICE, READ_DRAWS, READ_RANKING, SELECT_CASES
from review.api.views import ActView, DrawView, RankingLineView, draw_views
from review.domain.act import Act
from review.domain.group import RankingLine
from review.domain.notice import PublicNotice
from review.domain.ranking import BatchRanking, RepeatEvaluationDecision, batch_id, ranking_id
from review.domain.record import ActorRef
from review.handlers import notice, ranking
from review.handlers.acts import ActReceipt
from review.handlers.ranking_steps import verify_ranking
from review.store import Store

_WHOLE_BATCH = asyncio.Semaphore(1)
"""A trial holds the lines of a whole batch, a check reads them all: one at a time in each process."""


class DecisionBody(Body):
    """The region's decision to hold the evaluation once more in the year (Art. 16)."""

    document_number: DocumentNumber
    decided_on: Day


class RankingBody(Body):
    dry_run: bool = False
    early_reason: OptionalParagraphs = ""
    """Required before the last day of forwarding; stored with the ranking."""
    decision: DecisionBody | None = None
    """Required beyond the year's evaluation and the cases suspended then (A7); stored with the ranking."""

    def command(self, act_id: str, level: Level, year: int, by: ActorRef) -> ranking.RankBatch:
        given = self.decision
        decision = RepeatEvaluationDecision(given.document_number, given.decided_on) if given else None
        return ranking.RankBatch(act_id, level, year, by, self.early_reason, decision)


class NoticeBody(Body):
    published_end: Day | None = None
    """The minimum end when absent."""


class RankingResult(View):
    """A ranking with its first lines; while the act is under way only its progress."""

    act: ActView | None = None
    """None for a dry run, of which nothing is stored."""
    ranking: BatchRanking | None = None
    lines: tuple[RankingLineView, ...] = ()


class NoticeResult(View):
    """A public notice; while the act is under way only its progress."""

    act: ActView
    notice: PublicNotice | None = None


class RankingCheckView(View):
    """Whether the stored lines give the ranking again, and how many were read."""

    ranking_id: str
    lines: int
    reproducible: bool


router = APIRouter(prefix="/batches/{year}", tags=["batches"], responses=PROBLEMS)
SelectCases = Annotated[RequestContext[Store], Depends(Authorize(SELECT_CASES))]
ReadDraws = Annotated[RequestContext[Store], Depends(Authorize(READ_DRAWS))]
ReadRanking = Annotated[RequestContext[Store], Depends(Authorize(READ_RANKING))]
PublishNotice = Annotated[RequestContext[Store], Depends(Authorize(PUBLISH_NOTICE))]
RankingNumber = Annotated[int, Path(ge=1, le=1000)]
BY_PLACE = (("position", 1),)


@router.post(
    "/ranking",
    summary="Rank and select the cases of a batch",
    openapi_extra=based_on_rule(basis("V8")),
    responses=under_way(RankingResult)
    | refuses(
        "batch-unfinished",
        "nothing-to-rank",
        "forwarding-open",
        "evaluated-already",
        "act-under-way",
        "level-not-reviewed",
    ),
)
async def rank_batch(
    year: Year,
    context: SelectCases,
    body: Annotated[RankingBody | None, FromBody()] = None,
    level: Level = Level.REGION,
    prefer: Prefer = None,
) -> RankingResult:
    """Wait for the result as the caller prefers (``Prefer: wait=20``, seconds), then answer 202 with the progress.

    A dry run shows the ranking and changes nothing; it needs no idempotency key.
    """
    asked, by = body or RankingBody(), await acting_on_batch(context, level, year)
    act_id = "" if asked.dry_run else context.new_id("act-", f"ranking-{year}")
    command = asked.command(act_id, level, year, by)
    if asked.dry_run:
        async with _WHOLE_BATCH:
            tried = await ranking.try_ranking(command, context.store, context.now)
        return RankingResult(ranking=tried.ranking, lines=_views(tried.lines[:DEFAULT_LIMIT]))
    begun = await context.execute(ranking.rank_batch, command, reply=ActReceipt)
    act = await wait_for_act(context, begun.act_id, prefer, done=200)
    if not act.finished:
        return RankingResult(act=ActView.model_validate(act))
    first = await context.page(context.store.ranking_lines, {"act": act.act_id}, BY_PLACE)
    return RankingResult(act=ActView.model_validate(act), ranking=act.ranking, lines=_views(first.items))


def _views(lines: Sequence[RankingLine]) -> tuple[RankingLineView, ...]:
    return tuple(RankingLineView.model_validate(each) for each in lines)


@router.get("/draws", summary="List the seeds of the batch's lots", openapi_extra=based_on_rule(basis("V7")))
async def list_draws(year: Year, context: ReadDraws, level: Level = Level.REGION) -> list[DrawView]:
    """Show the commitment to each seed, and the seed once it is revealed with the public notice.

    Lots are SHA-256 digests of canonical JSON: of a site visit ["site", seed, case], of a panel [seed, case, expert];
    the commitment is that of ["draw", seed].
    """
    store, key = context.store, batch_id(level, year)
    batch = await store.batches.require(key)
    return draw_views(batch, await store.revealed_draws.find({"batch": key}, sort=[("number", 1)]))


@router.get("/ranking", summary="Show the rankings of a batch")
async def list_rankings(
    year: Year,
    context: ReadRanking,
    level: Level = Level.REGION,
) -> list[BatchRanking]:
    """All rankings of the batch, the first one first; the lines of each have a list of their own."""
    rankings = await context.store.rankings.find({"batch": batch_id(level, year)}, sort=[("number", 1)])
    if not rankings:
        raise Refusal("not-found", status=404)
    return rankings


@router.get("/ranking/{number}/lines", summary="List the cases of a ranking in their places")
async def list_ranking_lines(  # noqa: PLR0913, PLR0917 - path, page and level
    year: Year,
    number: RankingNumber,
    context: ReadRanking,
    level: Level = Level.REGION,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[RankingLineView]:
    made = await _ranking(context, level, year, number)
    page = await context.page(context.store.ranking_lines, {"act": made.act}, BY_PLACE, limit, after)
    return page.map(RankingLineView.model_validate)


@router.get("/ranking/{number}/check", summary="Compute a ranking again from its stored lines")
async def check_ranking(
    year: Year, number: RankingNumber, context: ReadRanking, level: Level = Level.REGION
) -> RankingCheckView:
    """Read every line; one check at a time in each process."""
    made = await _ranking(context, level, year, number)
    async with _WHOLE_BATCH:
        reproducible = await verify_ranking(made, context.store)
    return RankingCheckView(ranking_id=made.ranking_id, lines=made.compared, reproducible=reproducible)


async def _ranking(context: RequestContext[Store], level: Level, year: int, number: int) -> BatchRanking:
    return await context.store.rankings.require(ranking_id(batch_id(level, year), number))


@router.post(
    "/notice",
    summary="Publish the public notice of a batch",
    openapi_extra=based_on_rule(basis("V9")) | located_at("/v1/notices/{act[notice_id]}"),
    status_code=201,
    responses=under_way(NoticeResult) | refuses("nothing-to-publish", "act-under-way", "level-not-reviewed"),
)
async def publish_notice(
    year: Year,
    context: PublishNotice,
    body: Annotated[NoticeBody | None, FromBody()] = None,
    level: Level = Level.REGION,
    prefer: Prefer = None,
) -> NoticeResult:
    """Wait for the notice as the caller prefers (``Prefer: wait=20``, seconds), then answer 202 with the progress."""
    end = body.published_end if body else None
    by = await acting_on_batch(context, level, year)
    command = notice.OpenNotice(context.new_id("act-", f"notice-{year}"), level, year, end, by)
    begun = await context.execute(notice.open_notice, command, reply=ActReceipt)
    return notice_result(await wait_for_act(context, begun.act_id, prefer, done=201))


def notice_result(act: Act) -> NoticeResult:
    return NoticeResult(act=ActView.model_validate(act), notice=act.notice if act.finished else None)
