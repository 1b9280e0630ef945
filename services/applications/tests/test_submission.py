"""Submitting, amending and withdrawing: what becomes of an application."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from applications.domain.application import State
from applications.handlers import drafts, records, submission
from applications.handlers.drafts import AmendDraft
from applications.handlers.submission import Withdraw
from chassis.handling import Refusal
from messages.applications import (
    ApplicationAccepted,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
)
from messages.values import Level, UnitRef

from .builders import BY_ASSESSOR, NOW, PARK, PERSON, SELF_EVALUATION, STEEL, TODAY, report
from .builders_events import (
    KEY,
    OTHER,
    prefecture_list,
)
from .harness import ApplicationsHarness


@pytest.mark.rule("A1")
@pytest.mark.parametrize("unit", [STEEL, PARK])
async def test_a_self_evaluated_application_that_meets_everything_is_accepted_at_once(unit: UnitRef) -> None:
    handlers = await ApplicationsHarness().prepare(unit)
    await handlers.draft(unit)

    outcome = await handlers.submit(KEY)

    assert [type(each) for each in outcome.events] == [ApplicationSubmitted, ApplicationAccepted]
    assert [each.sequence for each in outcome.events] == [1, 2]
    assert (await handlers.application(KEY)).state is State.ACCEPTED
    assert outcome.refusal is None


@pytest.mark.rule("A1")
@pytest.mark.rule("A2")
@pytest.mark.rule("G2")
async def test_the_accepted_application_is_frozen_with_scheme_score_evidence_and_rule_set(
    in_review: ApplicationsHarness,
) -> None:
    event = in_review.published[-1]

    assert isinstance(event, ApplicationAccepted)
    assert (event.scheme.id, event.scheme.version) == ("factory-gbt36132", "2025")
    assert event.self_score == 100
    assert [each.name for each in event.evidence] == ["营业执照.pdf"]
    assert event.submitted_on == TODAY
    assert event.rule_set == "2024-01-19"
    assert event.legal_representative == PERSON


@pytest.mark.rule("G3")
async def test_a_refusal_is_on_record_with_every_reason_and_its_article(handlers: ApplicationsHarness) -> None:
    await handlers.draft(report=report(industry_code="0610", energy=None, certificates=(), undertaking=False))

    outcome = await handlers.submit(KEY)

    assert outcome.refusal.status == 409
    assert [each.rule for each in outcome.refusal.reasons] == ["A1", "E1", "E2", "E3", "E3", "E3", "E3"]
    assert isinstance(outcome.events[0], ApplicationRefused)
    assert outcome.events[0].reasons == outcome.refusal.reasons
    assert (await handlers.application(KEY)).refusals == outcome.refusal.reasons


@pytest.mark.rule("A6")
async def test_a_returned_application_is_amended_and_submitted_again_and_each_version_stays_readable(
    handlers: ApplicationsHarness,
) -> None:
    await handlers.draft(report=report(undertaking=False))
    await handlers.submit(KEY)
    amended = drafts.FileReport(KEY, report(), SELF_EVALUATION)
    await handlers.perform(drafts.file_report, amended, NOW)
    assert (await handlers.application(KEY)).state is State.DRAFT

    await handlers.submit(KEY)

    versions = await handlers.store().versions.find(sort=(("number", 1),))
    assert [(each.number, each.application.state) for each in versions] == [(1, State.REFUSED), (2, State.ACCEPTED)]
    assert versions[0].application.report == report(undertaking=False)


@pytest.mark.rule("A6")
async def test_what_is_submitted_can_be_neither_amended_nor_submitted_again(in_review: ApplicationsHarness) -> None:
    with pytest.raises(Refusal, match="not-amendable"):
        await in_review.perform(drafts.file_report, drafts.FileReport(KEY, report(), SELF_EVALUATION), NOW)
    with pytest.raises(Refusal, match="not-submittable"):
        await in_review.submit(KEY)


async def test_a_change_of_a_version_that_is_no_more_is_refused(handlers: ApplicationsHarness) -> None:
    await handlers.draft()

    with pytest.raises(Refusal) as refused:
        await handlers.perform(
            drafts.amend_draft, AmendDraft(KEY, 7, STEEL.name, Level.REGION, 2026, SELF_EVALUATION), NOW
        )

    assert refused.value.status == 412


@pytest.mark.rule("E12")
async def test_a_filed_report_says_whose_it_is_and_amending_puts_no_other_in_its_place(
    handlers: ApplicationsHarness,
) -> None:
    await handlers.draft()
    smuggled = AmendDraft(KEY, None, STEEL.name, Level.REGION, 2026, BY_ASSESSOR)

    with pytest.raises(Refusal, match="evaluation-differs") as refused:
        await handlers.perform(drafts.amend_draft, smuggled, NOW)

    assert (refused.value.status, refused.value.reasons[0].pointer) == (422, "/evaluation")
    await handlers.perform(drafts.amend_draft, AmendDraft(KEY, None, "新名", Level.REGION, 2026, SELF_EVALUATION), NOW)
    assert (await handlers.application(KEY)).unit.name == "新名"


@pytest.mark.rule("E13")
async def test_a_second_application_for_the_same_title_is_refused_while_the_first_is_open(
    in_review: ApplicationsHarness,
) -> None:
    await in_review.draft(key=OTHER)

    outcome = await in_review.submit(OTHER)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "open-application")]


@pytest.mark.rule("E13")
@pytest.mark.parametrize("spelling", [" 示例 园区 ", "示例园区\u3000"])
async def test_a_park_is_the_same_park_however_its_name_is_spaced(spelling: str) -> None:
    handlers = await ApplicationsHarness().prepare(PARK)
    await handlers.draft(PARK)
    await handlers.submit(KEY)
    await handlers.draft(PARK.model_copy(update={"park_name": spelling}), key=OTHER)

    outcome = await handlers.submit(OTHER)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "open-application")]


@pytest.mark.rule("A5")
async def test_a_withdrawn_application_makes_room_for_another(in_review: ApplicationsHarness) -> None:
    outcome = await in_review.perform(submission.withdraw_application, Withdraw(KEY), NOW)

    assert [type(each) for each in outcome.events] == [ApplicationWithdrawn]
    await in_review.draft(key=OTHER)
    assert (await in_review.submit(OTHER)).refusal is None


@pytest.mark.rule("A5")
async def test_a_draft_has_nothing_to_withdraw(handlers: ApplicationsHarness) -> None:
    await handlers.draft()

    with pytest.raises(Refusal, match="not-withdrawable"):
        await handlers.perform(submission.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("A3")
async def test_evidence_counts_only_when_the_unit_or_its_assessor_has_sent_it() -> None:
    handlers = await ApplicationsHarness().prepare(PARK)
    await handlers.perform(records.record_prefecture_list, prefecture_list(), NOW)
    await handlers.draft(STEEL)

    outcome = await handlers.submit(KEY)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("A3", "file-missing")]


@pytest.mark.rule("T1")
async def test_a_submission_at_midnight_in_shanghai_belongs_to_the_new_day(handlers: ApplicationsHarness) -> None:
    await handlers.draft()

    await handlers.submit(KEY, datetime(2026, 4, 20, 16, 0, tzinfo=UTC))

    assert (await handlers.application(KEY)).submitted_on == date(2026, 4, 21)
