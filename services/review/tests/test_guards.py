"""Acts that are refused: in another state, in another batch, against another notice, about another case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from chassis.handling import Refusal
from messages.event import Event
from messages.review import PublicNoticeEntered, PublicNoticeOpened, Stage
from messages.values import Level
from review.domain import consultation, expert, opinion
from review.domain.case import ANSWERABLE, STAGES, Case, OpinionDocument
from review.domain.expert import Declaration
from review.domain.notice import PublicNotice
from review.domain.record import ActorRef
from review.domain.refusals import require_state
from review.handlers.applications import close_withdrawn_case
from review.handlers.notice import OpenNotice, open_notice
from review.handlers.panel import DeclareConflict, declare_conflict
from review.store import Store
from rulebook import RuleSet

from . import builders
from .builders import COPPER, DAIRY, OPENED, REGION, RULES, SCAN, STEEL, accepted, opened_case, scored_case, sheet, unit
from .harness import ReviewHarness, put_case
from .test_consultation import DUE, ECOLOGY, EMERGENCY, MARKET, after_reminder, all_agree
from .test_notice import in_notice

YEARS = RULES.panel.conflict_years


def test_the_refusal_of_a_step_names_every_stage_in_words() -> None:
    assert {each.stage for each in STAGES} == set(Stage)
    for each in STAGES:
        with pytest.raises(Refusal) as refused:
            require_state(opened_case(state=each.stage), "V2")
        (why,) = refused.value.reasons
        assert (refused.value.code, why.rule, why.evidence) == ("wrong-state", "V2", each.stage)
        assert f"“{each.text}”" in why.text


@pytest.mark.rule("V2")
@pytest.mark.parametrize("stage", [each for each in Stage if each not in ANSWERABLE])
def test_after_the_opinion_document_and_after_the_end_no_department_answers(stage: Stage) -> None:
    with pytest.raises(Refusal) as refused:
        consultation.record_answer(opened_case(state=stage), ECOLOGY, "agree", "", OPENED)
    assert (refused.value.code, refused.value.reasons[0].rule) == ("wrong-state", "V2")


@pytest.mark.rule("V2", "S2")
def test_while_the_case_is_suspended_no_department_answers() -> None:
    with pytest.raises(Refusal) as refused:
        consultation.record_answer(opened_case(suspended_by="内工信通〔2026〕3号"), ECOLOGY, "agree", "", OPENED)
    assert refused.value.code == "case-suspended"


@pytest.mark.rule("V2")
@pytest.mark.parametrize("stage", ANSWERABLE)
def test_where_every_department_has_answered_nobody_is_reminded_or_overdue(stage: Stage) -> None:
    answered = replace(all_agree(opened_case()), state=stage)
    reminded = replace(all_agree(after_reminder(opened_case())), state=stage)

    assert not consultation.needs_reminder(answered, DUE)
    assert not consultation.is_overdue(reminded, DUE + timedelta(days=1))


@pytest.mark.rule("V2")
def test_a_case_that_has_ended_or_gone_on_is_neither_reminded_nor_overdue() -> None:
    for stage in (Stage.OPINION_ISSUED, Stage.FORWARDED, Stage.CLOSED):
        assert not consultation.needs_reminder(opened_case(state=stage), DUE)
        silent = replace(after_reminder(opened_case()), state=stage)
        assert not consultation.is_overdue(silent, DUE + timedelta(days=1))


def issue(case: Case, dealt_with: dict[str, str], rules: RuleSet = RULES) -> Case:
    document = OpinionDocument("包工信〔2026〕1号", OPENED, "recommended", (SCAN,), dealt_with)
    return opinion.issue_opinion(case, document, rules, OPENED)[-1].case


@pytest.mark.rule("V2", "G1")
def test_only_under_the_reading_that_silence_agrees_an_overdue_opinion_needs_no_words() -> None:
    silent = consultation.mark_overdue(after_reminder(opened_case()), DUE + timedelta(days=1)).case
    reviewed = replace(silent, state=Stage.INITIAL_REVIEW_ACCEPTED)
    readings = RULES.readings.model_copy(update={"overdue_opinion_counts_as_agreement": True})
    otherwise = RULES.model_copy(update={"readings": readings})

    with pytest.raises(Refusal) as refused:
        issue(reviewed, {})
    assert [each.pointer for each in refused.value.reasons] == [
        f"/dealt_with/{each}" for each in (ECOLOGY, EMERGENCY, MARKET)
    ]
    assert issue(reviewed, {}, otherwise).state is Stage.OPINION_ISSUED


@pytest.mark.rule("V2", "G1")
def test_under_no_reading_an_objection_agrees() -> None:
    readings = RULES.readings.model_copy(update={"overdue_opinion_counts_as_agreement": True})
    objected = consultation.record_answer(opened_case(), ECOLOGY, "object", "排放口未规范", OPENED).case
    for each in (EMERGENCY, MARKET):
        objected = consultation.record_answer(objected, each, "agree", "", OPENED).case

    with pytest.raises(Refusal) as refused:
        issue(
            replace(objected, state=Stage.INITIAL_REVIEW_ACCEPTED), {}, RULES.model_copy(update={"readings": readings})
        )
    assert [each.code for each in refused.value.reasons] == ["opinion-not-dealt-with"]


@pytest.mark.rule("V2")
def test_a_missing_opinion_weighs_more_than_a_missing_explanation_and_both_are_named() -> None:
    objected = consultation.record_answer(opened_case(), EMERGENCY, "object", "排放口未规范", OPENED).case
    waiting = replace(objected, state=Stage.INITIAL_REVIEW_ACCEPTED)

    with pytest.raises(Refusal) as refused:
        issue(waiting, {})
    assert refused.value.code == "opinion-missing"
    assert [each.code for each in refused.value.reasons] == [
        "opinion-missing",
        "opinion-not-dealt-with",
        "opinion-missing",
    ]


@pytest.mark.rule("V2")
def test_a_blank_explanation_in_the_document_leaves_the_one_of_the_initial_review() -> None:
    silent = consultation.mark_overdue(after_reminder(opened_case()), DUE + timedelta(days=1)).case
    explained = {ECOLOGY: "电话核实无意见", EMERGENCY: "已现场核实", MARKET: "书面说明"}
    reviewed = opinion.accept_case(silent, "", {str(each): text for each, text in explained.items()}, OPENED).case

    issued = issue(reviewed, {ECOLOGY: "  ", MARKET: " 再次核实 "})

    assert issued.opinion_document is not None
    assert issued.opinion_document.dealt_with == {
        ECOLOGY: "电话核实无意见",
        EMERGENCY: "已现场核实",
        MARKET: "再次核实",
    }


@pytest.mark.rule("V5")
@pytest.mark.parametrize(
    "declared",
    [
        Declaration(COPPER, "亲属在该单位任职", OPENED),
        Declaration("", "持有该集团股份", OPENED, name="示例集团"),
        Declaration(COPPER, "亲属在该单位任职", OPENED, name=" "),
    ],
)
def test_who_declared_a_conflict_with_somebody_may_judge_everybody_else(declared: Declaration) -> None:
    declarer = builders.expert(declared=(declared,), groups=("", " "))
    concerned = opened_case(accepted("app-2", unit(COPPER), group="示例集团"))

    assert expert.conflicts(declarer, opened_case(), YEARS, OPENED) == []
    assert expert.conflicts(declarer, opened_case(accepted(group=" ")), YEARS, OPENED) == []
    assert expert.grounds(declarer, opened_case(), YEARS, OPENED) == []
    (why,) = expert.conflicts(declarer, concerned, YEARS, OPENED)
    assert (why.code, why.evidence) == ("conflict-of-interest", "expert-1")
    assert expert.grounds(declarer, concerned, YEARS, OPENED) == [declared.text]


@pytest.mark.rule("V5", "V14")
def test_of_several_declarations_about_one_unit_the_record_quotes_the_newest_alone() -> None:
    first, second = Declaration(STEEL, "曾任顾问", OPENED), Declaration(STEEL, "亲属在该单位任职", OPENED)
    declarer = builders.expert(declared=(first, second, Declaration(COPPER, "其他", OPENED)))

    assert expert.grounds(declarer, opened_case(), YEARS, OPENED) == ["亲属在该单位任职"]


async def seats(handlers: ReviewHarness, case_id: str) -> tuple[str, ...]:
    panel = (await handlers.case(case_id)).panel
    assert panel is not None
    return panel.experts


@pytest.mark.rule("V5")
async def test_a_conflict_with_one_unit_costs_the_seat_on_its_case_and_no_other(handlers: ReviewHarness) -> None:
    units = {"app-1": STEEL, "app-2": COPPER, "app-3": DAIRY}
    for case_id, uscc in units.items():
        await handlers.forward(accepted(case_id, unit(uscc)))
    await handlers.register("expert-1", "expert-2", "expert-3", "expert-4")
    panel = ("expert-1", "expert-2", "expert-3")
    for case_id in units:
        await handlers.appoint(case_id, *panel)
    await handlers.sign("app-3", *(sheet(name, "0.9") for name in panel))
    scored = await handlers.case("app-3")
    assert scored.score is not None

    declared = DeclareConflict("expert-1", COPPER, "亲属在该单位任职", ActorRef("expert-1", "expert"))
    await handlers.do(declare_conflict, declared)

    assert set(await seats(handlers, "app-2")) == {"expert-2", "expert-3", "expert-4"}
    assert await seats(handlers, "app-1") == panel
    assert await handlers.case("app-3") == scored
    known = {each.expert_id: each.load(2026) for each in await handlers.store().experts.find()}
    assert known == {"expert-1": 2, "expert-2": 3, "expert-3": 3, "expert-4": 1}


def ranked_case(case_id: str, uscc: str, **changed: object) -> Case:
    case = scored_case(case_id, "90", event=accepted(case_id, unit(uscc)))
    return replace(case, state=Stage.RANKED, rank=1, **changed)  # type: ignore[arg-type]


OTHER_BATCHES = (
    ranked_case("app-8", COPPER, batch_year=2025),
    ranked_case("app-9", DAIRY, level=Level.NATION),
)
"""Ranked as well, in the batch of another year and at another level."""


@pytest.mark.rule("V9")
async def test_a_notice_shows_the_ranked_cases_of_its_own_batch_alone(handlers: ReviewHarness) -> None:
    for each in OTHER_BATCHES:
        await handlers.do(put_case, each)

    notice_id, one, other = await in_notice(handlers)

    (said,) = [each for each in handlers.published if isinstance(each, PublicNoticeOpened)]
    shown = [each.case_id for each in handlers.published if isinstance(each, PublicNoticeEntered)]
    lines = await handlers.store().notice_lines.find({"notice_id": notice_id})
    assert (said.shown, sorted(shown), sorted(each.case_id for each in lines)) == (2, [one, other], [one, other])
    for each in OTHER_BATCHES:
        kept = await handlers.case(each.case_id)
        assert (kept.state, kept.notice_id) == (Stage.RANKED, None)


@pytest.mark.rule("V9")
async def test_ranked_cases_of_other_batches_are_nothing_to_publish(handlers: ReviewHarness) -> None:
    for each in OTHER_BATCHES:
        await handlers.do(put_case, each)

    with pytest.raises(Refusal) as refused:
        await handlers.execute(open_notice, OpenNotice("act-1", Level.REGION, 2026, None, REGION))
    assert refused.value.code == "nothing-to-publish"


async def put_notice(notice: PublicNotice, store: Store, _now: datetime) -> list[Event]:
    store.notices.save(notice.notice_id, notice)
    return []


@pytest.mark.rule("V9")
async def test_notices_are_counted_in_their_own_batch(handlers: ReviewHarness) -> None:
    day = date(2025, 6, 18)
    before = PublicNotice("notice-region-2025-1", Level.REGION, 2025, day, day, day, False, RULES.version, 1, "0" * 64)
    await handlers.do(put_notice, before)
    await handlers.do(put_notice, replace(before, notice_id="notice-nation-2026-1", level=Level.NATION))
    await handlers.register()
    await handlers.score(share="0.95")
    await handlers.visit()
    await handlers.rank()
    handlers.today = date(2026, 6, 18)

    await handlers.begin(open_notice, OpenNotice("act-9", Level.REGION, 2026, None, REGION))

    assert (await handlers.case()).notice_id == "notice-region-2026-1"


async def objection_to(handlers: ReviewHarness, notice_id: str, case_id: str) -> tuple[str, str | None]:
    before = len(handlers.published)
    with pytest.raises(Refusal) as refused:
        await handlers.object(notice_id, case_id, "obj-9")
    assert len(handlers.published) == before
    assert await handlers.store().objections.get("obj-9") is None
    (why,) = refused.value.reasons
    return refused.value.code, why.evidence


@pytest.mark.rule("V9")
async def test_no_objection_is_taken_against_a_case_that_was_withdrawn_during_the_notice(
    handlers: ReviewHarness,
) -> None:
    notice_id, one, other = await in_notice(handlers)
    await handlers.do(close_withdrawn_case, builders.withdrawn(one))

    assert await objection_to(handlers, notice_id, one) == ("not-in-notice", one)
    await handlers.object(notice_id, other)


@pytest.mark.rule("V9")
@pytest.mark.parametrize(
    "changed",
    [
        {"notice_id": "notice-region-2026-2"},
        {"state": Stage.CLEARED},
        {"state": Stage.LISTED},
        {"state": Stage.RANKED, "notice_id": None},
    ],
)
async def test_no_objection_is_taken_against_a_case_that_this_notice_does_not_show(
    handlers: ReviewHarness, changed: dict[str, object]
) -> None:
    notice_id, one, other = await in_notice(handlers)
    await handlers.do(put_case, replace(await handlers.case(one), **changed))  # type: ignore[arg-type]

    assert await objection_to(handlers, notice_id, one) == ("not-in-notice", one)
    await handlers.object(notice_id, other)
