"""A second decision, revocation or name: the first ones stay as they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from messages.values import Level, UnitRef, UnitType
from registry.domain import eligibility, register, removals
from registry.domain.assessors import AssessorStatus, Revocation, Sanction, add_revocation, add_sanction
from registry.domain.bans import BanRecord
from registry.domain.clearances import record_clearance
from registry.domain.eligibility import Candidate
from registry.domain.flags import flags_on
from registry.domain.listings import FOREVER, EntryDay, Flag
from registry.domain.register import Name, PendingName, RegisteredUnit, enter_unit, rename_unit, unit_on_day
from registry.domain.removals import Ground, RemovalState, removal_of
from rulebook import rules_on

from services.registry.tests.builders import (
    ASSESSOR,
    CLOSING,
    DAIRY,
    STEEL,
    at,
    ban,
    case_cleared,
    decision,
    revocation,
    sanction,
    unit,
)
from services.registry.tests.test_flags import DAY, FIRST, RESTING, REVOKED_ON, SANCTIONED_ON, RegistrySystem


@pytest.fixture
async def registry() -> RegistrySystem:
    """One announced title that rests on the assessor's report."""
    registry = RegistrySystem()
    await registry.publish(RESTING, day=CLOSING)
    await registry.announce()
    return registry


UNNAMED = Revocation(sequence=5, revoked_on=REVOKED_ON, decision=None, leaves_one=False)


def decided(sequence: int = 4, last_day: date = date(2029, 10, 20), number: str = "通报1号") -> Sanction:
    running = ban(SANCTIONED_ON).model_copy(update={"last_day": last_day})
    return Sanction(number, sequence, running)


@pytest.mark.rule("S4")
@pytest.mark.parametrize(
    ("sanctioned", "ends"),
    [
        (decided(), True),
        (decided(last_day=REVOKED_ON), True),
        (decided(last_day=REVOKED_ON - DAY), False),
        (decided(sequence=6), False),
        (decided(sequence=6, last_day=REVOKED_ON - DAY), False),
    ],
)
def test_a_revocation_without_a_name_ends_what_was_decided_before_and_still_ran(
    sanctioned: Sanction, *, ends: bool
) -> None:
    assert UNNAMED.ends(sanctioned) is ends
    assert not replace(UNNAMED, leaves_one=True).ends(sanctioned)


@pytest.mark.rule("S4")
def test_a_revocation_with_a_name_ends_that_decision_alone_whichever_was_heard_first() -> None:
    named = replace(UNNAMED, decision="通报2号")

    assert named.ends(decided(number="通报2号"))
    assert replace(named, leaves_one=True).ends(decided(number="通报2号", sequence=6))
    assert not named.ends(decided())


@pytest.mark.rule("S1", "S4")
def test_the_newest_event_on_the_ban_counts_in_either_order_and_each_event_once() -> None:
    longer = sanction(SANCTIONED_ON + DAY, 4, "通报2号")
    first, now = AssessorStatus(FIRST.assessor_uscc), at(REVOKED_ON)

    forth = add_sanction(add_sanction(first, FIRST, now), longer, now)
    back = add_sanction(add_sanction(first, longer, now), FIRST, now)

    assert forth.ban == back.ban == longer.ban
    assert forth.document_number == back.document_number == "通报2号"
    assert add_sanction(back, FIRST, now) == back
    ended = add_revocation(back, revocation(REVOKED_ON, 5), now)
    assert (ended.ban, ended.known_decisions) == (None, 3)
    assert add_revocation(ended, revocation(REVOKED_ON, 5), now) == ended
    assert add_sanction(ended, sanction(SANCTIONED_ON, 3, "通报3号"), now).ban is None


