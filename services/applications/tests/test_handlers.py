"""What becomes of an application: submitted, accepted, returned, withdrawn, followed to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from applications import handlers
from applications.domain.application import State
from applications.domain.facts import Fact, FactKind, FactSource
from applications.domain.records import PrefectureList
from applications.handlers import AmendDraft, EndFact, Withdraw
from chassis.handling import Poison, Refusal
from messages import review
from messages.applications import (
    ApplicationAccepted,
    ApplicationRefused,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    EligibilityLost,
)
from messages.assessor_quota import AssessorSanctioned, QuotaItemRefused, QuotaItemReserved, SanctionRevoked
from messages.registry import UnitListed, UnitRemoved
from messages.values import Ban, Level, Reason, UnitRef, UnitType

from .story import (
    ALONE,
    ASSESSOR,
    BY_ASSESSOR,
    CASE,
    NOW,
    PARK,
    SOMEONE,
    STEEL,
    TODAY,
    Desk,
    registered,
    report,
)

KEY = "app-2026-000000000001"
OTHER = "app-2026-000000000002"
REASON = Reason(rule="Q1", article="第三十二条", code="quota-exhausted", text="已达上限")
BAN = Ban(first_day=TODAY, last_day=date(2029, 4, 20))


@pytest.fixture
async def desk() -> Desk:
    return await Desk().prepared()


@pytest.fixture
async def waiting(desk: Desk) -> Desk:
    """An assessor's report was submitted and waits for its item."""
    await desk.bench.handle(handlers.know_assessor, registered(), NOW)
    await desk.drafted(evaluation=BY_ASSESSOR)
    await desk.submitted(KEY)
    return desk


@pytest.fixture
async def accepted(desk: Desk) -> Desk:
    await desk.drafted()
    await desk.submitted(KEY)
    return desk


def reserved() -> QuotaItemReserved:
    return QuotaItemReserved(application_id=KEY, assessor=ASSESSOR, year=2026, representative=SOMEONE, used=1, limit=15)


def unreserved() -> QuotaItemRefused:
    return QuotaItemRefused(application_id=KEY, assessor=ASSESSOR, year=2026, reasons=(REASON,), items_in_use=())


def removed(sequence: int = 2, ban: Ban | None = BAN) -> UnitRemoved:
    return UnitRemoved(
        unit_key=STEEL.key,
        unit=STEEL,
        levels=(Level.PREFECTURE, Level.REGION),
        reasons=(REASON,),
        removed_on=TODAY,
        document_number="内工信示字〔2026〕9号",
        ban=ban,
        sequence=sequence,
    )


def listed(sequence: int = 1) -> UnitListed:
    return UnitListed(
        unit_key=STEEL.key,
        unit=STEEL,
        level=Level.REGION,
        listed_on=date(2026, 9, 1),
        list_number=1,
        document_number="内工信示字〔2026〕20号",
        case_id=KEY,
        sequence=sequence,
    )


def notice() -> review.PublicNoticeOpened:
    return review.PublicNoticeOpened(
        notice_id="notice-2026",
        level=Level.REGION,
        batch_year=2026,
        opened_on=date(2026, 8, 3),
        minimum_end=date(2026, 8, 10),
        published_end=date(2026, 8, 10),
        provisional=False,
        lines=(review.NoticeLine(case_id=KEY, unit=STEEL, rank=1),),
        digest="c" * 64,
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
    said = accepted.bench.said[-1]

    assert isinstance(said, ApplicationAccepted)
    assert (said.scheme.id, said.scheme.version) == ("factory-gbt36132", "2025")
    assert said.self_score == 100
    assert [each.name for each in said.evidence] == ["营业执照.pdf"]
    assert said.submitted_on == TODAY
    assert said.rule_set == "2024-01-19"
    assert said.legal_representative == SOMEONE


@pytest.mark.rule("E12")
async def test_an_assessors_report_waits_for_its_item_and_is_then_accepted(waiting: Desk) -> None:
    assert [type(each) for each in waiting.bench.said] == [ApplicationSubmitted]
    assert (await waiting.application(KEY)).stage == "submitted"

    said = await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW)

    assert [type(each) for each in said] == [ApplicationAccepted]
    assert (await waiting.application(KEY)).state is State.ACCEPTED


