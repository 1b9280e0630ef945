"""Only the region's level is reviewed here: the others are no batch of the region's (V11, V12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from chassis.handling import Refusal
from messages.values import Level
from review.handlers.notice import OpenNotice, open_notice
from review.handlers.opinion import ForwardCase, forward_case
from review.handlers.panel import AppointPanel, AppointPanels, appoint_panel, appoint_panels
from review.handlers.ranking import RankBatch, rank_batch

from .api_calls import Participants
from .builders import OFFICER, ORGANISATION, REGION, accepted
from .harness import ReviewHarness

ELSEWHERE = [(Level.PREFECTURE, "V11", "第十五条"), (Level.NATION, "V12", "第五条、第十六条")]
Act = tuple[Callable[..., Any], Any]


def acts(level: Level) -> list[Act]:
    return [
        (forward_case, ForwardCase("app-1", OFFICER)),
        (appoint_panel, AppointPanel("app-1", (), ORGANISATION)),
        (appoint_panels, AppointPanels(level, 2026, ORGANISATION)),
        (rank_batch, RankBatch("act-1", level, 2026, REGION)),
        (open_notice, OpenNotice("act-2", level, 2026, None, REGION)),
    ]


@pytest.mark.rule("V11", "V12")
@pytest.mark.parametrize(("level", "rule", "article"), ELSEWHERE)
async def test_forwarding_panels_ranking_and_notice_are_the_regions_alone(
    handlers: ReviewHarness, level: Level, rule: str, article: str
) -> None:
    case_id = await handlers.open(accepted().model_copy(update={"level": level}))
    await handlers.agree(case_id)
    await handlers.accept(case_id)
    await handlers.issue(case_id)

    for handler, command in acts(level):
        with pytest.raises(Refusal) as refused:
            await handlers.execute(handler, command)
        assert (refused.value.status, refused.value.code) == (409, "level-not-reviewed")
        assert [(each.rule, each.article) for each in refused.value.reasons] == [(rule, article)]


@pytest.mark.rule("V11")
async def test_the_routes_of_a_batch_answer_with_the_article(participants: Participants) -> None:
    for caller, path in (
        (participants.reviewers, "panels"),
        (participants.region, "ranking"),
        (participants.region, "notice"),
    ):
        answer = await caller.post(f"/v1/batches/2026/{path}?level=prefecture")
        assert (answer.status_code, answer.json()["code"]) == (409, "level-not-reviewed")
        assert answer.json()["reasons"][0]["article"] == "第十五条"
