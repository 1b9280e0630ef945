"""The code, rule and place of refusals and of the reasons for which a case ends (G3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from chassis.handling import Refusal
from messages.review import Stage
from messages.values import Level
from review.domain import application_status, consultation, objection, opinion, ranking, scoring, site, unit_status
from review.domain.case import Panel
from review.domain.objection import Objection
from review.domain.record import ActorRef
from review.domain.refusals import require_region
from review.domain.site import Findings
from review.handlers.panel import AppointPanel, RegisterExpert, appoint_panel, register_expert

from . import builders
from .builders import OPENED, ORGANISATION, SCHEME, opened_case, ranked, scored_case, sheet
from .harness import ReviewHarness
from .test_consultation import ECOLOGY

OBJECTION = Objection(
    objection_id="obj-1",
    notice_id="notice-1",
    case_id="app-1",
    facts="夜间排放异味",
    name="王某",
    contact="0472-0000000",
    lodged_on=OPENED,
    lodged_by="citizen",
    due=OPENED,
)
RECEIVED = replace(OBJECTION, state="received")
SCORING = opened_case(state=Stage.SCORING, panel=Panel(("expert-1",), "expert-1", OPENED))
CONTEXT = site.ScoringContext(SCHEME, builders.RULES, builders.SEED)


def visited_without_reasons() -> None:
    case = replace(scored_case("app-1", "90"), sheets=(replace(sheet(), signed_on=OPENED),))
    ordered = site.order_visit(case, "borderline", "seed", OPENED).case
    site.record_visit(ordered, Findings(ordered.dossier.indicators[:1], "现场核查", " "), CONTEXT, OPENED)


@pytest.mark.rule("G3", "V1", "V2", "V6", "V7", "V9", "V18")
@pytest.mark.parametrize(
    ("act", "rule", "pointer"),
    [
        (lambda: opinion.refuse_case(opened_case(), " ", OPENED), "V1", "/reasons"),
        (lambda: consultation.record_answer(opened_case(), ECOLOGY, "object", " ", OPENED), "V2", "/text"),
        (lambda: scoring.require_reasons("confirm", " "), "V6", "/text"),
        (visited_without_reasons, "V7", "/reasons"),
        (lambda: objection.decide_receipt(OBJECTION, received=False, text=" ", today=OPENED), "V18", "/text"),
        (lambda: objection.decide(RECEIVED, upheld=True, text=" ", today=OPENED), "V9", "/text"),
    ],
)
def test_whoever_decides_against_somebody_gives_reasons(act: Callable[[], object], rule: str, pointer: str) -> None:
    with pytest.raises(Refusal) as refused:
        act()
    (why,) = refused.value.reasons
    assert (refused.value.code, refused.value.status) == ("request-invalid", 422)
    assert (why.rule, why.code, why.pointer) == (rule, "reasons-missing", pointer)


@pytest.mark.rule("V6")
def test_a_value_that_the_scheme_does_not_allow_is_named_with_its_fault() -> None:
    with pytest.raises(Refusal) as refused:
        scoring.refuse_invalid(["renewables_share: 120 is above 100"])
    (why,) = refused.value.reasons
    assert (why.rule, why.code, why.evidence, why.pointer) == (
        "V6",
        "score-invalid",
        "120 is above 100",
        "/values/renewables_share",
    )
    scoring.refuse_invalid([])


@pytest.mark.rule("V6")
def test_where_no_sheet_deviates_there_is_nothing_to_decide() -> None:
    with pytest.raises(Refusal, match="no-deviation"):
        scoring.require_decider(SCORING, ActorRef("expert-1", "expert"))


@pytest.mark.rule("V11", "V12")
@pytest.mark.parametrize(("level", "rule"), [(Level.PREFECTURE, "V11"), (Level.NATION, "V12")])
def test_the_batches_of_other_levels_are_not_reviewed_here(level: Level, rule: str) -> None:
    with pytest.raises(Refusal) as refused:
        require_region(level)
    assert (refused.value.code, refused.value.reasons[0].rule) == ("level-not-reviewed", rule)
    require_region(Level.REGION)


@pytest.mark.rule("V5")
async def test_an_expert_whom_nobody_registered_is_not_appointed(handlers: ReviewHarness) -> None:
    case_id = await handlers.forward()
    await handlers.register("expert-1")

    with pytest.raises(Refusal) as refused:
        await handlers.do(appoint_panel, AppointPanel(case_id, ("expert-1", "expert-8", "expert-9"), ORGANISATION))
    assert [(each.code, each.evidence, each.pointer) for each in refused.value.reasons] == [
        ("expert-unknown", "expert-8", "/experts"),
        ("expert-unknown", "expert-9", "/experts"),
    ]


@pytest.mark.rule("V5")
async def test_who_has_read_an_older_entry_of_an_expert_changes_nothing(handlers: ReviewHarness) -> None:
    await handlers.register("expert-1")

    with pytest.raises(Refusal) as refused:
        await handlers.do(register_expert, RegisterExpert("expert-1", "另一大学", (), (), ORGANISATION, 7))
    (why,) = refused.value.reasons
    assert (refused.value.status, why.rule, why.code, why.evidence) == (412, "V5", "version-stale", "7, 1")
    await handlers.do(register_expert, RegisterExpert("expert-1", "另一大学", (), (), ORGANISATION, 1))


def ended_by_objection() -> object:
    (_, step) = objection.resolve(
        replace(scored_case("app-1", "90"), state=Stage.IN_NOTICE, open_objections=1),
        replace(OBJECTION, state="upheld", text="经核实"),
        OPENED,
    )
    return step


def ended_by_rank(outcome: str) -> object:
    made = ranked(scored_case("app-1", "80"))
    line = replace(made.lines[0], outcome=outcome)
    return ranking.apply_ranking(scored_case("app-1", "80"), made.ranking, line)


@pytest.mark.rule("G3")
@pytest.mark.parametrize(
    ("end", "outcome", "reason"),
    [
        (lambda: application_status.withdraw_case(opened_case(), OPENED), "withdrawn", ("A5", "application-withdrawn")),
        (
            lambda: opinion.refuse_case(opened_case(), "能耗数据无法核实", OPENED)[-1],
            "initial_review_refused",
            ("V1", "initial-review-refused"),
        ),
        (ended_by_objection, "objection_upheld", ("V9", "objection-upheld")),
        (lambda: ended_by_rank("beyond_cap"), "beyond_cap", ("V8", "beyond-cap")),
        (lambda: ended_by_rank("below_pass_mark"), "below_pass_mark", ("V8", "below-pass-mark")),
        (lambda: ended_by_rank("mandatory_item_failed"), "mandatory_item_failed", ("V6", "mandatory-item-failed")),
        (
            lambda: scoring.fail_case(SCORING, SCHEME, (SCHEME.mandatory_items[0].id,), OPENED),
            "mandatory_item_failed",
            ("V6", "mandatory-item-failed"),
        ),
    ],
)
def test_the_end_of_a_case_names_outcome_rule_and_reason_and_keeps_the_stage(
    end: Callable[[], object], outcome: str, reason: tuple[str, str]
) -> None:
    step = end()

    (closed,) = step.events  # type: ignore[attr-defined]
    assert (closed.outcome, closed.closed_on) == (outcome, OPENED)
    assert [(each.rule, each.code) for each in closed.reasons] == [reason]
    assert step.case.closing.reasons == closed.reasons  # type: ignore[attr-defined]
    assert (step.rule, step.reason) == (reason[0], closed.reasons[0].text)  # type: ignore[attr-defined]
    assert set(step.evidence) == {"state"}  # type: ignore[attr-defined]
    assert step.case.open_objections == 0  # type: ignore[attr-defined]


@pytest.mark.rule("B2")
def test_a_ban_names_its_document_and_its_days_and_holds_to_the_end_of_its_last_day() -> None:
    removed = builders.removed(on=date(2026, 3, 1))
    known = unit_status.UnitStatus(builders.STEEL)
    banned = unit_status.UnitBan(date(2026, 3, 1), date(2029, 3, 1), removed.document_number)

    why = unit_status.ban_reason(banned)

    assert (why.rule, why.code) == ("B2", "unit-banned")
    assert why.evidence == f"{removed.document_number}: 2026-03-01..2029-03-01"
    holding = replace(known, bans=(banned,))
    assert len(unit_status.stop_if_banned(opened_case(), holding, date(2029, 3, 1))) == 1
    assert unit_status.stop_if_banned(opened_case(), holding, date(2029, 3, 2)) == []
    assert unit_status.stop_if_banned(opened_case(state=Stage.LISTED), holding, OPENED) == []
    assert unit_status.stop_if_banned(opened_case(), known, OPENED) == []