@pytest.mark.rule("E12")
@pytest.mark.rule("Q1")
async def test_without_an_item_it_is_returned_with_the_quotas_reasons_and_may_come_again(waiting: Desk) -> None:
    said = await waiting.bench.handle(handlers.refuse_unreserved, unreserved(), NOW)

    assert isinstance(said[0], ApplicationRefused)
    assert said[0].reasons == (REASON,)
    assert (await waiting.standing()).open == ()
    await waiting.bench.perform(handlers.file_report, handlers.FileReport(KEY, report(), ALONE), NOW)
    outcome = await waiting.submitted(KEY)
    assert [type(each) for each in outcome.events] == [ApplicationSubmitted, ApplicationAccepted]


async def test_an_item_for_one_that_waits_no_more_changes_nothing(waiting: Desk) -> None:
    await waiting.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)

    assert await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW) == []
    assert await waiting.bench.handle(handlers.refuse_unreserved, unreserved(), NOW) == []
    assert (await waiting.application(KEY)).state is State.WITHDRAWN


async def test_an_item_for_what_was_never_filed_is_parked(desk: Desk) -> None:
    with pytest.raises(Poison):
        await desk.bench.handle(handlers.accept_reserved, reserved(), NOW)


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

    kept = await desk.bench.look().versions.find(sort=(("number", 1),))
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


@pytest.mark.rule("E12")
async def test_whoever_names_an_assessor_waits_for_an_item(waiting: Desk) -> None:
    assert (await waiting.application(KEY)).needs_item
    assert (await waiting.application(KEY)).state is State.SUBMITTED


@pytest.mark.rule("Q1")
@pytest.mark.rule("E12")
async def test_a_late_answer_to_a_submission_that_was_returned_since_is_none_to_the_next_one(waiting: Desk) -> None:
    await waiting.bench.handle(handlers.record_fact, _abnormal(), NOW)
    await waiting.bench.perform(handlers.end_fact, EndFact("f-1", TODAY), NOW)
    await waiting.submitted(KEY)
    submissions = [each.submission for each in waiting.bench.said if isinstance(each, ApplicationSubmitted)]
    first, second = submissions
    assert (first, second) == (1, 2)

    for late in (reserved(), unreserved()):
        handler = handlers.accept_reserved if isinstance(late, QuotaItemReserved) else handlers.refuse_unreserved
        assert await waiting.bench.handle(handler, late.model_copy(update={"submission": first}), NOW) == []
    assert (await waiting.application(KEY)).state is State.SUBMITTED

    answer = reserved().model_copy(update={"submission": second})
    assert [type(each) for each in await waiting.bench.handle(handlers.accept_reserved, answer, NOW)] == [
        ApplicationAccepted
    ]


@pytest.mark.rule("E13")
async def test_a_second_application_for_the_same_title_is_refused_while_the_first_is_open(accepted: Desk) -> None:
    await accepted.drafted(key=OTHER)

    outcome = await accepted.submitted(OTHER)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "open-application")]


@pytest.mark.rule("A5")
async def test_a_withdrawn_application_makes_room_for_another(accepted: Desk) -> None:
    outcome = await accepted.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)

    assert [type(each) for each in outcome.events] == [ApplicationWithdrawn]
    await accepted.drafted(key=OTHER)
    assert (await accepted.submitted(OTHER)).refusal is None


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
    with pytest.raises(Poison):
        await accepted.bench.handle(handlers.follow_notice, shown.model_copy(update={"lines": (strange,)}), NOW)


