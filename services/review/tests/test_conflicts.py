from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from chassis.handling import Refusal
from messages.review import PanelAppointed, PanelDissolved, Stage
from review.domain.expert import Declaration
from review.domain.record import ActorRef, RecordEntry, verify_chain
from review.handlers.applications import stop_ineligible_case
from review.handlers.panel import (
    DeclareConflict,
    declare_conflict,
)

from .builders import (
    ASSESSOR,
    COPPER,
    EXPERTS,
    OPENED,
    ORGANISATION,
    STEEL,
    accepted,
    evaluated,
    ineligible,
    sheet,
    unit,
)
from .harness import ReviewHarness

DECLARED = "亲属在该单位任职"


async def declare(handlers: ReviewHarness, name: str, uscc: str = STEEL, of: str = "") -> None:
    await handlers.do(declare_conflict, DeclareConflict(name, uscc, DECLARED, ActorRef(name, "expert"), of))


@pytest.mark.rule("V5")
async def test_an_expert_who_declares_a_conflict_gives_the_seat_to_the_next_in_line(handlers: ReviewHarness) -> None:
    case_id = await handlers.forward()
    await handlers.register(*EXPERTS[:4])
    seats = await handlers.appoint(case_id)

    await declare(handlers, seats[0])

    case = await handlers.case(case_id)
    assert case.panel is not None
    assert set(case.panel.experts) == set(EXPERTS[:4]) - {seats[0]}
    assert case.panel.chair != seats[0]
    experts = {each.expert_id: each for each in await handlers.store().experts.find()}
    assert {name: one.load(2026) for name, one in experts.items()} == {
        **dict.fromkeys(case.panel.experts, 1),
        seats[0]: 0,
    }
    assert isinstance(handlers.published[-1], PanelAppointed)


@pytest.mark.rule("V5")
async def test_with_nobody_left_the_panel_is_dissolved_and_all_are_free_again(handlers: ReviewHarness) -> None:
    case_id = await handlers.forward()
    await handlers.register(*EXPERTS[:3])
    seats = await handlers.appoint(case_id)

    await declare(handlers, seats[1])

    case = await handlers.case(case_id)
    assert (case.state, case.panel) == (Stage.FORWARDED, None)
    assert [one.load(2026) for one in await handlers.store().experts.find()] == [0, 0, 0]


async def one_of_three_signed(handlers: ReviewHarness, pool: int = 5) -> tuple[str, tuple[str, ...]]:
    case_id = await handlers.forward()
    await handlers.register(*EXPERTS[:pool])
    seats = await handlers.appoint(case_id)
    await handlers.sign(case_id, sheet(seats[0]), sheet(seats[1]))
    return case_id, seats


async def last_entry(handlers: ReviewHarness, case_id: str = "app-1") -> RecordEntry:
    entries = await handlers.store().records.find({"case_id": case_id}, sort=[("number", 1)])
    assert verify_chain(entries, (await handlers.case(case_id)).head) is None
    return entries[-1]


@pytest.mark.rule("V5", "V14")
async def test_a_signed_sheet_of_an_expert_in_conflict_is_set_aside_with_its_seal_and_the_reason_on_record(
    handlers: ReviewHarness,
) -> None:
    case_id, seats = await one_of_three_signed(handlers)
    before = (await handlers.case(case_id)).sheet_of(seats[0])

    await declare(handlers, seats[0])

    case = await handlers.case(case_id)
    assert before is not None
    assert case.panel is not None
    assert seats[0] not in case.panel.experts
    assert [each.expert for each in case.signed_sheets] == [seats[1]]
    assert case.state is Stage.SCORING
    entry = await last_entry(handlers)
    assert entry.evidence[f"set aside: {seats[0]}"] == before.seal
    assert DECLARED in entry.reason
    (kept,) = (await handlers.store().experts.require(seats[0])).declared
    assert kept.uscc == STEEL


