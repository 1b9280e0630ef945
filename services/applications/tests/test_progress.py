"""What review says, as steps that the applicant sees."""

from __future__ import annotations

from datetime import date

import pytest
from applications import handlers
from applications.handlers import Withdraw, progress
from chassis.handling import PoisonMessageError, Refusal
from messages import review
from messages.applications import (
    ApplicationWithdrawn,
)
from messages.event import Event

from .neighbours import (
    KEY,
    REASON,
    notice,
)
from .story import (
    CASE,
    NOW,
    PARK,
    TODAY,
    Desk,
)


@pytest.mark.rule("A5")
async def test_once_the_notice_has_started_withdrawing_is_too_late(accepted: Desk) -> None:
    await accepted.bench.handle(handlers.follow_notice, notice(), NOW)

    with pytest.raises(Refusal, match="notice-started"):
        await accepted.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("A5")
async def test_a_line_of_the_notice_that_is_unknown_here_does_not_hold_up_the_others(accepted: Desk) -> None:
    strange = review.NoticeLine(case_id="app-2026-ffffffffffff", unit=PARK, rank=1)
    shown = notice()

    await accepted.bench.handle(
        handlers.follow_notice, shown.model_copy(update={"lines": (strange, *shown.lines)}), NOW
    )

    assert (await accepted.application(KEY)).notice_opened_on == shown.opened_on
    with pytest.raises(PoisonMessageError):
        await accepted.bench.handle(handlers.follow_notice, shown.model_copy(update={"lines": (strange,)}), NOW)


@pytest.mark.rule("Q5")
@pytest.mark.parametrize(
    ("heard", "accepted_before"),
    [
        ([], False),
        ([review.CaseOpened(**CASE, opened_on=TODAY, sequence=1)], False),
        ([review.InitialReviewAccepted(**CASE, accepted_on=TODAY, sequence=4)], True),
        ([review.CaseForwarded(**CASE, forwarded_on=TODAY, sequence=6)], True),
    ],
    ids=["nothing heard", "opened", "accepted", "forwarded"],
)
async def test_a_withdrawal_says_whether_initial_review_had_accepted(
    accepted: Desk,
    heard: list[review.Case],
    accepted_before: bool,  # noqa: FBT001 - a column of the table
) -> None:
    for event in heard:
        await accepted.bench.handle(handlers.follow_case, event, NOW)

    outcome = await accepted.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)

    assert isinstance(outcome.events[0], ApplicationWithdrawn)
    assert outcome.events[0].initial_review_accepted is accepted_before


@pytest.mark.rule("Q5")
async def test_event_added_before_the_decision_keeps_no_quota_item_of_a_withdrawal(
    accepted: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not in the catalogue: whoever adds such an event states that it proves nothing, and nothing else.
    class MaterialsRequested(review.Case, Event, type="review.case.materials-requested.v1", subject="case_id"):
        proves_acceptance = False

        requested_on: date

    monkeypatch.setattr(progress, "DAYS", {**progress.DAYS, MaterialsRequested: "requested_on"})
    requested = MaterialsRequested(**CASE, requested_on=TODAY, sequence=2)
    await accepted.bench.handle(handlers.follow_case, requested, NOW)

    outcome = await accepted.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)

    assert (await accepted.application(KEY)).steps[0].stage == "materials_requested"
    assert isinstance(outcome.events[0], ApplicationWithdrawn)
    assert outcome.events[0].initial_review_accepted is False


@pytest.mark.rule("P2")
async def test_the_panel_is_the_one_named_last_in_whatever_order_it_was_heard(accepted: Desk) -> None:
    first, second = (
        review.PanelAppointed(**CASE, experts=experts, chair=experts[0], appointed_on=TODAY, sequence=sequence)
        for sequence, experts in ((7, ("e1", "e2", "e3")), (8, ("e1", "e2", "e4")))
    )

    for event in (second, first):
        await accepted.bench.handle(handlers.follow_case, event, NOW)

    assert (await accepted.application(KEY)).experts == ("e1", "e2", "e4")


@pytest.mark.rule("P2")
async def test_a_dissolved_panel_reads_no_evidence_any_more_in_whatever_order_it_was_heard(accepted: Desk) -> None:
    experts = ("e1", "e2", "e3")
    appointed = review.PanelAppointed(**CASE, experts=experts, chair="e1", appointed_on=TODAY, sequence=7)
    dissolved = review.PanelDissolved(**CASE, experts=experts, dissolved_on=TODAY, sequence=8)

    for event in (dissolved, appointed):
        await accepted.bench.handle(handlers.follow_case, event, NOW)

    assert (await accepted.application(KEY)).experts == ()


async def test_steps_stand_in_the_order_of_what_was_said_however_they_were_heard(accepted: Desk) -> None:
    opened = review.CaseOpened(**CASE, opened_on=TODAY, sequence=1)
    took = review.InitialReviewAccepted(**CASE, accepted_on=date(2026, 5, 6), sequence=4)
    answered = review.ConsultationAnswered(
        **CASE, department="market_regulation", opinion="agree", answered_on=date(2026, 4, 28), sequence=3
    )

    for event in (took, opened, answered, opened):
        await accepted.bench.handle(handlers.follow_case, event, NOW)

    found = await accepted.application(KEY)
    assert [each.stage for each in found.steps] == ["opened", "consultation_answered", "initial_review_accepted"]
    assert found.stage == "initial_review_accepted"
    assert found.steps[1].detail == "market_regulation: agree"


async def test_a_refusal_by_initial_review_shows_its_reasons(accepted: Desk) -> None:
    refused = review.InitialReviewRefused(**CASE, refused_on=TODAY, reasons=(REASON,), sequence=2)

    await accepted.bench.handle(handlers.follow_refusal, refused, NOW)

    assert (await accepted.application(KEY)).refusals == (REASON,)