@pytest.mark.rule("Q5")
@pytest.mark.parametrize(
    ("heard", "accepted_before"),
    [
        ([], False),
        ([review.CaseOpened(**CASE, opened_on=TODAY, rule_set="2024-01-19", sequence=1)], False),
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


@pytest.mark.rule("P2")
async def test_the_panel_is_the_one_named_last_in_whatever_order_it_was_heard(accepted: Desk) -> None:
    first, second = (
        review.PanelAppointed(**CASE, experts=experts, chair=experts[0], appointed_on=TODAY, sequence=sequence)
        for sequence, experts in ((7, ("e1", "e2", "e3")), (8, ("e1", "e2", "e4")))
    )

    for event in (second, first):
        await accepted.bench.handle(handlers.follow_case, event, NOW)

    assert (await accepted.application(KEY)).experts == ("e1", "e2", "e4")


@pytest.mark.rule("A5")
async def test_a_draft_has_nothing_to_withdraw(desk: Desk) -> None:
    await desk.drafted()

    with pytest.raises(Refusal, match="not-withdrawable"):
        await desk.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("A3")
async def test_evidence_counts_only_when_the_unit_or_its_assessor_has_sent_it() -> None:
    desk = await Desk().prepared(PARK)
    await desk.bench.perform(handlers.record_prefecture_list, _list_of_steel(), NOW)
    await desk.drafted(STEEL)

    outcome = await desk.submitted(KEY)

    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("A3", "file-missing")]


@pytest.mark.rule("E10")
async def test_a_recorded_prefecture_list_opens_the_way_to_the_region() -> None:
    desk = await Desk().prepared(PARK)
    await desk.bench.perform(handlers.record_prefecture_list, _list_of_steel(), NOW)

    assert (await desk.standing()).listed_at(STEEL, Level.PREFECTURE) is not None


@pytest.mark.rule("E4")
async def test_a_fact_recorded_before_the_submission_is_seen_and_one_that_has_ended_is_not(desk: Desk) -> None:
    await desk.bench.perform(handlers.record_fact, _abnormal(), NOW)
    await desk.drafted()
    outcome = await desk.submitted(KEY)
    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E4", "abnormal-operations")]

    await desk.bench.perform(handlers.end_fact, EndFact("f-1", TODAY), NOW)

    assert (await desk.submitted(KEY)).refusal is None


@pytest.mark.rule("V10")
@pytest.mark.rule("E4")
async def test_a_fact_that_becomes_known_in_review_ends_the_application_once(accepted: Desk) -> None:
    said = await accepted.bench.handle(handlers.record_fact, _abnormal(), NOW)

    assert isinstance(said[0], EligibilityLost)
    assert [(each.rule, each.code) for each in said[0].reasons] == [("E4", "abnormal-operations")]
    assert (said[0].lost_on, said[0].rule_set) == (TODAY, "2024-01-19")
    found = await accepted.application(KEY)
    assert (found.stage, found.lost_on, found.refusals) == ("eligibility_lost", TODAY, said[0].reasons)
    assert (await accepted.standing()).open == ()
    again = replace(_abnormal(), fact_id="f-2", kind=FactKind.FRAUD)
    assert await accepted.bench.handle(handlers.record_fact, again, NOW) == []
    with pytest.raises(Refusal, match="not-withdrawable"):
        await accepted.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("V10")
async def test_a_fact_of_the_years_before_the_submission_counts_though_it_is_recorded_late(accepted: Desk) -> None:
    old = replace(_abnormal(), kind=FactKind.FRAUD, happened_on=date(2023, 4, 20))

    said = await accepted.bench.handle(handlers.record_fact, old, datetime(2026, 9, 1, 2, 0, tzinfo=UTC))

    assert [type(each) for each in said] == [EligibilityLost]


@pytest.mark.rule("V10")
async def test_a_corrected_end_weighs_on_what_is_in_review(desk: Desk) -> None:
    over = replace(_abnormal(), kind=FactKind.DISHONESTY_LIST, happened_on=date(2020, 1, 1), ended_on=date(2023, 1, 1))
    await desk.bench.perform(handlers.record_fact, over, NOW)
    await desk.drafted()
    assert (await desk.submitted(KEY)).refusal is None

    said = await desk.bench.handle(handlers.end_fact, EndFact("f-1", date(2025, 1, 1)), NOW)

    assert [type(each) for each in said] == [EligibilityLost]


@pytest.mark.rule("V10")
@pytest.mark.parametrize(
    "harmless",
    [
        {"happened_on": date(2019, 1, 1), "kind": FactKind.FRAUD},
        {"recorded_by": "150100"},
        {"uscc": PARK.uscc},
    ],
    ids=["long ago", "of another prefecture", "of another organisation"],
)
async def test_a_fact_that_does_not_weigh_on_it_leaves_the_application_alone(
    accepted: Desk, harmless: dict[str, Any]
) -> None:
    assert await accepted.bench.handle(handlers.record_fact, replace(_abnormal(), **harmless), NOW) == []
    assert (await accepted.application(KEY)).is_open


@pytest.mark.rule("V10")
async def test_what_waits_for_its_item_is_returned_when_a_fact_becomes_known(waiting: Desk) -> None:
    said = await waiting.bench.handle(handlers.record_fact, _abnormal(), NOW)

    assert [type(each) for each in said] == [ApplicationRefused]
    assert await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW) == []
    assert (await waiting.standing()).open == ()


