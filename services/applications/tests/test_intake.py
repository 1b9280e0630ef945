"""V5: when the region takes a case in, the conditions are checked again as of that day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from applications.domain.facts import FactKind
from applications.domain.organisation_status import Removal
from applications.handlers import listings, progress, quota, records, submission
from applications.handlers.records import EndFact, MoveUnit
from applications.handlers.submission import Withdraw
from messages import review
from messages.applications import EligibilityLost
from messages.assessor_quota import AssessorSanctioned
from messages.event import Event
from messages.values import Ban, Level, Prefecture

from .builders import ASSESSOR, CASE, NOW, PARK, RULES, STEEL, TODAY, certificate, report
from .builders_events import BAN, KEY, OTHER, REASON, abnormal_operations, item_reserved, unit_listed
from .eligibility_checks import declarations
from .harness import ApplicationsHarness, save_standing

FORWARDED_ON = date(2026, 5, 30)
LATER = datetime(2026, 5, 30, 2, 0, tzinfo=UTC)


async def forward(handlers: ApplicationsHarness) -> list[Event]:
    event = review.CaseForwarded(**CASE, forwarded_on=FORWARDED_ON, sequence=9)
    return list(await handlers.handle(progress.follow_forwarding, event, LATER))


async def submit_and_accept(handlers: ApplicationsHarness, **changes: object) -> ApplicationsHarness:
    await handlers.draft(**changes)
    assert (await handlers.submit(KEY)).refusal is None
    return handlers


@pytest.mark.rule("V5")
async def test_what_still_meets_every_condition_goes_on(in_review: ApplicationsHarness) -> None:
    assert await forward(in_review) == []

    found = await in_review.application(KEY)
    assert (found.stage, found.is_open) == ("forwarded", True)


@pytest.mark.rule("V5", "E3")
async def test_certificates_that_have_ended_in_between_are_named_each(handlers: ApplicationsHarness) -> None:
    ending = tuple(certificate(system, until=date(2026, 4, 30)) for system in RULES.systems)
    await submit_and_accept(handlers, report=report(certificates=ending))

    (event,) = await forward(handlers)

    assert isinstance(event, EligibilityLost)
    assert [(each.rule, each.code) for each in event.reasons] == [("E3", "certificate-expired")] * 4
    assert (event.lost_on, event.rule_set) == (FORWARDED_ON, "2024-01-19")
    found = await handlers.application(KEY)
    assert (found.stage, found.steps[-1].stage) == ("eligibility_lost", "forwarded")
    assert (await handlers.standing()).open == ()
    assert await forward(handlers) == []


@pytest.mark.rule("V5", "E4")
async def test_a_stop_that_has_lasted_twelve_months_by_now_counts(handlers: ApplicationsHarness) -> None:
    stopped = declarations(FactKind.STOPPED, date(2025, 5, 10))
    await submit_and_accept(handlers, report=report(declarations=stopped))

    (event,) = await forward(handlers)

    assert isinstance(event, EligibilityLost)
    assert [(each.rule, each.code) for each in event.reasons] == [("E4", "stopped")]


@pytest.mark.rule("V5", "E10", "E11")
async def test_a_unit_that_has_left_the_prefectures_list_or_is_banned_is_stopped(
    in_review: ApplicationsHarness,
) -> None:
    removal = Removal(STEEL.key, (Level.PREFECTURE,), 3, "内工信示字〔2026〕9号", BAN)
    status = (await in_review.standing()).with_removal(removal)
    await in_review.perform(save_standing, status, NOW)

    (event,) = await forward(in_review)

    assert isinstance(event, EligibilityLost)
    assert [(each.rule, each.code) for each in event.reasons] == [("E10", "not-on-lower-list"), ("E11", "banned")]


@pytest.mark.rule("V5", "E13")
async def test_its_own_application_is_not_in_its_way_nor_what_was_opened_for_another_title(
    in_review: ApplicationsHarness,
) -> None:
    opened = (await in_review.standing()).with_open(OTHER, STEEL, Level.NATION)
    await in_review.perform(save_standing, opened, NOW)

    assert await forward(in_review) == []


@pytest.mark.rule("V5", "E12", "S2")
async def test_a_sanction_on_its_assessor_suspends_and_does_not_end_it(awaiting_item: ApplicationsHarness) -> None:
    await awaiting_item.handle(quota.accept_with_item, item_reserved(), NOW)
    sanction = AssessorSanctioned(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        ban=Ban(first_day=TODAY, last_day=date(2029, 4, 20)),
        document_number="内工信罚〔2026〕1号",
        reasons=(REASON,),
        sequence=2,
    )
    await awaiting_item.handle(quota.record_sanction, sanction, NOW)

    assert await forward(awaiting_item) == []


@pytest.mark.rule("V5", "V1", "V4")
async def test_neither_a_move_nor_the_end_of_the_term_takes_anything_from_what_is_under_way(
    in_review: ApplicationsHarness,
) -> None:
    move = MoveUnit(STEEL.uscc, Prefecture.HOHHOT, "内工信函〔2026〕7号")
    await in_review.perform(records.move_unit, move, NOW)

    event = review.CaseForwarded(**CASE, forwarded_on=date(2027, 5, 30), sequence=9)

    assert await in_review.handle(progress.follow_forwarding, event, LATER) == []


@pytest.mark.rule("V5")
@pytest.mark.parametrize("ended", ["withdrawn", "listed", "stopped by a fact"])
async def test_what_has_ended_already_is_not_ended_again(handlers: ApplicationsHarness, ended: str) -> None:
    ending = tuple(certificate(system, until=date(2026, 4, 30)) for system in RULES.systems)
    await submit_and_accept(handlers, report=report(certificates=ending))
    match ended:
        case "withdrawn":
            await handlers.perform(submission.withdraw_application, Withdraw(KEY), NOW)
        case "listed":
            await handlers.handle(listings.record_listing, unit_listed(), NOW)
        case _:
            await handlers.handle(records.record_fact, abnormal_operations(), NOW)

    assert await forward(handlers) == []


@pytest.mark.rule("V5", "E6")
async def test_a_park_is_asked_about_itself_and_not_about_its_enterprises() -> None:
    handlers = await ApplicationsHarness().prepare(PARK)
    await handlers.perform(records.record_fact, replace(abnormal_operations(), uscc=PARK.uscc), NOW)
    await handlers.draft(PARK)
    await handlers.submit(KEY)

    assert await forward(handlers) == []


@pytest.mark.rule("V5", "E4")
async def test_the_applicants_words_give_way_to_the_record_at_intake_too(handlers: ApplicationsHarness) -> None:
    stopped = declarations(FactKind.STOPPED, date(2025, 5, 10))
    over = replace(abnormal_operations(), kind=FactKind.STOPPED, happened_on=date(2025, 5, 10))
    await handlers.perform(records.record_fact, over, NOW)
    await handlers.perform(records.end_fact, EndFact("f-1", date(2025, 12, 1)), NOW)
    await submit_and_accept(handlers, report=report(declarations=stopped))

    assert await forward(handlers) == []
