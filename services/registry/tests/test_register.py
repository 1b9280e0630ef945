from __future__ import annotations

from datetime import date, timedelta

import pytest
from messages.registry import ListAnnounced, UnitListed
from messages.values import Level, UnitType
from registry.domain.register import Pending, UnitOnDay, unit_on_day
from registry.handlers.correcting import CorrectList, correct_list

from services.registry.tests.kit import ANNOUNCING, CLOSING, STEEL, Office, at, cleared, decision, unit

DAY = timedelta(days=1)


@pytest.fixture
async def office() -> Office:
    office = Office()
    await office.clear(cleared("app-1", unit(STEEL, name="示例钢铁有限公司")))
    await office.close()
    await office.announce()
    return office


async def shown(office: Office, day: date) -> UnitOnDay | None:
    store = office.store()
    return unit_on_day(await store.units.require(STEEL), await store.listings.find({"unit_key": STEEL}), day)


@pytest.mark.rule("R1")
async def test_a_unit_is_shown_from_the_day_of_its_announcement(office: Office) -> None:
    assert await shown(office, ANNOUNCING - DAY) is None

    then = await shown(office, ANNOUNCING)
    assert then is not None
    assert [(each.level, each.list_number, each.listed_on) for each in then.listings] == [(Level.REGION, 1, ANNOUNCING)]


@pytest.mark.rule("R1")
async def test_a_removed_unit_is_shown_as_listed_for_the_days_before_its_removal(office: Office) -> None:
    removed_on = date(2027, 2, 1)
    await office.remove(decision(day=removed_on), removed_on)

    before, after = await shown(office, removed_on - DAY), await shown(office, removed_on)

    assert before is not None
    assert after is not None
    assert (len(before.listings), len(before.removals)) == (1, 0)
    assert (len(after.listings), len(after.removals)) == (0, 1)


@pytest.mark.rule("R1")
async def test_a_decision_entered_late_does_not_change_what_the_register_showed_before(office: Office) -> None:
    entered_on = date(2027, 1, 12)
    await office.remove(decision(day=date(2026, 12, 20)), entered_on)

    between = await shown(office, date(2027, 1, 5))
    now = await shown(office, entered_on)

    assert between is not None
    assert now is not None
    assert len(between.listings) == 1
    assert [(each.effective_on, each.shown_from) for each in now.removals] == [(date(2026, 12, 20), entered_on)]


@pytest.mark.rule("R1", "L4")
async def test_a_corrected_name_is_shown_from_the_correcting_list_on_and_the_former_one_is_kept(office: Office) -> None:
    corrected_on = date(2026, 10, 20)
    command = CorrectList(Level.REGION, 1, {"app-1": "示例钢铁股份有限公司"}, "原名单单位名称有误")
    await office.handle(correct_list, command, at(CLOSING))
    await office.announce(day=corrected_on, number="内工信节能字〔2026〕95号")

    before, after = await shown(office, corrected_on - DAY), await shown(office, corrected_on)

    assert before is not None
    assert after is not None
    assert (before.name, before.former_names) == ("示例钢铁有限公司", ())
    assert (after.name, [each.name for each in after.former_names]) == ("示例钢铁股份有限公司", ["示例钢铁有限公司"])
    assert len(after.listings) == 1


@pytest.mark.rule("L4")
async def test_a_correction_is_a_new_list_that_names_the_old_one_and_says_why(office: Office) -> None:
    before = await office.store().lists.require("list-region-2026-1")
    command = CorrectList(Level.REGION, 1, {"app-1": "示例钢铁股份有限公司"}, "原名单单位名称有误")
    await office.handle(correct_list, command, at(CLOSING))
    await office.announce(number="内工信节能字〔2026〕95号")

    said = [event for event in office.said if isinstance(event, ListAnnounced)][-1]
    assert (said.number, said.corrects, said.why) == (2, 1, "原名单单位名称有误")
    assert await office.store().lists.require("list-region-2026-1") == before


NEW_NAME = "示例钢铁集团有限公司"
SECOND = date(2026, 10, 8)


async def second_title(office: Office, name: str = NEW_NAME, day: date = SECOND) -> None:
    """The listed unit gains another title, put forward under this name."""
    await office.clear(cleared("app-2", unit(STEEL, name=name, kind=UnitType.SUPPLY_CHAIN)))
    await office.close(day=day)
    await office.announce(day=day, number="内工信节能字〔2026〕92号")


@pytest.mark.rule("R1", "L1")
async def test_a_second_title_renames_nobody_and_the_other_name_is_shown_as_pending(office: Office) -> None:
    await second_title(office)

    before, now = await shown(office, SECOND - DAY), await shown(office, SECOND)
    assert before is not None
    assert now is not None
    assert before.pending is None
    assert (now.name, now.former_names, len(now.listings)) == ("示例钢铁有限公司", (), 2)
    assert now.pending == Pending(NEW_NAME, SECOND)
    listing = [event for event in office.said if isinstance(event, UnitListed)][-1]
    announced = [event for event in office.said if isinstance(event, ListAnnounced)][-1]
    assert {listing.unit.name, *(line.unit.name for line in announced.lines)} == {"示例钢铁有限公司"}


@pytest.mark.rule("R1")
async def test_a_renaming_ends_what_was_pending_and_the_days_before_show_what_they_showed(office: Office) -> None:
    await second_title(office)
    renamed_on = SECOND + DAY * 7
    await office.handle(correct_list, CorrectList(Level.REGION, 2, {"app-2": NEW_NAME}, "企业更名"), at(SECOND))
    await office.announce(day=renamed_on, number="内工信节能字〔2026〕95号")

    before, now = await shown(office, renamed_on - DAY), await shown(office, renamed_on)
    assert before is not None
    assert now is not None
    assert (before.name, before.pending and before.pending.name) == ("示例钢铁有限公司", NEW_NAME)
    assert (now.name, now.pending, [each.name for each in now.former_names]) == (NEW_NAME, None, ["示例钢铁有限公司"])


@pytest.mark.rule("R1")
async def test_the_same_name_written_otherwise_is_no_change(office: Office) -> None:
    await second_title(office, "示例钢铁 有限公司")

    now = await shown(office, SECOND)
    assert now is not None
    assert (now.name, now.pending) == ("示例钢铁有限公司", None)


@pytest.mark.rule("R1", "L1")
async def test_two_first_titles_of_one_unit_on_one_list_are_printed_under_one_name() -> None:
    office = Office()
    await office.clear(
        cleared("app-1", unit(STEEL)), cleared("app-2", unit(STEEL, name=NEW_NAME, kind=UnitType.SUPPLY_CHAIN))
    )
    await office.close()
    await office.announce()

    assert {line.unit.name for line in (await office.the_list()).lines} == {"示例钢铁有限公司"}
    assert (await office.store().units.require(STEEL)).pending == (Pending(NEW_NAME, ANNOUNCING),)