@pytest.mark.rule("V5", "V6")
async def test_after_a_sheet_was_set_aside_the_score_rests_on_the_panel_as_it_then_is(handlers: ReviewHarness) -> None:
    case_id, seats = await one_of_three_signed(handlers)
    await declare(handlers, seats[0])
    panel_now = (await handlers.case(case_id)).panel
    assert panel_now is not None

    await handlers.sign(case_id, *(sheet(name) for name in panel_now.experts if name != seats[1]))

    score = (await handlers.case(case_id)).score
    assert score is not None
    assert set(score.by_expert) == set(panel_now.experts)


@pytest.mark.rule("V5", "V6")
async def test_a_deviation_that_waits_for_the_chair_is_measured_anew_when_an_expert_leaves(
    handlers: ReviewHarness,
) -> None:
    case_id, seats = await one_of_three_signed(handlers)
    await handlers.sign(case_id, sheet(seats[2], "0"))
    assert seats[2] in (await handlers.case(case_id)).deviating

    await declare(handlers, seats[2])

    case = await handlers.case(case_id)
    assert (case.deviating, case.score, case.state) == ((), None, Stage.SCORING)


@pytest.mark.rule("V5")
async def test_when_the_only_signed_sheet_is_set_aside_nobody_has_scored_yet(handlers: ReviewHarness) -> None:
    case_id = await handlers.forward()
    await handlers.register()
    seats = await handlers.appoint(case_id)
    await handlers.sign(case_id, sheet(seats[0]))

    await declare(handlers, seats[0])

    assert (await handlers.case(case_id)).state is Stage.PANEL_APPOINTED


@pytest.mark.rule("V5", "V14")
async def test_with_nobody_left_every_signed_sheet_is_set_aside_with_its_seal_and_it_is_said(
    handlers: ReviewHarness,
) -> None:
    case_id, seats = await one_of_three_signed(handlers, pool=3)

    await declare(handlers, seats[0])

    case = await handlers.case(case_id)
    assert (case.state, case.panel, case.sheets) == (Stage.FORWARDED, None, ())
    told = handlers.published[-1]
    assert isinstance(told, PanelDissolved)
    assert (told.experts, told.dissolved_on) == (seats, OPENED)
    seen = (await last_entry(handlers)).evidence
    assert set(seen) == {"leaving", f"set aside: {seats[0]}", f"set aside: {seats[1]}"}


@pytest.mark.rule("V5")
async def test_a_conflict_declared_after_scoring_is_kept_and_flagged_once_and_the_score_stands(
    handlers: ReviewHarness,
) -> None:
    case_id, seats = await one_of_three_signed(handlers)
    await handlers.sign(case_id, sheet(seats[2]))
    scored = await handlers.case(case_id)

    await declare(handlers, seats[0])
    await declare(handlers, seats[0])

    case = await handlers.case(case_id)
    assert case.conflicted == (seats[0],)
    assert (case.score, case.panel, case.state) == (scored.score, scored.panel, scored.state)
    entry = await last_entry(handlers)
    assert (entry.action, entry.reason, entry.number) == (
        "conflict known after scoring",
        DECLARED,
        scored.head.entries + 1,
    )


@pytest.mark.rule("V5")
async def test_what_was_declared_after_scoring_keeps_the_expert_off_later_panels_of_that_unit(
    handlers: ReviewHarness,
) -> None:
    case_id, seats = await one_of_three_signed(handlers)
    await handlers.sign(case_id, sheet(seats[2]))
    await declare(handlers, seats[0])

    later = await handlers.forward(accepted("app-2"))

    assert seats[0] not in await handlers.appoint(later)


@pytest.mark.rule("V5")
async def test_once_the_case_is_over_a_declaration_is_kept_and_the_case_left_alone(handlers: ReviewHarness) -> None:
    case_id, seats = await one_of_three_signed(handlers)
    await handlers.do(stop_ineligible_case, ineligible(case_id))
    closed = await handlers.case(case_id)

    await declare(handlers, seats[0])

    assert await handlers.case(case_id) == closed
    assert len((await handlers.store().experts.require(seats[0])).declared) == 1


