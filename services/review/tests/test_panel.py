from __future__ import annotations

import pytest
from chassis.handling import Refusal
from messages.review import PanelAppointed, Stage
from messages.values import Level
from review.domain import expert as expert_rules
from review.domain import panel
from review.domain.case import Case
from review.domain.expert import Declaration, Expert
from review.domain.panel import Pool
from review.handlers import panel as panel_handlers
from review.handlers.panel import (
    AppointPanel,
    AppointPanels,
    appoint_panel,
    appoint_panels,
)

from .builders import (
    ASSESSOR,
    COPPER,
    EXPERTS,
    OPENED,
    ORGANISATION,
    RULES,
    SEED,
    STEEL,
    accepted,
    evaluated,
    expert,
    opened_case,
    organisations,
    unit,
)
from .harness import ReviewHarness

BY_ASSESSOR = opened_case(accepted(by=ASSESSOR, group="示例集团"), state=Stage.FORWARDED)


def conflicted(one: Expert, case: Case = BY_ASSESSOR) -> bool:
    return bool(expert_rules.conflicts(one, case, RULES.panel.conflict_years, OPENED))


@pytest.mark.rule("V5")
@pytest.mark.parametrize("employer", [STEEL, ASSESSOR.uscc, ASSESSOR.name, "示例集团"])
def test_an_expert_employed_by_unit_assessor_or_group_is_in_conflict(employer: str) -> None:
    assert conflicted(expert(employer=employer))


@pytest.mark.rule("V5")
@pytest.mark.parametrize("spelt", ["示例集团 ", "示例集团\u3000", "示例 集团"])
def test_blanks_and_full_width_forms_tell_no_two_organisations_apart(spelt: str) -> None:
    assert conflicted(expert(employer=spelt))
    assert conflicted(expert(groups=(spelt,)))
    assert conflicted(expert(employer="９１１５０１０００００００００１９１"))


@pytest.mark.rule("V5", "P3")
def test_an_expert_bound_to_the_units_group_is_in_conflict() -> None:
    assert conflicted(expert(groups=("示例集团",)))
    assert not conflicted(expert(groups=("另一集团",)))


@pytest.mark.rule("V5")
def test_having_evaluated_the_unit_in_the_last_three_years_is_a_conflict() -> None:
    assert conflicted(expert(evaluated=evaluated(STEEL, 2023)))
    assert not conflicted(expert(evaluated=evaluated(STEEL, 2022)))
    assert not conflicted(expert(evaluated=evaluated(COPPER, 2025)))


@pytest.mark.rule("V5")
def test_a_declared_conflict_counts() -> None:
    words = "亲属在该单位任职"
    for of in (Declaration(STEEL, words, OPENED), Declaration("", words, OPENED, "示例集团 ")):
        assert conflicted(expert(declared=(of,)))
    assert conflicted(expert(declared=(Declaration(ASSESSOR.uscc, words, OPENED),)))
    assert not conflicted(expert(declared=(Declaration(COPPER, words, OPENED),)))


