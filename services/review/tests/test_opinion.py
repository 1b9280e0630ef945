from __future__ import annotations

from dataclasses import replace

import pytest
from chassis.handling import Refusal
from messages.review import CaseClosed, InitialReviewAccepted, InitialReviewRefused, OpinionIssued, Stage
from messages.values import Prefecture
from review.domain import opinion
from review.domain.case import OpinionDocument
from review.handlers.opinion import issue_opinion

from .builders import COPPER, OPENED, RULES, SCAN, accepted, opened_case, unit
from .harness import ReviewHarness


@pytest.mark.rule("V1")
def test_initial_review_accepts_with_the_opinions_seen_so_far_in_the_record() -> None:
    step = opinion.accept_case(opened_case(), "材料齐全", {}, OPENED)

    assert step.case.state is Stage.INITIAL_REVIEW_ACCEPTED
    assert isinstance(step.events[0], InitialReviewAccepted)
    assert set(step.evidence.values()) == {"none"}


@pytest.mark.rule("V1")
def test_a_refused_initial_review_ends_the_case_with_its_reasons() -> None:
    steps = opinion.refuse_case(opened_case(), "能耗数据无法核实", OPENED)

    refused, closed = (event for step in steps for event in step.events)
    assert isinstance(refused, InitialReviewRefused)
    assert isinstance(closed, CaseClosed)
    assert (closed.outcome, closed.initial_review_accepted) == ("initial_review_refused", False)
    assert closed.reasons == refused.reasons
    assert (refused.reasons[0].rule, refused.reasons[0].article) == ("V1", "第十四条第（二）项")
    assert steps[-1].case.state is Stage.CLOSED


@pytest.mark.rule("V1")
def test_a_refusal_without_reasons_is_not_accepted() -> None:
    with pytest.raises(Refusal) as refused:
        opinion.refuse_case(opened_case(), " ", OPENED)
    assert refused.value.status == 422


@pytest.mark.rule("V1")
def test_a_case_is_reviewed_once() -> None:
    reviewed = opinion.accept_case(opened_case(), "", {}, OPENED).case

    with pytest.raises(Refusal) as refused:
        opinion.accept_case(reviewed, "", {}, OPENED)
    assert refused.value.code == "wrong-state"


@pytest.mark.rule("V3")
def test_a_document_that_does_not_recommend_ends_the_case() -> None:
    case = opened_case(state=Stage.INITIAL_REVIEW_ACCEPTED)
    agreed = replace(
        case,
        consultation=replace(
            case.consultation,
            opinions=tuple(replace(each, opinion="agree") for each in case.consultation.opinions),
        ),
    )
    document = OpinionDocument("包工信〔2026〕2号", OPENED, "not_recommended", (SCAN,), {})

    issued, closed = (e for step in opinion.issue_opinion(agreed, document, RULES, OPENED) for e in step.events)

    assert isinstance(issued, OpinionIssued)
    assert isinstance(closed, CaseClosed)
    assert (closed.outcome, closed.reasons[0].rule) == ("initial_review_refused", "V3")
    assert (closed.reasons[0].code, closed.reasons[0].evidence) == ("not-recommended", "包工信〔2026〕2号")
    assert "初审已通过" in closed.reasons[0].text
    assert "不予推荐" in closed.reasons[0].text


@pytest.mark.rule("V3")
def test_a_number_without_the_signed_document_is_none() -> None:
    document = OpinionDocument("包工信〔2026〕2号", OPENED, "recommended", (), {})

    with pytest.raises(Refusal) as refused:
        opinion.issue_opinion(opened_case(state=Stage.INITIAL_REVIEW_ACCEPTED), document, RULES, OPENED)
    assert [(each.rule, each.code, each.pointer) for each in refused.value.reasons] == [
        ("V3", "attachments-missing", "/attachments")
    ]


@pytest.mark.rule("V3")
async def test_a_document_number_is_given_once_in_a_prefecture_and_year(handlers: ReviewHarness) -> None:
    for event in (accepted("app-1"), accepted("app-2", unit(COPPER))):
        case_id = await handlers.open(event)
        await handlers.agree(case_id)
        await handlers.accept(case_id)
    await handlers.do(issue_opinion, handlers.opinion("app-1", "包工信〔2026〕7号"))

    with pytest.raises(Refusal) as refused:
        await handlers.do(issue_opinion, handlers.opinion("app-2", " 包工信〔2026〕7号"))
    assert refused.value.code == "document-number-taken"
    await handlers.do(issue_opinion, handlers.opinion("app-2", "包工信〔2026〕8号"))
    assert (await handlers.case("app-2")).state is Stage.OPINION_ISSUED


@pytest.mark.rule("V3")
async def test_two_prefectures_may_use_the_same_number(handlers: ReviewHarness) -> None:
    for event in (accepted("app-1"), accepted("app-2", unit(COPPER, prefecture=Prefecture.WUHAI))):
        case_id = await handlers.open(event)
        await handlers.agree(case_id)
        await handlers.accept(case_id)
        await handlers.do(issue_opinion, handlers.opinion(case_id, "工信〔2026〕1号"))

    assert (await handlers.case("app-2")).state is Stage.OPINION_ISSUED
