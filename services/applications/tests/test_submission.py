"""Submitting, amending and withdrawing: what becomes of an application."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from applications import handlers
from applications.domain.application import State
from applications.handlers import AmendDraft, Withdraw
from chassis.handling import Refusal
from messages.applications import (
    ApplicationAccepted,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)
from messages.values import Level, UnitRef

from .neighbours import (
    KEY,
    OTHER,
    list_of_steel,
)
from .story import (
    ALONE,
    BY_ASSESSOR,
    NOW,
    PARK,
    SOMEONE,
    STEEL,
    TODAY,
    Desk,
    report,
)


@pytest.mark.rule("A1")
@pytest.mark.parametrize("unit", [STEEL, PARK])
async def test_a_self_evaluated_application_that_meets_everything_is_accepted_at_once(unit: UnitRef) -> None:
    desk = await Desk().prepared(unit)
    await desk.drafted(unit)

    outcome = await desk.submitted(KEY)

    assert [type(each) for each in outcome.events] == [ApplicationSubmitted, ApplicationAccepted]
    assert [each.sequence for each in outcome.events] == [1, 2]
    assert (await desk.application(KEY)).state is State.ACCEPTED
    assert outcome.refusal is None


@pytest.mark.rule("A1")
@pytest.mark.rule("A2")
@pytest.mark.rule("G2")
async def test_the_accepted_application_is_frozen_with_scheme_score_evidence_and_rule_set(accepted: Desk) -> None:
    said = accepted.bench.published[-1]

    assert isinstance(said, ApplicationAccepted)
    assert (said.scheme.id, said.scheme.version) == ("factory-gbt36132", "2025")
    assert said.self_score == 100
    assert [each.name for each in said.evidence] == ["营业执照.pdf"]
    assert said.submitted_on == TODAY
    assert said.rule_set == "2024-01-19"
    assert said.legal_representative == SOMEONE


@pytest.mark.rule("G3")
async def test_a_refusal_is_on_record_with_every_reason_and_its_article(desk: Desk) -> None:
    await desk.drafted(report=report(industry_code="0610", energy=None, certificates=(), undertaking=False))

    outcome = await desk.submitted(KEY)

    assert outcome.refusal.status == 409
    assert [each.rule for each in outcome.refusal.reasons] == ["A1", "E1", "E2", "E3", "E3", "E3", "E3"]
    assert isinstance(outcome.events[0], ApplicationRefused)
    assert outcome.events[0].reasons == outcome.refusal.reasons
    assert (await desk.application(KEY)).refusals == outcome.refusal.reasons


@pytest.mark.rule("A6")
async def test_a_returned_application_is_amended_and_submitted_again_and_each_version_stays_readable(
    desk: Desk,
) -> None:
    await desk.drafted(report=report(undertaking=False))
    await desk.submitted(KEY)
    amended = handlers.FileReport(KEY, report(), ALONE)
    await desk.bench.perform(handlers.file_report, amended, NOW)
    assert (await desk.application(KEY)).state is State.DRAFT

    await desk.submitted(KEY)

    kept = await desk.bench.store().versions.find(sort=(("number", 1),))
    assert [(each.number, each.application.state) for each in kept] == [(1, State.REFUSED), (2, State.ACCEPTED)]
    assert kept[0].application.report == report(undertaking=False)


@pytest.mark.rule("A6")
async def test_what_is_submitted_can_be_neither_amended_nor_submitted_again(accepted: Desk) -> None:
    with pytest.raises(Refusal, match="not-amendable"):
        await accepted.bench.perform(handlers.file_report, handlers.FileReport(KEY, report(), ALONE), NOW)
    with pytest.raises(Refusal, match="not-submittable"):
        await accepted.submitted(KEY)


async def test_a_change_of_a_version_that_is_no_more_is_refused(desk: Desk) -> None:
    await desk.drafted()

    with pytest.raises(Refusal) as refused:
        await desk.bench.perform(handlers.amend_draft, AmendDraft(KEY, 7, STEEL.name, Level.REGION, 2026, ALONE), NOW)

    assert refused.value.status == 412


@pytest.mark.rule("E12")
async def test_a_filed_report_says_whose_it_is_and_amending_puts_no_other_in_its_place(desk: Desk) -> None:
    await desk.drafted()
    smuggled = AmendDraft(KEY, None, STEEL.name, Level.REGION, 2026, BY_ASSESSOR)

    with pytest.raises(Refusal, match="evaluation-differs") as refused:
        await desk.bench.perform(handlers.amend_draft, smuggled, NOW)

    assert (refused.value.status, refused.value.reasons[0].pointer) == (422, "/evaluation")
    await desk.bench.perform(handlers.amend_draft, AmendDraft(KEY, None, "新名", Level.REGION, 2026, ALONE), NOW)
    assert (await desk.application(KEY)).unit.name == "新名"


@pytest.mark.rule("E13")
async def test_a_second_application_for_the_same_title_is_refused_while_the_first_is_open(accepted: Desk) -> None:
    await accepted.drafted(key=OTHER)

    outcome = await accepted.submitted(OTHER)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "open-application")]


@pytest.mark.rule("E13")
@pytest.mark.parametrize("spelling", [" 示例 园区 ", "示例园区\u3000"])
async def test_a_park_is_the_same_park_however_its_name_is_spaced(spelling: str) -> None:
    desk = await Desk().prepared(PARK)
    await desk.drafted(PARK)
    await desk.submitted(KEY)
    await desk.drafted(PARK.model_copy(update={"park_name": spelling}), key=OTHER)

    outcome = await desk.submitted(OTHER)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "open-application")]


@pytest.mark.rule("A5")
async def test_a_withdrawn_application_makes_room_for_another(accepted: Desk) -> None:
    outcome = await accepted.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)

    assert [type(each) for each in outcome.events] == [ApplicationWithdrawn]
    await accepted.drafted(key=OTHER)
    assert (await accepted.submitted(OTHER)).refusal is None


@pytest.mark.rule("A5")
async def test_a_draft_has_nothing_to_withdraw(desk: Desk) -> None:
    await desk.drafted()

    with pytest.raises(Refusal, match="not-withdrawable"):
        await desk.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("A3")
async def test_evidence_counts_only_when_the_unit_or_its_assessor_has_sent_it() -> None:
    desk = await Desk().prepared(PARK)
    await desk.bench.perform(handlers.record_prefecture_list, list_of_steel(), NOW)
    await desk.drafted(STEEL)

    outcome = await desk.submitted(KEY)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("A3", "file-missing")]


@pytest.mark.rule("T1")
async def test_a_submission_at_midnight_in_shanghai_belongs_to_the_new_day(desk: Desk) -> None:
    await desk.drafted()

    await desk.submitted(KEY, datetime(2026, 4, 20, 16, 0, tzinfo=UTC))

    assert (await desk.application(KEY)).submitted_on == date(2026, 4, 21)
