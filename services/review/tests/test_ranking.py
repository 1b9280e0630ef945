from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from chassis.handling import Refusal
from messages.review import CaseClosed, Stage
from messages.values import Level
from review.domain import ranking
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.ranking import RankBatch, rank_batch

from .builders import (
    ASSESSOR,
    COPPER,
    DAIRY,
    ONCE_MORE,
    OPENED,
    REGION,
    SOLAR,
    STEEL,
    accepted,
    order,
    ranked,
    revoked,
    sanctioned,
    scored_case,
    unit,
)
from .harness import ReviewHarness


@pytest.mark.rule("V8")
def test_best_first_and_below_the_pass_mark_none() -> None:
    made = ranked(scored_case("low", "69.99"), scored_case("mark", "70"), scored_case("best", "91.5"))

    assert [(line.case_id, line.rank, line.outcome) for line in made.groups[0].lines] == [
        ("best", 1, "selected"),
        ("mark", 2, "selected"),
        ("low", None, "below_pass_mark"),
    ]


@pytest.mark.rule("V8")
def test_ties_go_by_energy_and_carbon_then_submission_then_code() -> None:
    later, earlier = date(2026, 4, 19), date(2026, 4, 2)
    cases = [
        scored_case("d", "80", "20", event=accepted("d", unit(STEEL), submitted=later)),
        scored_case("c", "80", "20", event=accepted("c", unit(COPPER), submitted=earlier)),
        scored_case("b", "80", "20", event=accepted("b", unit(STEEL), submitted=earlier)),
        scored_case("a", "80", "25", event=accepted("a", unit(DAIRY), submitted=later)),
    ]

    assert order(ranked(*cases)) == ["a", "b", "c", "d"]
    assert order(ranked(*reversed(cases))) == ["a", "b", "c", "d"]


@pytest.mark.rule("V8")
def test_scores_under_different_schemes_are_never_ranked_together() -> None:
    one = scored_case("new", "80")
    older = one.dossier.scheme.model_copy(update={"version": "2018"})
    other = replace(scored_case("old", "95"), dossier=replace(one.dossier, scheme=older))

    made = ranked(one, other)

    assert [(group.scheme, group.lines[0].rank) for group in made.groups] == [
        ("factory-gbt36132@2018", 1),
        ("factory-gbt36132@2025", 1),
    ]


@pytest.mark.rule("V8")
def test_a_ranking_comes_out_the_same_from_its_own_inputs_and_shows_tampering() -> None:
    made = ranked(scored_case("a", "80"), scored_case("b", "90"))
    assert ranking.verify_ranking(made)

    group = made.groups[0]
    swapped = replace(made, groups=(replace(group, lines=group.lines[::-1]),))
    assert not ranking.verify_ranking(swapped)
    assert not ranking.verify_ranking(replace(swapped, digest=ranking.seal(swapped)))


@pytest.mark.rule("V8")
def test_beyond_the_cap_a_case_ends_with_its_place_as_evidence() -> None:
    made = ranked(scored_case("a", "80"), scored_case("b", "90"))
    group = made.groups[0]
    capped = replace(group, cap=1, lines=(group.lines[0], replace(group.lines[1], outcome="beyond_cap")))

    step = ranking.apply_ranking(scored_case("a", "80"), replace(made, groups=(capped,)), OPENED)

    (closed,) = step.events
    assert isinstance(closed, CaseClosed)
    assert (closed.outcome, closed.reasons[0].evidence) == ("beyond_cap", "2")


@pytest.mark.rule("V8")
async def test_ranking_selects_keeps_its_inputs_and_closes_the_others(handlers: ReviewHarness) -> None:
    await handlers.register()
    good = await handlers.score(accepted("app-1", unit(STEEL)), "0.95")
    weak = await handlers.score(accepted("app-2", unit(COPPER)), "0.5")
    await handlers.visit()

    made = await handlers.rank()

    assert (await handlers.case(good)).state is Stage.RANKED
    closed = (await handlers.case(weak)).closing
    assert closed is not None
    assert closed.outcome == "below_pass_mark"
    assert closed.reasons[0].rule == "V8"
    kept = await handlers.store().rankings.require(made.ranking_id)
    assert ranking.verify_ranking(kept)