@pytest.mark.rule("V10")
@pytest.mark.rule("E6")
async def test_a_park_stands_by_its_undertaking() -> None:
    desk = await Desk().prepared(PARK)
    await desk.drafted(PARK)
    await desk.submitted(KEY)

    assert await desk.bench.handle(handlers.record_fact, replace(_abnormal(), uscc=PARK.uscc), NOW) == []


@pytest.mark.rule("E4")
async def test_what_has_not_happened_yet_is_no_fact(desk: Desk) -> None:
    with pytest.raises(Refusal, match="fact-malformed"):
        await desk.bench.perform(handlers.record_fact, replace(_abnormal(), happened_on=date(2026, 4, 21)), NOW)


async def test_a_fact_does_not_end_before_it_began(desk: Desk) -> None:
    await desk.bench.perform(handlers.record_fact, _abnormal(), NOW)

    with pytest.raises(Refusal, match="fact-malformed"):
        await desk.bench.perform(handlers.end_fact, EndFact("f-1", date(2020, 1, 1)), NOW)


@pytest.mark.rule("B2")
@pytest.mark.rule("E11")
async def test_a_removal_stops_what_waits_for_its_item(waiting: Desk) -> None:
    said = await waiting.bench.handle(handlers.know_removal, removed(), NOW)

    assert isinstance(said[0], ApplicationRefused)
    assert said[0].reasons[0].rule == "B2"
    assert await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW) == []
    outcome = await waiting.submitted(KEY)
    assert "E11" in [each.rule for each in outcome.refusal.reasons]


@pytest.mark.rule("B2")
async def test_what_review_has_taken_in_is_for_review_to_close(accepted: Desk) -> None:
    assert await accepted.bench.handle(handlers.know_removal, removed(), NOW) == []

    closed = review.CaseClosed(**CASE, outcome="ineligible", reasons=(REASON,), closed_on=TODAY, sequence=3)
    await accepted.bench.handle(handlers.follow_closing, closed, NOW)

    found = await accepted.application(KEY)
    assert (found.outcome, found.stage, found.refusals) == ("ineligible", "closed", (REASON,))
    assert (await accepted.standing()).open == ()


@pytest.mark.rule("B2")
async def test_a_removal_whose_ban_is_over_is_history_and_stops_nothing(waiting: Desk) -> None:
    over = Ban(first_day=date(2022, 4, 19), last_day=date(2026, 4, 19))

    assert await waiting.bench.handle(handlers.know_removal, removed(ban=over), NOW) == []

    assert (await waiting.application(KEY)).state is State.SUBMITTED
    assert [each.ban for each in (await waiting.standing()).removals] == [over]


@pytest.mark.rule("E13")
@pytest.mark.parametrize(("ground", "left"), [("D1", [UnitType.SUPPLY_CHAIN]), ("D2", [UnitType.SUPPLY_CHAIN])])
async def test_a_removal_ends_the_titles_of_its_own_type(ground: str, left: list[UnitType], accepted: Desk) -> None:
    assert await _left_after(ground, accepted) == left


@pytest.mark.rule("D5")
@pytest.mark.parametrize("ground", ["D3", "D5"])
async def test_an_accident_and_the_end_of_the_enterprise_end_every_title(ground: str, accepted: Desk) -> None:
    assert await _left_after(ground, accepted) == []


