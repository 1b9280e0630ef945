from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from chassis.handling import Refusal
from messages.review import CaseClosed, Stage
from review.domain import ranking
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.ranking import try_ranking
from review.handlers.ranking_steps import verify_ranking

from .builders import (
    ASSESSOR,
    COPPER,
    DAIRY,
    ONCE_MORE,
    SOLAR,
    STEEL,
    accepted,
    order,
    ranked,
    reproducible,
    revoked,
    sanctioned,
    scored_case,
    sealed,
    unit,
)
from .harness import ReviewHarness


@pytest.mark.rule("V8")
def test_best_first_and_below_the_pass_mark_none() -> None:
    made = ranked(scored_case("low", "69.99"), scored_case("mark", "70"), scored_case("best", "91.5"))

    assert [(line.case_id, line.rank, line.outcome) for line in made.lines] == [
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

    assert [(line.scheme, line.rank) for line in made.lines] == [
        ("factory-gbt36132@2018", 1),
        ("factory-gbt36132@2025", 1),
    ]


@pytest.mark.rule("V8")
def test_a_ranking_comes_out_the_same_from_its_own_inputs_and_shows_tampering() -> None:
    made = ranked(*(scored_case(name, score) for name, score in (("a", "80"), ("b", "90"), ("c", "60"), ("d", "90"))))
    assert reproducible(made)

    swapped = replace(made, lines=[made.lines[1], made.lines[0], *made.lines[2:]])
    assert not reproducible(swapped)
    assert not reproducible(sealed(swapped))


@pytest.mark.rule("V8")
@pytest.mark.parametrize("missing", range(3))
def test_a_line_that_is_missing_shows_though_the_rest_is_sealed_anew(missing: int) -> None:
    made = ranked(scored_case("a", "80"), scored_case("b", "90"), scored_case("c", "60"))
    lines = [line for number, line in enumerate(made.lines) if number != missing]

    assert not reproducible(sealed(replace(made, lines=lines)))


@pytest.mark.rule("V8")
@pytest.mark.parametrize("changed", [{"score": Decimal(91)}, {"outcome": "beyond_cap"}, {"rank": 3}, {"position": 5}])
def test_a_changed_line_shows_though_it_is_sealed_anew(changed: dict[str, Any]) -> None:
    made = ranked(scored_case("a", "80"), scored_case("b", "90"))

    assert not reproducible(sealed(replace(made, lines=[made.lines[0], replace(made.lines[1], **changed)])))


@pytest.mark.rule("V8")
def test_beyond_the_cap_a_case_ends_with_its_place_as_evidence() -> None:
    made = ranked(scored_case("a", "80"), scored_case("b", "90"))
    capped = replace(made.ranking, groups=(replace(made.ranking.groups[0], cap=1),))

    step = ranking.apply_ranking(scored_case("a", "80"), capped, replace(made.lines[1], outcome="beyond_cap"))

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
    assert made.ranking.reproducible
    assert reproducible(made)


@pytest.mark.rule("V8")
async def test_a_dry_run_shows_the_ranking_and_changes_nothing(handlers: ReviewHarness) -> None:
    await handlers.register()
    case_id = await handlers.score(share="0.95")
    await handlers.visit()
    before = await handlers.case(case_id)

    made = await handlers.try_ranking()

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

    assert (second.ranking.number, order(second)) == (2, [resting])
    assert (first.ranking.suspended_cases, second.ranking.decision, second.ranking.evaluation) == (1, None, False)
    assert reproducible(first, [resting])
    assert not reproducible(first, ["app-9"])
    assert await verify_ranking(first.ranking, handlers.store())


@pytest.mark.rule("V8", "G3")
async def test_before_the_last_day_of_forwarding_is_over_a_ranking_takes_a_reason_that_is_kept(
    handlers: ReviewHarness,
) -> None:
    await handlers.register()
    case_id = await handlers.score(share="0.95")
    await handlers.visit()
    handlers.today = date(2026, 5, 31)

    with pytest.raises(Refusal) as refused:
        await handlers.rank_today()
    with pytest.raises(Refusal, match="forwarding-open"):
        await handlers.rank_today(early_reason=" ")
    dry = await try_ranking(handlers.ranking_command(), handlers.store(), handlers.now)
    made = await handlers.rank_today(early_reason="上报已全部完成")

    assert refused.value.code == "forwarding-open"
    assert "2026-05-31" in refused.value.reasons[0].text
    assert order(dry) == order(made) == [case_id]
    assert (made.ranking.early_reason, reproducible(made)) == ("上报已全部完成", True)
    assert not reproducible(replace(made, ranking=replace(made.ranking, early_reason="")))
    entries = await handlers.store().records.find({"case_id": case_id}, sort=[("number", 1)])
    assert entries[-1].evidence["early"] == "上报已全部完成"


@pytest.mark.rule("V8")
async def test_from_the_first_of_june_a_ranking_needs_no_reason_and_keeps_none(handlers: ReviewHarness) -> None:
    await handlers.register()
    await handlers.score(share="0.95")
    await handlers.visit()
    handlers.today = date(2026, 6, 1)

    made = await handlers.rank_today(early_reason="不必要的理由")

    assert made.ranking.early_reason == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"early_reason": "上报已全部完成"},
        {"decision": ONCE_MORE},
        {"suspended_cases": 1},
        {"evaluation": False},
        {"made_on": date(2026, 6, 2)},
    ],
)
def test_the_digest_of_a_ranking_covers_everything_beside_itself(changed: dict[str, Any]) -> None:
    made = ranked(scored_case("a", "80"))

    assert not reproducible(replace(made, ranking=replace(made.ranking, **changed)))
