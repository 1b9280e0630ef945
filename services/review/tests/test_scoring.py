from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from chassis.handling import Refusal
from messages.review import (
    CaseClosed,
    CaseScored,
    DeviationFlagged,
    ScoreSheetSigned,
    ScoreSheetsReturned,
    SiteVerificationOrdered,
    Stage,
)
from review.domain import scoring
from review.domain.case import Case, Panel, ScoreSheet
from review.domain.record import ActorRef
from review.handlers.scoring import DecideDeviation, FillScoreSheet, decide_deviation, fill_score_sheet

from .builders import (
    COPPER,
    EXPERTS,
    OPENED,
    REGION,
    RULES,
    SCHEME,
    accepted,
    mandatory_items,
    opened_case,
    sheet,
    unit,
    values,
)
from .harness import ReviewHarness

SEATS = EXPERTS[:3]


def seated(*sheets: ScoreSheet) -> Case:
    return opened_case(state=Stage.PANEL_APPOINTED, panel=Panel(SEATS, SEATS[0], OPENED), sheets=sheets)


def signed(*shares: str, fails: tuple[str, ...] = ()) -> Case:
    case = seated()
    for name, share in zip(SEATS, shares, strict=True):
        case = scoring.sign_sheet(case, sheet(name, share, fails=fails), SCHEME, OPENED).case
    return case


@pytest.mark.rule("V6")
def test_a_signature_is_counted_and_said_without_the_score() -> None:
    step = scoring.sign_sheet(seated(), sheet("expert-2"), SCHEME, OPENED)

    (said,) = step.events
    assert isinstance(said, ScoreSheetSigned)
    assert (said.expert, said.signed, said.panel_size) == ("expert-2", 1, 3)
    assert step.case.state is Stage.SCORING
    assert set(step.evidence) == {"expert", "sheet"}


@pytest.mark.rule("V6")
def test_a_sheet_is_signed_once() -> None:
    case = scoring.sign_sheet(seated(), sheet("expert-1"), SCHEME, OPENED).case

    for act in (scoring.save_draft, lambda c, s, m: scoring.sign_sheet(c, s, m, OPENED)):
        with pytest.raises(Refusal) as refused:
            act(case, sheet("expert-1", "0.1"), SCHEME)
        assert refused.value.code == "sheet-signed"


@pytest.mark.rule("V6")
def test_only_a_member_of_the_panel_scores() -> None:
    with pytest.raises(Refusal) as refused:
        scoring.sign_sheet(seated(), sheet("expert-5"), SCHEME, OPENED)
    assert (refused.value.code, refused.value.status) == ("not-on-panel", 403)


@pytest.mark.rule("V6")
def test_every_item_missing_unknown_or_out_of_range_is_named_with_its_place() -> None:
    wrong = values(renewables_share="120", charisma="1")
    del wrong["energy_intensity"]

    with pytest.raises(Refusal) as refused:
        scoring.sign_sheet(
            seated(), ScoreSheet("expert-1", wrong, mandatory_items(), site_visit_wanted=False), SCHEME, OPENED
        )
    assert refused.value.status == 422
    assert {each.pointer for each in refused.value.reasons} == {
        "/values/energy_intensity",
        "/values/charisma",
        "/values/renewables_share",
    }


def test_a_draft_may_be_incomplete_but_not_wrong() -> None:
    partial = ScoreSheet("expert-1", {"renewables_share": Decimal(20)}, {}, site_visit_wanted=False)

    assert scoring.save_draft(seated(), partial, SCHEME).case.sheet_of("expert-1") == partial
    with pytest.raises(Refusal) as refused:
        scoring.save_draft(seated(), replace(partial, values={"renewables_share": Decimal(200)}), SCHEME)
    assert [each.pointer for each in refused.value.reasons] == ["/values/renewables_share"]


@pytest.mark.rule("V6")
def test_the_panels_score_follows_the_schemes_rule() -> None:
    result = scoring.panel_score(signed("0.7", "0.8", "0.9"), SCHEME, OPENED)

    assert SCHEME.panel_rule == "mean"
    assert result.total == Decimal(80)
    assert result.by_expert == {"expert-1": Decimal(70), "expert-2": Decimal(80), "expert-3": Decimal(90)}