@pytest.mark.rule("S4", "R1")
async def test_a_flag_keeps_the_day_on_which_it_was_lifted_whatever_is_decided_later(registry: RegistrySystem) -> None:
    await registry.publish(FIRST)
    await registry.run_jobs()
    await registry.publish(revocation(REVOKED_ON, 3), day=REVOKED_ON)
    await registry.run_jobs()
    later = REVOKED_ON + timedelta(days=20)
    await registry.publish(sanction(later, 4, "通报4号"), day=later)
    await registry.run_jobs()
    much_later = later + timedelta(days=20)
    await registry.publish(revocation(much_later, 5, decision="通报4号"), day=much_later)
    await registry.run_jobs()

    title = await registry.title()
    assert title.flags == (Flag("通报1号", SANCTIONED_ON, REVOKED_ON), Flag("通报4号", later, much_later))
    assert flags_on(title, later - DAY) == (Flag("通报1号", SANCTIONED_ON, REVOKED_ON),)


@pytest.mark.rule("S4")
async def test_a_decision_made_after_the_revocation_stays_a_flag_though_it_was_heard_before(
    registry: RegistrySystem,
) -> None:
    await registry.publish(FIRST, sanction(REVOKED_ON, 6, "通报6号"))
    await registry.run_jobs()
    await registry.publish(revocation(REVOKED_ON, 3), day=REVOKED_ON)
    await registry.run_jobs()

    title = await registry.title()
    assert [(each.document_number, each.open) for each in title.flags] == [("通报1号", False), ("通报6号", True)]
    assert title.flagged


OLD, NEW, OTHER, FOURTH = "示例钢铁有限公司", "示例钢铁集团有限公司", "示例特钢有限公司", "示例新材料有限公司"
ON = [EntryDay(date(2026, 9, 15), 1), EntryDay(date(2027, 9, 15), 2), EntryDay(date(2028, 9, 15), 3)]
RENAMED = RegisteredUnit(
    STEEL, STEEL, unit().prefecture, (Name(OLD, ON[0].day, ON[0].list_number), Name(NEW, ON[1].day, ON[1].list_number))
)


def named(name: str) -> UnitRef:
    return unit(STEEL, name=name)


@pytest.mark.rule("R21", "R22")
def test_after_a_renaming_the_new_name_counts_as_the_present_one_and_the_old_one_is_a_change() -> None:
    assert enter_unit(RENAMED, named(NEW), ON[2]) == RENAMED
    assert enter_unit(RENAMED, named(OLD), ON[2]) == replace(
        RENAMED, pending=(PendingName(OLD, ON[2].day, ON[2].list_number),)
    )


@pytest.mark.rule("R1", "R22")
def test_a_second_name_put_forward_ends_the_first_which_past_days_still_show() -> None:
    waiting = enter_unit(RENAMED, named(OTHER), ON[2])
    following = EntryDay(date(2029, 9, 15), 4)

    after = enter_unit(waiting, named(FOURTH), following)

    first = PendingName(OTHER, ON[2].day, 3, shown_until=following.day, ended_number=4)
    second = PendingName(FOURTH, following.day, 4)
    assert after.pending == (first, second)
    for day, shown in (
        (ON[2].day - DAY, None),
        (ON[2].day, first),
        (following.day - DAY, first),
        (following.day, second),
    ):
        seen = unit_on_day(after, (), day, 4)
        assert seen is not None
        assert seen.pending == shown
    assert enter_unit(after, named(FOURTH), EntryDay(date(2030, 9, 15), 5)) == after
    third = enter_unit(after, named(OTHER), EntryDay(date(2030, 9, 15), 5))
    assert [each.name for each in third.pending] == [OTHER, FOURTH, OTHER]
    assert third.pending[0] == first


@pytest.mark.rule("R21")
def test_a_renaming_enters_a_unit_that_the_register_does_not_know_yet() -> None:
    entered = RegisteredUnit(STEEL, STEEL, unit().prefecture, (Name(NEW, ON[0].day, 1),))

    assert rename_unit(None, named(NEW), ON[0]) == entered
    assert rename_unit(replace(entered, names=()), named(NEW), ON[0]) == entered


