from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from chassis.handling import Refusal
from messages.review import Stage
from review.domain import ranking
from review.domain.ranking import WaitingCase
from review.handlers.ranking import rank_batch

from .builders import COPPER, DAIRY, ONCE_MORE, RULES, STEEL, accepted, order, ranked, reproducible, scored_case, unit
from .harness import ACTS, AFTER_FORWARDING, ReviewHarness, put_case, put_waiting


async def ranked_early(handlers: ReviewHarness) -> None:
    """A ranking in May with its reason, then another case that is forwarded and judged in time."""
    await handlers.register()
    await handlers.score(accepted("app-1", unit(STEEL)), "0.95")
    await handlers.visit()
    await handlers.rank_today(early_reason="首批企业急需公布")
    await handlers.score(accepted("app-2", unit(COPPER)), "0.95")
    await handlers.visit()


@pytest.mark.rule("A7")
async def test_a_second_evaluation_in_the_year_takes_a_decision_that_is_kept(handlers: ReviewHarness) -> None:
    await ranked_early(handlers)

    with pytest.raises(Refusal) as refused:
        await handlers.rank()
    assert order(await handlers.try_ranking()) == ["app-2"]
    made = await handlers.rank(decision=ONCE_MORE)

    (why,) = refused.value.reasons
    assert (refused.value.code, why.rule, why.article, why.evidence) == ("evaluated-already", "A7", "第十六条", "app-2")
    assert (made.ranking.number, made.ranking.decision, reproducible(made)) == (2, ONCE_MORE, True)
    assert not reproducible(replace(made, ranking=replace(made.ranking, decision=None)))
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

    assert (await handlers.rank(decision=ONCE_MORE)).ranking.decision is None


@pytest.mark.rule("A7", "G1")
def test_how_many_evaluations_a_year_has_is_the_rule_sets_number() -> None:
    first = ranked(scored_case("a", "80")).ranking
    twice = RULES.model_copy(update={"batches": RULES.batches.model_copy(update={"per_year": 2})})

    assert not ranking.evaluations_used_up([], [RULES])
    assert ranking.evaluations_used_up([first], [RULES])
    assert not ranking.evaluations_used_up([first], [twice])
    assert ranking.evaluations_used_up([first], [twice, RULES])


@pytest.mark.rule("A7")
def test_what_waited_suspended_is_no_evaluation_of_its_own() -> None:
    first = ranked(scored_case("a", "80")).ranking
    waited = ranked(scored_case("b", "80"), evaluation=False).ranking
    twice = RULES.model_copy(update={"batches": RULES.batches.model_copy(update={"per_year": 2})})

    assert not ranking.evaluations_used_up([first, waited], [twice])
    assert ranking.evaluations_used_up([first, waited], [RULES])


@pytest.mark.rule("A7")
async def test_an_act_that_finds_a_new_case_only_while_it_collects_is_refused_and_leaves_nothing(
    handlers: ReviewHarness,
) -> None:
    await ranked_early(handlers)
    late = await handlers.case("app-2")
    await handlers.do(put_case, replace(late, suspended_by="内工信通〔2026〕3号"))
    await handlers.score(accepted("app-3", unit(DAIRY)), "0.95")
    await handlers.visit()
    waited = WaitingCase("act-0", "region-2026", "app-3", "suspended")
    await handlers.do(put_waiting, waited)
    handlers.today = AFTER_FORWARDING
    command = handlers.ranking_command()
    await handlers.execute(rank_batch, command)
    await handlers.do(put_case, late)

    await handlers.run_jobs(ACTS, handlers.now)

    act = await handlers.store().acts.require(command.act_id)
    assert (act.state, [each.code for each in act.reasons]) == ("refused", ["evaluated-already"])
    assert act.reasons[0].evidence == "app-2"
    assert await handlers.store().ranking_lines.find({"act": command.act_id}) == []
    assert (await handlers.case("app-3")).state is not Stage.RANKED
    assert (await handlers.store().batches.require("region-2026")).act is None