@pytest.mark.rule("V6")
def test_an_expert_farther_from_the_panel_than_the_limit_deviates() -> None:
    limit = RULES.panel.deviation_limit
    near = scoring.panel_score(signed("0.7", "0.8", "0.9"), SCHEME, OPENED)
    far = scoring.panel_score(signed("0.5", "0.8", "0.9"), SCHEME, OPENED)

    assert limit == 15
    assert scoring.deviating_experts(near, limit) == ()
    assert scoring.deviating_experts(far, limit) == ("expert-1", "expert-3")


@pytest.mark.rule("V6")
def test_a_mandatory_item_fails_when_most_of_the_panel_fail_it() -> None:
    item = SCHEME.mandatory_items[0].id
    one = replace(
        signed("0.8", "0.8", "0.8"), sheets=(sheet("expert-1", fails=[item]), sheet("expert-2"), sheet("expert-3"))
    )
    sheets = tuple(replace(each, signed_on=OPENED) for each in one.sheets)

    assert scoring.panel_score(replace(one, sheets=sheets), SCHEME, OPENED).failed_mandatory_items == ()
    assert scoring.panel_score(signed("1", "1", "1", fails=(item,)), SCHEME, OPENED).failed_mandatory_items == (item,)


async def panel_of(handlers: ReviewHarness) -> tuple[str, tuple[str, ...]]:
    case_id = await handlers.forward()
    await handlers.register()
    return case_id, await handlers.appoint(case_id)


@pytest.mark.rule("V6")
async def test_the_last_signature_makes_the_score(handlers: ReviewHarness) -> None:
    case_id, seats = await panel_of(handlers)

    said = await handlers.sign(case_id, *(sheet(name, "0.9") for name in seats))

    scored = [each for each in said if isinstance(each, CaseScored)]
    assert [each.score for each in scored] == [Decimal(90)]
    assert sum(isinstance(each, ScoreSheetSigned) for each in said) == 3


@pytest.mark.rule("V6")
async def test_a_failed_mandatory_item_fails_the_case_whatever_the_score(handlers: ReviewHarness) -> None:
    case_id, seats = await panel_of(handlers)
    item = SCHEME.mandatory_items[-1]

    said = await handlers.sign(case_id, *(sheet(name, "1", fails=[item.id]) for name in seats))

    scored, closed = said[-2:]
    assert isinstance(scored, CaseScored)
    assert (scored.score, scored.failed_mandatory_items) == (Decimal(100), (item.id,))
    assert isinstance(closed, CaseClosed)
    assert closed.outcome == "mandatory_item_failed"
    assert item.name_zh in closed.reasons[0].text
    assert not any(isinstance(each, SiteVerificationOrdered) for each in said)


async def deviating(handlers: ReviewHarness) -> tuple[str, tuple[str, ...]]:
    case_id, seats = await panel_of(handlers)
    await handlers.sign(case_id, sheet(seats[0], "0.9"), sheet(seats[1], "0.9"), sheet(seats[2], "0.5"))
    return case_id, seats


def chair(
    case_id: str, name: str, decision: scoring.DeviationDecision, text: str = "现场情况差异较大"
) -> DecideDeviation:
    return DecideDeviation(case_id, decision, text, ActorRef(name, "expert"))


@pytest.mark.rule("V6")
async def test_a_deviating_score_waits_for_the_chair_who_confirms_it(handlers: ReviewHarness) -> None:
    case_id, seats = await deviating(handlers)
    waiting = await handlers.case(case_id)
    assert waiting.state is Stage.SCORING
    assert waiting.deviating == (seats[2],)
    told = handlers.published[-1]
    assert isinstance(told, DeviationFlagged)
    assert (told.deviating, told.experts, told.flagged_on) == ((seats[2],), (seats[0],), OPENED)

    said = await handlers.do(decide_deviation, chair(case_id, seats[0], "confirm"))

    assert isinstance(said[0], CaseScored)
    assert (await handlers.case(case_id)).deviating == ()


@pytest.mark.rule("V6")
async def test_or_the_chair_sends_the_sheets_back_to_be_signed_anew(handlers: ReviewHarness) -> None:
    case_id, seats = await deviating(handlers)
    flagged = (await handlers.case(case_id)).deviating

    (returned,) = await handlers.do(decide_deviation, chair(case_id, seats[0], "send_back", " 口径不一致 "))
    said = await handlers.sign(case_id, *(sheet(name, "0.88") for name in flagged))

    assert isinstance(returned, ScoreSheetsReturned)
    assert (returned.experts, returned.text, returned.returned_on) == (flagged, "口径不一致", OPENED)

    assert isinstance(said[-1], CaseScored | SiteVerificationOrdered)
    assert (await handlers.case(case_id)).state is not Stage.SCORING