@pytest.mark.rule("V8")
async def test_a_dry_run_shows_the_ranking_and_changes_nothing(handlers: ReviewHarness) -> None:
    await handlers.register()
    case_id = await handlers.score(share="0.95")
    await handlers.visit()
    before = await handlers.case(case_id)

    made = await handlers.rank(dry_run=True)

    assert order(made) == [case_id]
    assert await handlers.case(case_id) == before
    assert await handlers.store().rankings.find() == []


@pytest.mark.rule("V8")
async def test_the_ranking_waits_for_every_case_that_is_still_under_review(handlers: ReviewHarness) -> None:
    await handlers.register()
    await handlers.score(accepted("app-1", unit(STEEL)))
    waiting = await handlers.forward(accepted("app-2", unit(COPPER)))

    with pytest.raises(Refusal) as refused:
        await handlers.rank()
    assert refused.value.code == "batch-unfinished"
    assert any((each.evidence or "").startswith(waiting) for each in refused.value.reasons)


@pytest.mark.rule("V8")
async def test_there_is_nothing_to_rank_in_an_empty_batch() -> None:
    with pytest.raises(Refusal) as refused:
        await ReviewHarness().rank()
    assert refused.value.code == "nothing-to-rank"


@pytest.mark.rule("V8")
async def test_a_suspended_case_is_left_out_and_taken_in_by_a_later_ranking(handlers: ReviewHarness) -> None:
    await handlers.register()
    plain = await handlers.score(accepted("app-1", unit(SOLAR)), "0.95")
    resting = await handlers.score(accepted("app-2", unit(COPPER), by=ASSESSOR), "0.95")
    await handlers.visit()
    await handlers.deliver(record_sanction, sanctioned())

    first = await handlers.rank()
    assert order(first) == [plain]
    await handlers.deliver(record_revocation, revoked())
    second = await handlers.rank()

    assert (second.number, order(second)) == (2, [resting])
    assert (first.suspended_cases, second.decision, ranking.verify_ranking(first)) == ((resting,), None, True)
    assert not ranking.verify_ranking(replace(first, suspended_cases=()))


@pytest.mark.rule("V8", "G3")
async def test_before_the_last_day_of_forwarding_is_over_a_ranking_takes_a_reason_that_is_kept(
    handlers: ReviewHarness,
) -> None:
    await handlers.register()
    case_id = await handlers.score(share="0.95")
    await handlers.visit()
    handlers.today = date(2026, 5, 31)
    early = RankBatch(Level.REGION, 2026, dry_run=False, by=REGION)

    with pytest.raises(Refusal) as refused:
        await handlers.execute(rank_batch, early)
    with pytest.raises(Refusal):
        await handlers.execute(rank_batch, replace(early, early_reason=" "))
    dry = (await handlers.execute(rank_batch, replace(early, dry_run=True))).value
    made = (await handlers.execute(rank_batch, replace(early, early_reason="上报已全部完成"))).value

    assert refused.value.code == "forwarding-open"
    assert "2026-05-31" in refused.value.reasons[0].text
    assert order(dry) == order(made) == [case_id]
    kept = await handlers.store().rankings.require(made.ranking_id)
    assert (kept.early_reason, ranking.verify_ranking(kept)) == ("上报已全部完成", True)
    assert not ranking.verify_ranking(replace(kept, early_reason=""))
    entries = await handlers.store().records.find({"case_id": case_id}, sort=[("number", 1)])
    assert entries[-1].evidence["early"] == "上报已全部完成"


@pytest.mark.rule("V8")
async def test_from_the_first_of_june_a_ranking_needs_no_reason_and_keeps_none(handlers: ReviewHarness) -> None:
    await handlers.register()
    await handlers.score(share="0.95")
    await handlers.visit()
    handlers.today = date(2026, 6, 1)

    made = (await handlers.execute(rank_batch, RankBatch(Level.REGION, 2026, False, REGION, "不必要的理由"))).value

    assert made.early_reason == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"early_reason": "上报已全部完成"},
        {"decision": ONCE_MORE},
        {"suspended_cases": ("b",)},
        {"made_on": date(2026, 6, 2)},
    ],
)
def test_the_digest_of_a_ranking_covers_everything_beside_itself(changed: dict[str, Any]) -> None:
    made = ranked(scored_case("a", "80"))

    assert not ranking.verify_ranking(replace(made, **changed))