async def test_registering_again_updates_the_entry_and_keeps_what_was_declared(handlers: ReviewHarness) -> None:
    await handlers.register("expert-1")
    await declare(handlers, "expert-1")

    await handlers.register("expert-1", employer="另一所大学", groups=("某集团",))

    one = await handlers.store().experts.require("expert-1")
    assert (one.employer, one.groups) == ("另一所大学", ("某集团",))
    assert one.declared == (Declaration(STEEL, DECLARED, date(2026, 4, 20)),)


@pytest.mark.rule("V5")
@pytest.mark.parametrize(
    "changed",
    [
        {"employer": STEEL},
        {"employer": f" {unit().name.replace('有限公司', ' 有限公司')}"},
        {"groups": ("示例集团\u3000",)},
        {"evaluated": evaluated(STEEL, 2025)},
    ],
)
async def test_an_expert_registered_anew_in_conflict_gives_up_the_seat_before_signing(
    handlers: ReviewHarness, changed: dict[str, Any]
) -> None:
    case_id = await handlers.forward(accepted(group="示例集团"))
    await handlers.register(*EXPERTS[:4])
    seats = await handlers.appoint(case_id)

    said = await handlers.register(seats[0], **changed)

    assert [type(each) for each in said] == [PanelAppointed]
    panel_now = (await handlers.case(case_id)).panel
    assert panel_now is not None
    assert set(panel_now.experts) == set(EXPERTS[:4]) - {seats[0]}
    with pytest.raises(Refusal, match="not-on-panel"):
        await handlers.sign(case_id, sheet(seats[0]))
    entry = await last_entry(handlers)
    assert (entry.action, entry.subject) == ("expert replaced", ORGANISATION.subject)


@pytest.mark.rule("V5")
async def test_registered_anew_after_scoring_the_conflict_is_flagged(handlers: ReviewHarness) -> None:
    case_id, seats = await one_of_three_signed(handlers)
    await handlers.sign(case_id, sheet(seats[2]))

    await handlers.register(seats[0], employer=STEEL)

    assert (await handlers.case(case_id)).conflicted == (seats[0],)


@pytest.mark.rule("V5")
async def test_what_was_evaluated_is_never_forgotten(handlers: ReviewHarness) -> None:
    await handlers.register("expert-1", evaluated=evaluated(STEEL, 2025))

    await handlers.register("expert-1", evaluated=evaluated(COPPER, 2026))
    await handlers.register("expert-1")

    one = await handlers.store().experts.require("expert-1")
    assert one.evaluated == (*evaluated(STEEL, 2025), *evaluated(COPPER, 2026))


@pytest.mark.rule("V5")
@pytest.mark.parametrize(("uscc", "name"), [(ASSESSOR.uscc, ""), ("", ASSESSOR.name), ("", "示例集团 ")])
async def test_a_conflict_declared_with_the_assessor_or_the_group_costs_the_seat_as_well(
    handlers: ReviewHarness, uscc: str, name: str
) -> None:
    case_id = await handlers.forward(accepted(by=ASSESSOR, group="示例集团"))
    await handlers.register(*EXPERTS[:4])
    seats = await handlers.appoint(case_id)

    await declare(handlers, seats[0], uscc, name)

    case = await handlers.case(case_id)
    assert case.panel is not None
    assert seats[0] not in case.panel.experts
    assert DECLARED in (await last_entry(handlers)).reason


@pytest.mark.rule("V5")
async def test_a_declaration_says_with_whom(handlers: ReviewHarness) -> None:
    await handlers.register("expert-1")

    with pytest.raises(Refusal) as refused:
        await declare(handlers, "expert-1", "", " ")
    assert [each.code for each in refused.value.reasons] == ["conflict-with-nobody"]