@pytest.mark.rule("V6")
async def test_only_the_chair_decides_and_gives_reasons(handlers: ReviewHarness) -> None:
    case_id, seats = await deviating(handlers)

    with pytest.raises(Refusal) as other:
        await handlers.do(decide_deviation, chair(case_id, seats[1], "confirm"))
    with pytest.raises(Refusal) as wordless:
        await handlers.do(decide_deviation, chair(case_id, seats[0], "confirm", " "))
    assert other.value.code == "not-the-decider"
    assert wordless.value.status == 422


@pytest.mark.rule("V6")
async def test_nobody_decides_on_the_own_sheet_so_the_chairs_is_confirmed_by_another_member(
    handlers: ReviewHarness,
) -> None:
    case_id, seats = await panel_of(handlers)
    await handlers.sign(case_id, sheet(seats[0], "0.9"), sheet(seats[1], "0.5"), sheet(seats[2], "0.5"))
    assert (await handlers.case(case_id)).deviating == (seats[0],)

    decisions: tuple[scoring.DeviationDecision, ...] = ("confirm", "send_back")
    told = handlers.published[-1]
    assert isinstance(told, DeviationFlagged)
    assert told.experts == (seats[1], seats[2])
    for decision in decisions:
        with pytest.raises(Refusal) as refused:
            await handlers.do(decide_deviation, chair(case_id, seats[0], decision))
        assert refused.value.code == "not-the-decider"
        assert "其他评审组成员" in refused.value.reasons[0].text
    await handlers.do(decide_deviation, chair(case_id, seats[1], "confirm"))

    assert (await handlers.case(case_id)).score is not None


@pytest.mark.rule("V6")
async def test_the_region_may_speak_where_the_chair_may_not_also_when_all_deviate_and_only_there(
    handlers: ReviewHarness,
) -> None:
    case_id, seats = await panel_of(handlers)
    await handlers.sign(case_id, sheet(seats[0], "0.9"), sheet(seats[1], "0.9"), sheet(seats[2], "0.5"))
    of_region = DecideDeviation(case_id, "send_back", "请复核", REGION)

    with pytest.raises(Refusal, match="组长"):
        await handlers.do(decide_deviation, of_region)
    await handlers.do(decide_deviation, chair(case_id, seats[0], "send_back"))
    await handlers.sign(case_id, sheet(seats[2], "0.9"))
    other = await handlers.forward(accepted("app-2", unit(COPPER)))
    first, *others = await handlers.appoint(other)
    await handlers.sign(other, sheet(first, "1"), *(sheet(each, "0") for each in others))
    told = handlers.published[-1]
    assert isinstance(told, DeviationFlagged)
    assert (set(told.deviating), told.experts) == ({first, *others}, ())

    await handlers.do(decide_deviation, replace(of_region, case_id=other, decision="confirm"))

    assert (await handlers.case(other)).score is not None


async def test_a_draft_is_kept_and_says_nothing(handlers: ReviewHarness) -> None:
    case_id, seats = await panel_of(handlers)
    draft = FillScoreSheet(case_id, sheet(seats[0]), sign=False, by=ActorRef(seats[0], "expert"))

    assert await handlers.do(fill_score_sheet, draft) == []
    kept = (await handlers.case(case_id)).sheet_of(seats[0])
    assert kept is not None
    assert kept.signed_on is None


@pytest.mark.rule("V6")
def test_a_draft_is_no_signature_and_counts_for_no_score() -> None:
    case = scoring.sign_sheet(seated(), sheet("expert-1", "0.9"), SCHEME, OPENED).case
    case = scoring.save_draft(case, sheet("expert-2", "0.1"), SCHEME).case

    assert [each.expert for each in case.signed_sheets] == ["expert-1"]
    assert not scoring.all_signed(case)
    assert scoring.panel_score(case, SCHEME, OPENED).total == Decimal(90)
    step = scoring.sign_sheet(case, sheet("expert-3", "0.9"), SCHEME, OPENED)
    (said,) = step.events
    assert isinstance(said, ScoreSheetSigned)
    assert (said.signed, said.panel_size, scoring.all_signed(step.case)) == (2, 3, False)
    whole = scoring.sign_sheet(step.case, sheet("expert-2", "0.9"), SCHEME, OPENED).case
    assert scoring.all_signed(whole)
