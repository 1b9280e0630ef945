"""An act on a batch touches the cases of that year and level alone (V5, V8, V9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from chassis.handling import Refusal
from messages.event import Event
from messages.review import PublicNoticeConcluded, Stage
from messages.values import Level
from review.domain.case import Case
from review.domain.ranking import BatchRanking, WaitingCase
from review.handlers.panel import AppointPanels, appoint_panels
from review.store import Store

from .builders import COPPER, DAIRY, ONCE_MORE, ORGANISATION, accepted, opened_case, order, ranked, scored_case, unit
from .harness import ReviewHarness, put_case, put_waiting
from .test_notice import DAY_AFTER, in_notice

OTHERS: tuple[dict[str, Any], ...] = ({"batch_year": 2025}, {"level": Level.NATION})


def in_other_batches(case: Case) -> list[Case]:
    """The case in the batch of another year, and at another level."""
    return [replace(case, case_id=f"other-{number}", **changed) for number, changed in enumerate(OTHERS)]


async def put_all(handlers: ReviewHarness, *cases: Case) -> None:
    for each in cases:
        await handlers.do(put_case, each)


async def put_ranking(made: BatchRanking, store: Store, _now: datetime) -> list[Event]:
    store.rankings.save(made.ranking_id, made)
    return []


async def unchanged(handlers: ReviewHarness, *cases: Case) -> bool:
    return [await handlers.case(each.case_id) for each in cases] == [*cases]


@pytest.mark.rule("V5")
async def test_panels_are_drawn_for_the_forwarded_cases_of_the_batch_alone(handlers: ReviewHarness) -> None:
    case_id = await handlers.forward()
    others = in_other_batches(opened_case(accepted("x", unit(COPPER)), state=Stage.FORWARDED))
    elsewhere = opened_case(accepted("app-9", unit(DAIRY)), state=Stage.CONSULTING)
    await put_all(handlers, *others, elsewhere)
    await handlers.register()

    done = (await handlers.execute(appoint_panels, AppointPanels(Level.REGION, 2026, ORGANISATION))).value

    assert [each.case_id for each in done.appointed] == [case_id]
    assert (done.impossible, done.next) == ((), None)
    assert await unchanged(handlers, *others, elsewhere)


@pytest.mark.rule("V8")
async def test_a_ranking_compares_the_cases_of_its_batch_and_waits_for_no_others(handlers: ReviewHarness) -> None:
    await handlers.register()
    case_id = await handlers.score(share="0.95")
    await handlers.visit()
    scored = in_other_batches(scored_case("x", "99", event=accepted("x", unit(COPPER))))
    forwarded = [
        replace(each, case_id=f"forwarded-{number}", state=Stage.FORWARDED) for number, each in enumerate(scored)
    ]
    await put_all(handlers, *scored, *forwarded)

    tried = await handlers.try_ranking()
    made = await handlers.rank()

    assert order(tried) == order(made) == [case_id]
    assert (made.ranking.number, made.ranking.compared) == (1, 1)
    assert await unchanged(handlers, *scored, *forwarded)


@pytest.mark.rule("V8")
async def test_the_cases_of_other_batches_are_nothing_to_rank(handlers: ReviewHarness) -> None:
    await put_all(handlers, *in_other_batches(scored_case("x", "99")))

    with pytest.raises(Refusal, match="nothing-to-rank"):
        await handlers.rank()


@pytest.mark.rule("V8", "A7")
async def test_rankings_of_other_batches_are_no_evaluation_of_this_one(handlers: ReviewHarness) -> None:
    before = replace(ranked(scored_case("old", "90")).ranking, level=Level.REGION, batch_year=2025)
    await handlers.do(put_ranking, replace(before, ranking_id="region-2025-1", batch="region-2025", act="act-old"))
    await handlers.register()
    await handlers.score(share="0.95")
    await handlers.visit()

    made = await handlers.rank()

    assert (made.ranking.ranking_id, made.ranking.number, made.ranking.decision) == ("region-2026-1", 1, None)


@pytest.mark.rule("A7")
async def test_a_case_that_missed_a_ranking_of_another_batch_is_new_in_this_one(handlers: ReviewHarness) -> None:
    await handlers.register()
    await handlers.score(share="0.95")
    await handlers.visit()
    await handlers.rank()
    late = replace(scored_case("app-8", "95", event=accepted("app-8", unit(COPPER))), state=Stage.SCORED)
    await put_all(handlers, late)
    await handlers.do(put_waiting, WaitingCase("act-0", "region-2025", "app-8", "suspended"))

    with pytest.raises(Refusal, match="evaluated-already"):
        await handlers.rank()
    await handlers.do(put_waiting, WaitingCase("act-1", "region-2026", "app-8", "suspended"))
    second = await handlers.rank()

    assert (order(second), second.ranking.evaluation) == (["app-8"], False)


@pytest.mark.rule("A7")
async def test_a_decision_that_is_not_due_is_not_kept(handlers: ReviewHarness) -> None:
    await handlers.register()
    await handlers.score(share="0.95")
    await handlers.visit()

    made = await handlers.rank(decision=ONCE_MORE)

    assert made.ranking.decision is None


@pytest.mark.rule("V9", "V10")
async def test_the_end_of_a_notice_clears_the_cases_that_it_shows_alone(handlers: ReviewHarness) -> None:
    notice_id, one, other = await in_notice(handlers)
    shown = await handlers.case(one)
    others = [
        replace(shown, case_id="app-8", notice_id="notice-region-2026-2"),
        *(replace(each, notice_id="notice-other") for each in in_other_batches(shown)),
    ]
    await put_all(handlers, *others)
    handlers.today = DAY_AFTER

    concluded, *_ = await handlers.conclude(notice_id)

    assert isinstance(concluded, PublicNoticeConcluded)
    assert (concluded.cleared, concluded.waiting) == (2, 0)
    assert [(await handlers.case(each)).state for each in (one, other)] == [Stage.CLEARED] * 2
    assert await unchanged(handlers, *others)
