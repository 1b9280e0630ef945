"""The contents of the record of each step, and of the seals (V14, G3)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest
from messages.registry import UnitListed
from messages.review import Stage
from messages.values import IndicatorValue, UnitType
from review.domain import consultation, notice, opinion, scoring, site
from review.domain.case import ScoreSheet
from review.domain.group import RankingGroup, RankingLine
from review.domain.ranking import BatchRanking, RepeatEvaluationDecision
from review.domain.ranking_result import RankingSeal
from review.domain.record import SERVICE, Audience, Transition, next_entry, seal
from review.domain.record_head import NO_ENTRY
from review.domain.site import Findings

from . import builders
from .builders import OPENED, RULES, SEED, at, opened_case, scored_case, sheet
from .test_consultation import DUE, ECOLOGY, after_reminder, answer


def published_digest(content: object) -> str:
    """The digest as anybody computes it from what is published."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


@pytest.mark.rule("V2", "V14")
def test_the_record_of_silence_names_the_departments_and_the_day_that_was_due() -> None:
    step = consultation.mark_overdue(answer(after_reminder(opened_case()), ECOLOGY), DUE + timedelta(days=1))

    assert (step.rule, step.evidence) == (
        "V2",
        {"departments": "emergency_management,market_regulation", "due": "2026-05-07"},
    )


@pytest.mark.rule("V2", "V14")
def test_the_record_of_a_reminder_names_the_departments_and_the_day_that_is_due() -> None:
    step = consultation.remind_departments(answer(opened_case(), ECOLOGY), RULES, date(2026, 5, 6))

    assert step.evidence == {"departments": "emergency_management,market_regulation", "due": "2026-05-09"}


@pytest.mark.rule("V1", "G3")
def test_the_record_of_a_refused_initial_review_names_rule_reason_and_opinions() -> None:
    refused, closed = opinion.refuse_case(answer(opened_case(), ECOLOGY), " 能耗数据无法核实 ", OPENED)

    assert (refused.rule, refused.reason) == ("V1", "能耗数据无法核实")
    assert refused.evidence == {
        "ecology_environment": "agree",
        "emergency_management": "none",
        "market_regulation": "none",
    }
    assert closed.rule == "V1"


@pytest.mark.rule("V6", "V14")
def test_the_record_of_sheets_sent_back_keeps_the_seals_of_those_sheets_alone() -> None:
    sheets = tuple(replace(sheet(f"expert-{number}"), signed_on=OPENED) for number in (1, 2, 3))
    case = opened_case(state=Stage.SCORING, sheets=sheets, deviating=("expert-3",))

    step = scoring.return_sheets(case, "口径不一致", OPENED)

    assert (step.rule, step.reason, step.evidence) == ("V6", "口径不一致", {"expert-3": sheets[2].seal})
    assert [each.signed for each in step.case.sheets] == [True, True, False]


@pytest.mark.rule("V7", "V14")
def test_the_record_of_an_ordered_visit_keeps_ground_commitment_and_lot() -> None:
    step = site.order_visit(scored_case("app-1", "90"), "random_draw", SEED, OPENED)

    lot = Decimal(int(published_digest(["site", SEED, "app-1"]), 16)) / Decimal(2**256)
    assert step.evidence == {
        "ground": "random_draw",
        "draw": published_digest(["draw", SEED]),
        "lot": f"{lot:.6f}",
    }
    assert site.lot(SEED, "app-1") == lot


@pytest.mark.rule("V7", "V14")
def test_the_record_of_a_visit_keeps_every_changed_value_and_the_reason() -> None:
    case = replace(
        scored_case("app-1", "90"),
        state=Stage.SITE_ORDERED,
        sheets=tuple(replace(sheet(f"expert-{number}"), signed_on=OPENED) for number in (1, 2, 3)),
    )
    ordered = site.order_visit(case, "borderline", SEED, OPENED).case
    changed = (IndicatorValue(indicator="renewables_share", value=Decimal("1.50"), unit="%"),)
    context = site.ScoringContext(builders.SCHEME, RULES, SEED)

    step = site.record_visit(ordered, Findings(changed, "现场核查", "台账不一致"), context, OPENED)

    assert (step.reason, step.evidence) == ("台账不一致", {"renewables_share": "1.50"})


@pytest.mark.rule("L3", "V14")
def test_the_record_of_a_listing_keeps_list_and_document() -> None:
    listing: UnitListed = builders.listed()

    step = notice.record_listing(opened_case(state=Stage.CLEARED), listing)

    assert (step.rule, step.evidence) == ("L3", {"list": "1", "document": "内工信〔2026〕8号"})
    assert (step.case.state, step.case.listed_on) == (Stage.LISTED, date(2026, 8, 1))


@pytest.mark.rule("V9", "V14")
def test_the_record_of_an_entry_in_the_notice_keeps_notice_and_place() -> None:
    step = notice.publish_case(replace(scored_case("app-1", "90"), rank=3), "notice-1")

    assert step.evidence == {"notice": "notice-1", "rank": "3"}


@pytest.mark.rule("V14")
def test_the_first_entry_follows_64_zeros_and_its_seal_is_made_of_what_all_are_shown() -> None:
    step = Transition(opened_case(), "opened", "V1", "申报已受理", Audience.RECORD, evidence={"application": "a"})

    entry = next_entry(NO_ENTRY, step, SERVICE, at(OPENED), "salt")

    assert (entry.number, entry.previous, entry.article) == (1, "0" * 64, "第十四条第（二）项")
    content = [
        "2026-04-20T02:00:00+00:00",
        "review",
        "service",
        "V1",
        "第十四条第（二）项",
        RULES.version,
        {"application": "a"},
        "申报已受理",
        "salt",
    ]
    assert entry.content == published_digest(content)
    shown = ["app-1", 1, "2026-04-20", "opened", "record", published_digest(content), "0" * 64]
    assert entry.digest == published_digest(shown)


