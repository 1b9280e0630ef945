from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from chassis.handling import Refusal
from messages.values import Level
from review.domain import ranking
from review.handlers.ranking import RankBatch, rank_batch

from .builders import COPPER, ONCE_MORE, REGION, RULES, STEEL, accepted, order, ranked, scored_case, unit
from .harness import ReviewHarness


async def ranked_early(handlers: ReviewHarness) -> None:
    """A ranking in May with its reason, then another case that is forwarded and judged in time."""
    await handlers.register()
    await handlers.score(accepted("app-1", unit(STEEL)), "0.95")
    await handlers.visit()
    early = RankBatch(Level.REGION, 2026, dry_run=False, by=REGION, early_reason="首批企业急需公布")
    await handlers.execute(rank_batch, early)
    await handlers.score(accepted("app-2", unit(COPPER)), "0.95")
    await handlers.visit()


@pytest.mark.rule("A7")
async def test_a_second_evaluation_in_the_year_takes_a_decision_that_is_kept(handlers: ReviewHarness) -> None:
    await ranked_early(handlers)

    with pytest.raises(Refusal) as refused:
        await handlers.rank()
    assert order(await handlers.rank(dry_run=True)) == ["app-2"]
    made = await handlers.rank(decision=ONCE_MORE)

    (why,) = refused.value.reasons
    assert (refused.value.code, why.rule, why.article, why.evidence) == ("evaluated-already", "A7", "第十六条", "app-2")
    kept = await handlers.store().rankings.require(made.ranking_id)
    assert (kept.number, kept.decision, ranking.verify_ranking(kept)) == (2, ONCE_MORE, True)
    assert not ranking.verify_ranking(replace(kept, decision=None))
    entries = await handlers.store().records.find({"case_id": "app-2"}, sort=[("number", 1)])
    assert entries[-1].evidence["decision"] == "内工信〔2026〕6号 2026-05-30"


@pytest.mark.rule("A7")
async def test_a_decision_is_made_before_it_is_used(handlers: ReviewHarness) -> None:
    await ranked_early(handlers)

    with pytest.raises(Refusal) as refused:
        await handlers.rank(decision=replace(ONCE_MORE, decided_on=date(2026, 6, 2)))
    assert [(each.code, each.pointer) for each in refused.value.reasons] == [
        ("decision-in-future", "/decision/decided_on")
    ]


@pytest.mark.rule("A7")
async def test_the_years_evaluation_keeps_no_decision_that_it_does_not_need(handlers: ReviewHarness) -> None:
    await handlers.register()
    await handlers.score(share="0.95")
    await handlers.visit()

    assert (await handlers.rank(decision=ONCE_MORE)).decision is None


@pytest.mark.rule("A7", "G1")
def test_how_many_evaluations_a_year_has_is_the_rule_sets_number() -> None:
    first = ranked(scored_case("a", "80"))
    twice = RULES.model_copy(update={"batches": RULES.batches.model_copy(update={"per_year": 2})})
    new = [scored_case("b", "80")]

    assert ranking.repeat_evaluation_reason(new, [], [RULES]) is None
    assert ranking.repeat_evaluation_reason(new, [first], [RULES]) is not None
    assert ranking.repeat_evaluation_reason(new, [first], [twice]) is None
    assert ranking.repeat_evaluation_reason(new, [first], [twice, RULES]) is not None


@pytest.mark.rule("A7")
def test_what_waited_suspended_is_no_evaluation_of_its_own() -> None:
    first = replace(ranked(scored_case("a", "80")), suspended_cases=("b",))
    waited = ranked(scored_case("b", "80"))
    twice = RULES.model_copy(update={"batches": RULES.batches.model_copy(update={"per_year": 2})})

    assert ranking.repeat_evaluation_reason([scored_case("b", "80")], [first], [RULES]) is None
    assert (
        ranking.repeat_evaluation_reason([scored_case("b", "80"), scored_case("c", "80")], [first], [RULES]) is not None
    )
    assert ranking.repeat_evaluation_reason([scored_case("c", "80")], [first, waited], [twice]) is None