async def _left_after(ground: str, desk: Desk) -> list[UnitType]:
    """Which of its two titles the unit keeps, whether the second listing was heard before the removal or after it."""
    chain = STEEL.model_copy(update={"unit_type": UnitType.SUPPLY_CHAIN})
    also = listed(sequence=2).model_copy(update={"unit": chain, "case_id": OTHER})
    removal = removed(sequence=3).model_copy(update={"reasons": (REASON.model_copy(update={"rule": ground}),)})
    late = Desk()
    for handler, event in ((handlers.know_listing, also), (handlers.know_removal, removal)):
        await desk.bench.handle(handler, event, NOW)
    for handler, event in ((handlers.know_removal, removal), (handlers.know_listing, also)):
        await late.bench.handle(handler, event, NOW)
    kept, heard_late = (await desk.standing()).listings, (await late.standing()).listings
    assert [each.unit_type for each in kept] == [each.unit_type for each in heard_late]
    return [each.unit_type for each in kept]


@pytest.mark.rule("E13")
async def test_a_listing_ends_the_application_and_keeps_the_title(accepted: Desk) -> None:
    await accepted.bench.handle(handlers.know_listing, listed(), NOW)

    assert (await accepted.application(KEY)).stage == "listed"
    await accepted.drafted(key=OTHER)
    outcome = await accepted.submitted(OTHER)
    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "already-listed")]


async def test_a_listing_heard_after_the_removal_that_ended_it_gives_no_title(accepted: Desk) -> None:
    await accepted.bench.handle(handlers.know_removal, removed(sequence=2), NOW)

    await accepted.bench.handle(handlers.know_listing, listed(sequence=1), NOW)

    assert (await accepted.standing()).listed_at(STEEL, Level.REGION) is None


async def test_a_title_gained_again_after_a_removal_counts(accepted: Desk) -> None:
    await accepted.bench.handle(handlers.know_removal, removed(sequence=2, ban=None), NOW)

    await accepted.bench.handle(handlers.know_listing, listed(sequence=3), NOW)

    assert (await accepted.standing()).listed_at(STEEL, Level.REGION) is not None


async def test_steps_stand_in_the_order_of_what_was_said_however_they_were_heard(accepted: Desk) -> None:
    opened = review.CaseOpened(**CASE, opened_on=TODAY, rule_set="2024-01-19", sequence=1)
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


@pytest.mark.rule("S1")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
async def test_a_revoked_sanction_leaves_a_registered_assessor_in_whatever_order_it_is_heard(
    desk: Desk, order: tuple[int, ...]
) -> None:
    sanction = AssessorSanctioned(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        ban=BAN,
        document_number="内工信罚〔2026〕1号",
        reasons=(REASON,),
        sequence=2,
    )
    revocation = SanctionRevoked(
        assessor_uscc=ASSESSOR.uscc, name=ASSESSOR.name, revoked_on=TODAY, document_number="2号", sequence=3
    )
    heard = [
        (handlers.know_assessor, registered()),
        (handlers.know_sanction, sanction),
        (handlers.know_sanction, revocation),
    ]

    for at in order:
        handler, event = heard[at]
        await desk.bench.handle(handler, event, NOW)

    known = await desk.bench.look().assessors.require(ASSESSOR.uscc)
    assert (known.registered, known.ban) == (True, None)


@pytest.mark.rule("T1")
async def test_a_submission_at_midnight_in_shanghai_belongs_to_the_new_day(desk: Desk) -> None:
    await desk.drafted()

    await desk.submitted(KEY, datetime(2026, 4, 20, 16, 0, tzinfo=UTC))

    assert (await desk.application(KEY)).submitted_on == date(2026, 4, 21)


def _abnormal() -> Fact:
    return Fact("f-1", STEEL.uscc, FactKind.ABNORMAL_OPERATIONS, date(2025, 1, 1), FactSource.OFFICER, "公示系统")


def _list_of_steel() -> PrefectureList:
    return PrefectureList("list-1", STEEL.prefecture, "鄂工信发〔2025〕3号", date(2025, 6, 1), (STEEL,), "officer-1")
