"""Batches: the selection and the opening of its public notice (V8, V9)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chassis.handling import Refusal
from chassis.http import PROBLEMS, Authorize, Body, RequestContext, View, based_on_rule, refuses
from fastapi import APIRouter, Depends
from fastapi import Body as FromBody
from messages.values import Level, Text
from pydantic import Field
from rulebook import basis

from review.api.commands import actor_of
from review.api.policies import PUBLISH_NOTICE, READ_RANKING, SELECT_CASES
from review.domain.notice import PublicNotice
from review.domain.ranking import BatchRanking, RepeatEvaluationDecision, batch_id, verify_ranking
from review.domain.record import ActorRef
from review.handlers import notice, ranking
from review.store import Store


class DecisionBody(Body):
    """The region's decision to hold the evaluation once more in the year (Art. 16)."""

    document_number: Annotated[Text, Field(pattern=r"\S")]
    decided_on: date


class RankingBody(Body):
    dry_run: bool = False
    early_reason: Annotated[str, Field(max_length=2000)] = ""
    """Required before the last day of forwarding; stored with the ranking."""
    decision: DecisionBody | None = None
    """Required beyond the year's evaluation and the cases suspended then (A7); stored with the ranking."""

    def command(self, level: Level, year: int, by: ActorRef) -> ranking.RankBatch:
        given = self.decision
        decision = RepeatEvaluationDecision(given.document_number.strip(), given.decided_on) if given else None
        return ranking.RankBatch(level, year, self.dry_run, by, self.early_reason, decision)


class NoticeBody(Body):
    published_end: date | None = None
    """The minimum end when absent."""


class RankingView(View):
    """A ranking, and whether its inputs reproduce it."""

    ranking: BatchRanking
    reproducible: bool


router = APIRouter(prefix="/batches/{year}", tags=["batches"], responses=PROBLEMS)
SelectCases = Annotated[RequestContext[Store], Depends(Authorize(SELECT_CASES))]
ReadRanking = Annotated[RequestContext[Store], Depends(Authorize(READ_RANKING))]
PublishNotice = Annotated[RequestContext[Store], Depends(Authorize(PUBLISH_NOTICE))]


@router.post(
    "/ranking",
    summary="Rank and select the cases of a batch",
    openapi_extra=based_on_rule(basis("V8")),
    responses=refuses(
        "batch-unfinished", "nothing-to-rank", "forwarding-open", "evaluated-already", "level-not-reviewed"
    ),
)
async def rank_batch(
    year: int,
    context: SelectCases,
    body: Annotated[RankingBody | None, FromBody()] = None,
    level: Level = Level.REGION,
) -> BatchRanking:
    """A dry run shows the ranking and changes nothing."""
    command = (body or RankingBody()).command(level, year, await actor_of(context, SELECT_CASES, None))
    return await context.execute(ranking.rank_batch, command, reply=BatchRanking)


@router.get("/ranking", summary="Show the ranking of a batch")
async def list_rankings(
    year: int,
    context: ReadRanking,
    level: Level = Level.REGION,
) -> list[RankingView]:
    """All rankings of the batch, the first one first."""
    rankings = await context.store.rankings.find({"batch": batch_id(level, year)}, sort=[("number", 1)])
    if not rankings:
        raise Refusal("not-found", status=404)
    return [RankingView(ranking=each, reproducible=verify_ranking(each)) for each in rankings]


@router.post(
    "/notice",
    summary="Publish the public notice of a batch",
    openapi_extra=based_on_rule(basis("V9")),
    status_code=201,
    responses=refuses("nothing-to-publish", "level-not-reviewed"),
)
async def publish_notice(
    year: int,
    context: PublishNotice,
    body: Annotated[NoticeBody | None, FromBody()] = None,
    level: Level = Level.REGION,
) -> PublicNotice:
    end = body.published_end if body else None
    command = notice.OpenNotice(level, year, end, await actor_of(context, PUBLISH_NOTICE, None))
    return await context.execute(notice.open_notice, command, reply=PublicNotice)