@pytest.mark.rule("V5")
@pytest.mark.parametrize("names", [EXPERTS[:2], EXPERTS[:4], EXPERTS[:1], ("a", "a", "a")])
def test_a_panel_is_odd_three_or_more_and_of_different_experts(names: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as refused:
        panel.name_panel(BY_ASSESSOR, [expert(name) for name in names], RULES, OPENED)
    assert refused.value.reasons[0].code == "panel-number"


@pytest.mark.rule("V5")
def test_every_fault_of_a_named_panel_is_told_at_once() -> None:
    seats = [expert("a", STEEL), expert("b", ASSESSOR.uscc), expert("c"), expert("d")]

    with pytest.raises(Refusal) as refused:
        panel.name_panel(BY_ASSESSOR, seats, RULES, OPENED)
    assert [each.code for each in refused.value.reasons] == [
        "panel-number",
        "conflict-of-interest",
        "conflict-of-interest",
    ]


def pool(*experts: Expert, seed: str = SEED) -> Pool:
    return Pool(experts, RULES, seed)


@pytest.mark.rule("V5")
def test_a_drawn_panel_takes_the_least_loaded_experts_without_conflict() -> None:
    everybody = (
        expert("a", STEEL),
        expert("b", seats={2026: 2}),
        expert("c", seats={2026: 1}),
        expert("d", seats={2025: 3}),
        expert("e"),
    )

    drawn = panel.draw_panel(BY_ASSESSOR, pool(*everybody), OPENED)

    assert drawn is not None
    assert set(drawn.experts) == {"c", "d", "e"}
    assert drawn.chair in {"d", "e"}


@pytest.mark.rule("V5")
def test_the_same_seed_draws_the_same_panel_in_whatever_order_the_experts_come() -> None:
    everybody = tuple(expert(f"expert-{n}") for n in range(20))

    drawn = panel.draw_panel(BY_ASSESSOR, pool(*everybody), OPENED)

    assert drawn == panel.draw_panel(BY_ASSESSOR, pool(*reversed(everybody)), OPENED)
    assert drawn != panel.draw_panel(BY_ASSESSOR, pool(*everybody, seed="another"), OPENED)


@pytest.mark.rule("V5")
def test_too_few_experts_make_no_panel() -> None:
    assert panel.draw_panel(BY_ASSESSOR, pool(expert("a"), expert("b"), expert("c", STEEL)), OPENED) is None


@pytest.mark.rule("V5")
async def test_all_forwarded_cases_of_a_batch_get_panels_with_the_load_balanced(handlers: ReviewHarness) -> None:
    for number, uscc in enumerate((STEEL, COPPER, "911503000000000351", "911504000000000431", "911505000000000511")):
        await handlers.forward(accepted(f"app-{number}", unit(uscc)))
    await handlers.register()

    outcome = await handlers.execute(appoint_panels, AppointPanels(Level.REGION, 2026, ORGANISATION))

    assert len(outcome.value.appointed) == 5
    assert outcome.value.impossible == ()
    loads = [one.load(2026) for one in await handlers.store().experts.find()]
    assert sorted(loads) == [3, 3, 3, 3, 3]


@pytest.mark.rule("V5")
async def test_a_command_takes_a_share_of_the_batch_and_the_next_goes_on_after_it(
    handlers: ReviewHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_handlers, "CASES_PER_COMMAND", 2)
    for number, of in enumerate(organisations(5)):
        await handlers.forward(accepted(f"app-{number}", of))
    await handlers.register(*EXPERTS[:3], employer=organisations(5)[0].uscc)
    await handlers.register(*EXPERTS[3:])

    shares, after = [], ""
    while after is not None:
        command = AppointPanels(Level.REGION, 2026, ORGANISATION, after)
        share = (await handlers.execute(appoint_panels, command)).value
        shares.append(([each.case_id for each in share.appointed], share.impossible))
        after = share.next

    assert shares == [(["app-1"], ("app-0",)), (["app-2", "app-3"], ()), (["app-4"], ())]
    loads = [one.load(2026) for one in await handlers.store().experts.find()]
    assert (sum(loads), max(loads) - min(loads)) == (12, 1)


@pytest.mark.rule("V5")
async def test_a_case_without_enough_experts_does_not_stop_the_others(handlers: ReviewHarness) -> None:
    steel, copper = (
        await handlers.forward(accepted("app-1", unit(STEEL))),
        await handlers.forward(accepted("app-2", unit(COPPER))),
    )
    await handlers.register(*EXPERTS[:3], employer=STEEL)

    outcome = await handlers.execute(appoint_panels, AppointPanels(Level.REGION, 2026, ORGANISATION))

    assert outcome.value.impossible == (steel,)
    assert [each.case_id for each in outcome.value.appointed] == [copper]
    with pytest.raises(Refusal) as refused:
        await handlers.appoint(steel)
    assert refused.value.code == "experts-too-few"


@pytest.mark.rule("V5")
async def test_a_named_panel_sits_with_its_first_member_in_the_chair(handlers: ReviewHarness) -> None:
    case_id = await handlers.forward()
    await handlers.register()

    (said,) = await handlers.do(
        appoint_panel, AppointPanel(case_id, ("expert-3", "expert-1", "expert-2"), ORGANISATION)
    )

    assert isinstance(said, PanelAppointed)
    assert (said.chair, said.experts) == ("expert-3", ("expert-3", "expert-1", "expert-2"))
    with pytest.raises(Refusal) as unknown:
        await handlers.do(
            appoint_panel,
            AppointPanel(await handlers.forward(accepted("app-2", unit(COPPER))), ("x", "y", "z"), ORGANISATION),
        )
    assert [each.evidence for each in unknown.value.reasons] == ["x", "y", "z"]
