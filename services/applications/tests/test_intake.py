"""V5: when the region takes a case in, the conditions are asked again as of that day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from applications import handlers
from applications.domain.facts import FactKind
from applications.domain.organisation_status import Removal
from applications.handlers import EndFact, MoveUnit, Withdraw
from messages import review
from messages.applications import EligibilityLost
from messages.assessor_quota import AssessorSanctioned
from messages.event import Event
from messages.values import Ban, Level, Prefecture

from .conditions import declared
from .neighbours import BAN, KEY, OTHER, REASON, abnormal, listed, reserved
from .story import ASSESSOR, CASE, NOW, PARK, RULES, STEEL, TODAY, Desk, certificate, keep_standing, report

FORWARDED_ON = date(2026, 5, 30)
LATER = datetime(2026, 5, 30, 2, 0, tzinfo=UTC)


async def forwarded(desk: Desk) -> list[Event]:
    event = review.CaseForwarded(**CASE, forwarded_on=FORWARDED_ON, sequence=9)
    return list(await desk.bench.handle(handlers.follow_forwarding, event, LATER))


async def accepted_with(desk: Desk, **changes: object) -> Desk:
    await desk.drafted(**changes)
    assert (await desk.submitted(KEY)).refusal is None
    return desk


@pytest.mark.rule("V5")
async def test_what_still_meets_every_condition_goes_on(accepted: Desk) -> None:
    assert await forwarded(accepted) == []

    found = await accepted.application(KEY)
    assert (found.stage, found.is_open) == ("forwarded", True)


@pytest.mark.rule("V5", "E3")
async def test_certificates_that_have_ended_in_between_are_named_each(desk: Desk) -> None:
    ending = tuple(certificate(system, until=date(2026, 4, 30)) for system in RULES.systems)
    await accepted_with(desk, report=report(certificates=ending))

    (said,) = await forwarded(desk)

    assert isinstance(said, EligibilityLost)
    assert [(each.rule, each.code) for each in said.reasons] == [("E3", "certificate-expired")] * 4
    assert (said.lost_on, said.rule_set) == (FORWARDED_ON, "2024-01-19")
    found = await desk.application(KEY)
    assert (found.stage, found.steps[-1].stage) == ("eligibility_lost", "forwarded")
    assert (await desk.standing()).open == ()
    assert await forwarded(desk) == []


@pytest.mark.rule("V5", "E4")
async def test_a_stop_that_has_lasted_twelve_months_by_now_counts(desk: Desk) -> None:
    stopped = declared(FactKind.STOPPED, date(2025, 5, 10))
    await accepted_with(desk, report=report(declarations=stopped))

    (said,) = await forwarded(desk)

    assert isinstance(said, EligibilityLost)
    assert [(each.rule, each.code) for each in said.reasons] == [("E4", "stopped")]


@pytest.mark.rule("V5", "E10", "E11")
async def test_a_unit_that_has_left_the_prefectures_list_or_is_banned_is_stopped(accepted: Desk) -> None:
    removal = Removal(STEEL.key, (Level.PREFECTURE,), 3, "内工信示字〔2026〕9号", BAN)
    stands = (await accepted.standing()).with_removal(removal)
    await accepted.bench.perform(keep_standing, stands, NOW)

    (said,) = await forwarded(accepted)

    assert isinstance(said, EligibilityLost)
    assert [(each.rule, each.code) for each in said.reasons] == [("E10", "not-on-lower-list"), ("E11", "banned")]


@pytest.mark.rule("V5", "E13")
async def test_its_own_application_is_not_in_its_way_nor_what_was_opened_for_another_title(accepted: Desk) -> None:
    opened = (await accepted.standing()).with_open(OTHER, STEEL, Level.NATION)
    await accepted.bench.perform(keep_standing, opened, NOW)

    assert await forwarded(accepted) == []


@pytest.mark.rule("V5", "E12", "S2")
async def test_a_sanction_on_its_assessor_suspends_and_does_not_end_it(waiting: Desk) -> None:
    await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW)
    sanction = AssessorSanctioned(
        assessor_uscc=ASSESSOR.uscc,
        name=ASSESSOR.name,
        ban=Ban(first_day=TODAY, last_day=date(2029, 4, 20)),
        document_number="内工信罚〔2026〕1号",
        reasons=(REASON,),
        sequence=2,
    )
    await waiting.bench.handle(handlers.know_sanction, sanction, NOW)

    assert await forwarded(waiting) == []


@pytest.mark.rule("V5", "V1", "V4")
async def test_neither_a_move_nor_the_end_of_the_term_takes_anything_from_what_is_under_way(accepted: Desk) -> None:
    move = MoveUnit(STEEL.uscc, Prefecture.HOHHOT, "内工信函〔2026〕7号")
    await accepted.bench.perform(handlers.move_unit, move, NOW)

    event = review.CaseForwarded(**CASE, forwarded_on=date(2027, 5, 30), sequence=9)

    assert await accepted.bench.handle(handlers.follow_forwarding, event, LATER) == []


@pytest.mark.rule("V5")
@pytest.mark.parametrize("ended", ["withdrawn", "listed", "stopped by a fact"])
async def test_what_has_ended_already_is_not_ended_again(desk: Desk, ended: str) -> None:
    ending = tuple(certificate(system, until=date(2026, 4, 30)) for system in RULES.systems)
    await accepted_with(desk, report=report(certificates=ending))
    match ended:
        case "withdrawn":
            await desk.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)
        case "listed":
            await desk.bench.handle(handlers.record_listing, listed(), NOW)
        case _:
            await desk.bench.handle(handlers.record_fact, abnormal(), NOW)

    assert await forwarded(desk) == []


@pytest.mark.rule("V5", "E6")
async def test_a_park_is_asked_about_itself_and_not_about_its_enterprises() -> None:
    desk = await Desk().prepared(PARK)
    await desk.bench.perform(handlers.record_fact, replace(abnormal(), uscc=PARK.uscc), NOW)
    await desk.drafted(PARK)
    await desk.submitted(KEY)

    assert await forwarded(desk) == []


@pytest.mark.rule("V5", "E4")
async def test_the_applicants_words_give_way_to_the_record_at_intake_too(desk: Desk) -> None:
    stopped = declared(FactKind.STOPPED, date(2025, 5, 10))
    over = replace(abnormal(), kind=FactKind.STOPPED, happened_on=date(2025, 5, 10))
    await desk.bench.perform(handlers.record_fact, over, NOW)
    await desk.bench.perform(handlers.end_fact, EndFact("f-1", date(2025, 12, 1)), NOW)
    await accepted_with(desk, report=report(declarations=stopped))

    assert await forwarded(desk) == []