@pytest.mark.rule("R21", "R22")
def test_a_renaming_to_the_present_name_adds_none_and_ends_what_was_pending() -> None:
    waiting = enter_unit(RENAMED, named(OTHER), ON[2])
    following = EntryDay(date(2029, 9, 15), 4)

    after = rename_unit(waiting, named(NEW), following)

    assert after.names == RENAMED.names
    assert [(each.name, each.shown_until) for each in after.pending] == [(OTHER, following.day)]
    back = rename_unit(RENAMED, named(OLD), following)
    assert [each.name for each in back.names] == [OLD, NEW, OLD]


@pytest.mark.rule("R1", "L4")
def test_a_list_that_was_never_announced_takes_its_names_with_it_and_lets_the_earlier_one_wait_again() -> None:
    waiting = enter_unit(RENAMED, named(OTHER), ON[2])
    following = EntryDay(date(2029, 9, 15), 4)

    assert register.withdraw_list(enter_unit(waiting, named(FOURTH), following), 4) == waiting
    assert register.withdraw_list(rename_unit(waiting, named(FOURTH), following), 4) == waiting
    assert register.withdraw_list(enter_unit(None, named(OLD), ON[0]), 1) is None


@pytest.mark.rule("B1", "G1")
@pytest.mark.parametrize("ground", ["D1", "D2", "D3", "D4", "D5"])
def test_every_ground_brings_a_ban_and_only_an_own_request_may_be_read_otherwise(ground: Ground) -> None:
    rules = rules_on(CLOSING)
    otherwise = rules.model_copy(
        update={"readings": rules.readings.model_copy(update={"own_request_brings_ban": False})}
    )

    assert removals.brings_ban(ground, rules)
    assert removals.brings_ban(ground, otherwise) is (ground != "D4")


@pytest.mark.rule("L1", "L2")
def test_a_removal_is_announced_with_its_list_and_shown_so_from_then_on() -> None:
    recorded = removal_of(decision(ground="D1", historic=False), (Level.REGION,), CLOSING, list_is_out=False)
    prepared = removals.prepare(recorded, 3)

    assert recorded.state is RemovalState.WAITING
    assert [removals.shown_state(prepared, number) for number in (2, 3, 4)] == [
        RemovalState.WAITING,
        RemovalState.ANNOUNCED,
        RemovalState.ANNOUNCED,
    ]
    assert removals.withdraw(prepared) == recorded
    assert removals.shown_state(recorded, 9) is RemovalState.WAITING
    assert removals.mark_announced(prepared).state is RemovalState.ANNOUNCED


@pytest.mark.rule("E13")
def test_the_reason_against_a_second_title_speaks_of_parks_to_parks_alone() -> None:
    def text_for(of: UnitRef) -> str:
        waiting = record_clearance(None, case_cleared("app-2", of))
        (why,) = eligibility.reasons_against(Candidate(waiting, BanRecord(of.uscc), listed=True), CLOSING)
        return why.text

    assert "园区" not in text_for(unit())
    assert "园区" in text_for(unit(kind=UnitType.PARK, park="示例园区"))


@pytest.mark.rule("S2")
async def test_of_several_titles_on_one_list_each_is_flagged_for_the_decision_heard_before() -> None:
    registry = RegistrySystem()
    other = case_cleared("app-2", unit(DAIRY), assessor=ASSESSOR)
    await registry.publish(sanction(SANCTIONED_ON), RESTING, other, day=CLOSING)
    await registry.announce()
    await registry.run_jobs()

    assert sorted(registry.flag_events()) == [("flagged", "app-1"), ("flagged", "app-2")]


@pytest.mark.rule("R1")
async def test_a_title_ends_on_the_day_it_is_no_longer_shown_and_before_that_on_the_day_of_the_list_that_ends_it(
    registry: RegistrySystem,
) -> None:
    title, list_day, day = await registry.title(), date(2027, 9, 15), date(2027, 3, 1)

    assert title.end == FOREVER
    assert replace(title, ending_on=list_day).end == list_day
    assert replace(title, shown_until=day).end == day
    assert replace(title, shown_until=day, ending_on=list_day).end == day
