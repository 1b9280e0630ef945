"""Events of review as steps that the applicant sees."""

from __future__ import annotations

from datetime import date

import pytest
from applications.handlers import progress, submission
from applications.handlers.submission import Withdraw
from chassis.handling import PoisonMessageError, Refusal
from messages import review
from messages.applications import (
    ApplicationWithdrawn,
)
from messages.event import Event

from .builders import CASE, NOW, TODAY
from .builders_events import (
    KEY,
    REASON,
    notice_entered,
)
from .harness import ApplicationsHarness


@pytest.mark.rule("A5")
async def test_once_the_notice_has_started_withdrawing_is_too_late(in_review: ApplicationsHarness) -> None:
    await in_review.handle(progress.follow_notice, notice_entered(), NOW)

    with pytest.raises(Refusal, match="notice-started"):
        await in_review.perform(submission.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("A5")
async def test_the_applicant_sees_that_the_notice_shows_the_unit(in_review: ApplicationsHarness) -> None:
    await in_review.handle(progress.follow_notice, notice_entered(), NOW)

    application = await in_review.application(KEY)
    assert application.notice_opened_on == notice_entered().opened_on
    assert application.steps[-1].stage == "notice_entered"
    with pytest.raises(PoisonMessageError):
        await in_review.handle(progress.follow_notice, notice_entered("app-2026-ffffffffffff"), NOW)


@pytest.mark.rule("Q5")
@pytest.mark.parametrize(
    ("events", "accepted_before"),
    [
        ([], False),
        ([review.CaseOpened(**CASE, opened_on=TODAY, sequence=1)], False),
        ([review.InitialReviewAccepted(**CASE, accepted_on=TODAY, sequence=4)], True),
        ([review.CaseForwarded(**CASE, forwarded_on=TODAY, sequence=6)], True),
    ],
    ids=["no event", "opened", "accepted", "forwarded"],
)
async def test_a_withdrawal_says_whether_initial_review_had_accepted(
    in_review: ApplicationsHarness,
    events: list[review.Case],
    accepted_before: bool,  # noqa: FBT001 - a column of the table
) -> None:
    for event in events:
        await in_review.handle(progress.follow_case, event, NOW)

    outcome = await in_review.perform(submission.withdraw_application, Withdraw(KEY), NOW)

    assert isinstance(outcome.events[0], ApplicationWithdrawn)
    assert outcome.events[0].initial_review_accepted is accepted_before


@pytest.mark.rule("Q5")
async def test_event_added_before_the_decision_keeps_no_quota_item_of_a_withdrawal(
    in_review: ApplicationsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not in the catalogue: whoever adds such an event states that it proves nothing, and nothing else.
    class MaterialsRequested(review.Case, Event, type="review.case.materials-requested.v1", subject="case_id"):
        proves_acceptance = False

        requested_on: date

    monkeypatch.setattr(progress, "DAYS", {**progress.DAYS, MaterialsRequested: "requested_on"})
    requested = MaterialsRequested(**CASE, requested_on=TODAY, sequence=2)
    await in_review.handle(progress.follow_case, requested, NOW)

    outcome = await in_review.perform(submission.withdraw_application, Withdraw(KEY), NOW)

    assert (await in_review.application(KEY)).steps[0].stage == "materials_requested"
    assert isinstance(outcome.events[0], ApplicationWithdrawn)
    assert outcome.events[0].initial_review_accepted is False


@pytest.mark.rule("P2")
async def test_the_panel_is_the_one_named_last_in_whatever_order_it_was_heard(in_review: ApplicationsHarness) -> None:
    first, second = (
        review.PanelAppointed(**CASE, experts=experts, chair=experts[0], appointed_on=TODAY, sequence=sequence)
        for sequence, experts in ((7, ("e1", "e2", "e3")), (8, ("e1", "e2", "e4")))
    )

    for event in (second, first):
        await in_review.handle(progress.follow_case, event, NOW)

    assert (await in_review.application(KEY)).experts == ("e1", "e2", "e4")


@pytest.mark.rule("P2")
async def test_a_dissolved_panel_reads_no_evidence_any_more_in_whatever_order_it_was_heard(
    in_review: ApplicationsHarness,
) -> None:
    experts = ("e1", "e2", "e3")
    appointed = review.PanelAppointed(**CASE, experts=experts, chair="e1", appointed_on=TODAY, sequence=7)
    dissolved = review.PanelDissolved(**CASE, experts=experts, dissolved_on=TODAY, sequence=8)

    for event in (dissolved, appointed):
        await in_review.handle(progress.follow_case, event, NOW)

    assert (await in_review.application(KEY)).experts == ()


async def test_steps_stand_in_the_order_of_what_was_said_however_they_were_heard(
    in_review: ApplicationsHarness,
) -> None:
    opened = review.CaseOpened(**CASE, opened_on=TODAY, sequence=1)
    took = review.InitialReviewAccepted(**CASE, accepted_on=date(2026, 5, 6), sequence=4)
    answered = review.ConsultationAnswered(
        **CASE, department="market_regulation", opinion="agree", answered_on=date(2026, 4, 28), sequence=3
    )

    for event in (took, opened, answered, opened):
        await in_review.handle(progress.follow_case, event, NOW)

    found = await in_review.application(KEY)
    assert [each.stage for each in found.steps] == ["opened", "consultation_answered", "initial_review_accepted"]
    assert found.stage == "initial_review_accepted"
    assert found.steps[1].detail == "market_regulation: agree"


async def test_a_refusal_by_initial_review_shows_its_reasons(in_review: ApplicationsHarness) -> None:
    refused = review.InitialReviewRefused(**CASE, refused_on=TODAY, reasons=(REASON,), sequence=2)

    await in_review.handle(progress.follow_refusal, refused, NOW)

    assert (await in_review.application(KEY)).refusals == (REASON,)