@pytest.mark.rule("V14")
def test_no_field_of_an_entry_is_free_of_its_seal() -> None:
    step = Transition(opened_case(), "opened", "V1", "申报已受理", Audience.RECORD, evidence={"application": "a"})
    entry = next_entry(NO_ENTRY, step, SERVICE, at(OPENED), "salt")

    for name, value in vars(entry).items():
        other = value + 1 if isinstance(value, int) else f"{value}."
        other = "2026-04-20T02:00:00.000001+00:00" if name == "at" else other
        assert (seal(replace(entry, **{name: other})) == seal(entry)) is (name == "digest"), name


@pytest.mark.rule("V6", "V14")
def test_the_seal_of_a_sheet_covers_expert_values_answers_and_the_wish_for_a_visit() -> None:
    filled = ScoreSheet("expert-1", {"renewables_share": Decimal("20.0")}, {"item": True}, site_visit_wanted=False)

    assert filled.seal == published_digest(["expert-1", {"renewables_share": "20.0"}, {"item": True}, False])
    for changed in (
        {"expert": "expert-2"},
        {"values": {"renewables_share": Decimal("20.1")}},
        {"mandatory_items": {"item": False}},
        {"site_visit_wanted": True},
    ):
        assert replace(filled, **changed).seal != filled.seal  # type: ignore[arg-type]
    assert replace(filled, signed_on=OPENED).seal == filled.seal


LINE = RankingLine(
    act="act-1",
    case_id="app-1",
    case_version=7,
    unit_name="内蒙古示例钢铁有限公司",
    uscc=builders.STEEL,
    unit_type=UnitType.FACTORY,
    scheme="factory@2024",
    rule_set="2024-01-19",
    score=Decimal("88.50"),
    energy_carbon=Decimal("30.0"),
    submitted_at="2026-04-18T02:00:00+00:00",
    failed_mandatory_items=(),
    position=2,
    rank=1,
    outcome="selected",
)
GROUP = RankingGroup(UnitType.FACTORY, "factory@2024", "2024-01-19", Decimal(70), 5, 3, 2)
RANKING = BatchRanking(
    ranking_id="region-2026-1",
    batch="region-2026",
    level=builders.BATCH.level,
    batch_year=2026,
    number=1,
    made_on=date(2026, 6, 1),
    act="act-1",
    groups=(GROUP,),
    suspended_cases=1,
    evaluation=True,
    early_reason="上报已全部完成",
    decision=RepeatEvaluationDecision("内工信〔2026〕6号", date(2026, 5, 30)),
)


@pytest.mark.rule("V8")
def test_the_seal_of_a_line_covers_whatever_was_compared_its_place_and_its_outcome() -> None:
    assert LINE.seal() == published_digest(
        [
            "app-1",
            7,
            "内蒙古示例钢铁有限公司",
            builders.STEEL,
            "factory",
            "factory@2024",
            "2024-01-19",
            "88.50",
            "30.0",
            "2026-04-18T02:00:00+00:00",
            [],
            2,
            1,
            "selected",
        ]
    )


@pytest.mark.rule("V8")
def test_the_digest_of_a_ranking_is_that_of_its_head_its_suspended_cases_and_its_lines() -> None:
    made = RankingSeal(RANKING)
    made.add_suspended(["app-9"])
    made.add([LINE])

    head = {
        "act": "act-1",
        "batch": "region-2026",
        "batch_year": 2026,
        "decision": {"decided_on": "2026-05-30", "document_number": "内工信〔2026〕6号"},
        "digest": "",
        "early_reason": "上报已全部完成",
        "evaluation": True,
        "groups": [
            {
                "candidates": 2,
                "cap": 5,
                "compared": 3,
                "pass_mark": "70",
                "rule_set": "2024-01-19",
                "scheme": "factory@2024",
                "unit_type": "factory",
            }
        ],
        "left_out": 0,
        "level": "region",
        "made_on": "2026-06-01",
        "number": 1,
        "ranking_id": "region-2026-1",
        "reproducible": False,
        "suspended_cases": 1,
        "unplaced": {},
    }
    pieces = [published_digest(head), published_digest(["suspended", "app-9"]), LINE.seal()]
    assert made.digest == sha256("".join(pieces).encode()).hexdigest()


@pytest.mark.rule("V8")
@pytest.mark.parametrize(
    "changed",
    [
        {"case_id": "app-2"},
        {"case_version": 8},
        {"unit_name": "另一家公司"},
        {"uscc": builders.COPPER},
        {"unit_type": UnitType.PARK},
        {"scheme": "factory@2025"},
        {"rule_set": "2025-01-01"},
        {"score": Decimal("88.51")},
        {"energy_carbon": Decimal("30.1")},
        {"submitted_at": "2026-04-18T02:00:01+00:00"},
        {"failed_mandatory_items": ("item",)},
        {"position": 3},
        {"rank": 2},
        {"outcome": "beyond_cap"},
    ],
)
def test_no_value_of_a_line_is_free_of_its_seal(changed: dict[str, Any]) -> None:
    assert replace(LINE, **changed).seal() != LINE.seal()
