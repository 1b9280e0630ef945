from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from chassis.handling import Refusal
from messages.review import CaseScored, SiteVerificationOrdered, SiteVerificationRecorded, Stage
from messages.values import IndicatorValue
from review.domain import site
from review.domain.case import Case, Ground
from review.domain.site import Findings
from review.handlers.scoring import RecordSiteVisit, record_site_visit

from .builders import ORGANISATION, RULES, SEED, score, scored_case, sheet
from .harness import ReviewHarness

QUIET = next(f"app-{n}" for n in range(1000) if site.lot(SEED, f"app-{n}") >= RULES.selection.site_visit_draw_rate)
DRAWN = next(f"app-{n}" for n in range(1000) if site.lot(SEED, f"app-{n}") < RULES.selection.site_visit_draw_rate)


def ground(case: Case) -> Ground | None:
    assert case.score is not None
    return site.ground(case, case.score, RULES, SEED)


@pytest.mark.rule("V7")
@pytest.mark.parametrize(
    ("total", "due"), [("66.99", False), ("67", True), ("70", True), ("73", True), ("73.01", False)]
)
def test_a_score_in_the_borderline_band_brings_a_visit(total: str, due: bool) -> None:  # noqa: FBT001 - a table
    assert (ground(scored_case(QUIET, total)) == "borderline") is due


@pytest.mark.rule("V7")
def test_the_panel_asks_for_a_visit_by_majority() -> None:
    wants = tuple(sheet(f"expert-{n}", visit=n < 2) for n in range(3))
    alone = tuple(sheet(f"expert-{n}", visit=n < 1) for n in range(3))
    case = scored_case(QUIET, "90")

    assert site.ground(replace(case, sheets=wants), score("90"), RULES, SEED) == "panel_request"
    assert site.ground(replace(case, sheets=alone), score("90"), RULES, SEED) is None


@pytest.mark.rule("V7")
def test_others_are_drawn_at_the_set_rate_and_the_same_again_from_the_seed() -> None:
    cases = [f"app-2026-{n:012x}" for n in range(4000)]
    drawn = {each for each in cases if site.lot(SEED, each) < RULES.selection.site_visit_draw_rate}

    assert RULES.selection.site_visit_draw_rate == Decimal("0.1")
    assert 330 < len(drawn) < 470
    assert drawn == {each for each in reversed(cases) if site.lot(SEED, each) < Decimal("0.1")}
    assert drawn != {each for each in cases if site.lot("another", each) < Decimal("0.1")}
    assert ground(scored_case(DRAWN, "90")) == "random_draw"


async def ordered(handlers: ReviewHarness) -> str:
    await handlers.register()
    case_id = await handlers.score(visit=True)
    assert (await handlers.case(case_id)).state is Stage.SITE_ORDERED
    return case_id


def findings(**changed: str) -> Findings:
    found = tuple(IndicatorValue(indicator=name, value=Decimal(value), unit="%") for name, value in changed.items())
    return Findings(found, "现场核查能源台账", "台账与报告不一致" if changed else "")


@pytest.mark.rule("V7")
async def test_a_visit_asked_for_is_ordered_with_the_score(handlers: ReviewHarness) -> None:
    await ordered(handlers)

    scored, order = handlers.published[-2:]
    assert isinstance(scored, CaseScored)
    assert isinstance(order, SiteVerificationOrdered)
    assert order.ground == "panel_request"


@pytest.mark.rule("V7")
async def test_findings_that_change_values_make_the_score_anew(handlers: ReviewHarness) -> None:
    case_id = await ordered(handlers)
    before = (await handlers.case(case_id)).score

    said = await handlers.do(record_site_visit, RecordSiteVisit(case_id, findings(renewables_share="0"), ORGANISATION))

    recorded, scored = said
    after = (await handlers.case(case_id)).score
    assert isinstance(recorded, SiteVerificationRecorded)
    assert isinstance(scored, CaseScored)
    assert before is not None
    assert after is not None
    assert before.total - after.total == Decimal("7.2")
    assert scored.score == after.total
    assert (await handlers.case(case_id)).state is Stage.SITE_RECORDED


@pytest.mark.rule("V7")
async def test_findings_without_changes_leave_the_score(handlers: ReviewHarness) -> None:
    case_id = await ordered(handlers)
    before = (await handlers.case(case_id)).score

    await handlers.do(record_site_visit, RecordSiteVisit(case_id, findings(), ORGANISATION))

    after = (await handlers.case(case_id)).score
    assert before is not None
    assert after is not None
    assert after.total == before.total


@pytest.mark.rule("V7")
async def test_changed_values_need_reasons_and_must_exist_in_the_scheme(handlers: ReviewHarness) -> None:
    case_id = await ordered(handlers)
    found = findings(renewables_share="0")

    with pytest.raises(Refusal) as wordless:
        await handlers.do(
            record_site_visit, RecordSiteVisit(case_id, Findings(found.changed, "现场核查", " "), ORGANISATION)
        )
    with pytest.raises(Refusal) as unknown:
        await handlers.do(record_site_visit, RecordSiteVisit(case_id, findings(charisma="1"), ORGANISATION))
    with pytest.raises(Refusal) as impossible:
        await handlers.do(record_site_visit, RecordSiteVisit(case_id, findings(renewables_share="140"), ORGANISATION))
    assert wordless.value.reasons[0].pointer == "/reasons"
    assert unknown.value.reasons[0].pointer == "/values/charisma"
    assert impossible.value.reasons[0].pointer == "/values/renewables_share"


@pytest.mark.rule("V7")
async def test_a_visit_that_was_not_ordered_is_not_recorded(handlers: ReviewHarness) -> None:
    case_id = await handlers.forward()

    with pytest.raises(Refusal) as refused:
        await handlers.do(record_site_visit, RecordSiteVisit(case_id, findings(), ORGANISATION))
    assert refused.value.code == "wrong-state"
