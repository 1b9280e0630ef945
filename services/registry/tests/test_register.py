from __future__ import annotations

from datetime import date, timedelta

import pytest
from messages.registry import ListAnnounced, UnitListed
from messages.values import Level, UnitType
from registry.domain.register import PendingName, UnitOnDay, unit_on_day
from registry.handlers.correcting import CorrectList, correct_list

from services.registry.tests.builders import ANNOUNCING, CLOSING, STEEL, at, case_cleared, decision, unit
from services.registry.tests.harness import RegistryHandlers

DAY = timedelta(days=1)


@pytest.fixture
async def handlers() -> RegistryHandlers:
    handlers = RegistryHandlers()
    await handlers.clear(case_cleared("app-1", unit(STEEL, name="示例钢铁有限公司")))
    await handlers.close()
    await handlers.announce()
    return handlers


async def unit_shown(handlers: RegistryHandlers, day: date) -> UnitOnDay | None:
    store = handlers.store()
    head = await store.chain_heads.require("region")
    titles = await store.listings.find({"unit_key": STEEL})
    return unit_on_day(await store.units.require(STEEL), titles, day, head.last_number)


@pytest.mark.rule("R1")
async def test_a_unit_is_shown_from_the_day_of_its_announcement(handlers: RegistryHandlers) -> None:
    assert await unit_shown(handlers, ANNOUNCING - DAY) is None

    then = await unit_shown(handlers, ANNOUNCING)
    assert then is not None
    assert [(each.level, each.list_number, each.listed_on) for each in then.listings] == [(Level.REGION, 1, ANNOUNCING)]


@pytest.mark.rule("R1")
async def test_a_removed_unit_is_shown_as_listed_for_the_days_before_its_removal(handlers: RegistryHandlers) -> None:
    removed_on = date(2027, 2, 1)
    await handlers.remove(decision(day=removed_on), removed_on)

    before, after = await unit_shown(handlers, removed_on - DAY), await unit_shown(handlers, removed_on)

    assert before is not None
    assert after is not None
    assert (len(before.listings), len(before.removals)) == (1, 0)
    assert (len(after.listings), len(after.removals)) == (0, 1)


@pytest.mark.rule("R1")
async def test_a_decision_entered_late_does_not_change_what_the_register_showed_before(
    handlers: RegistryHandlers,
) -> None:
    entered_on = date(2027, 1, 12)
    await handlers.remove(decision(day=date(2026, 12, 20)), entered_on)

    between = await unit_shown(handlers, date(2027, 1, 5))
    now = await unit_shown(handlers, entered_on)

    assert between is not None
    assert now is not None
    assert len(between.listings) == 1
    assert [(each.effective_on, each.shown_from) for each in now.removals] == [(date(2026, 12, 20), entered_on)]


@pytest.mark.rule("R1", "L4")
async def test_a_corrected_name_is_shown_from_the_correcting_list_on_and_the_former_one_is_kept(
    handlers: RegistryHandlers,
) -> None:
    corrected_on = date(2026, 10, 20)
    command = CorrectList(Level.REGION, 1, {"app-1": "示例钢铁股份有限公司"}, "原名单单位名称有误")
    await handlers.handle(correct_list, command, at(CLOSING))
    await handlers.announce(day=corrected_on, number="内工信节能字〔2026〕95号")

    before, after = await unit_shown(handlers, corrected_on - DAY), await unit_shown(handlers, corrected_on)

    assert before is not None
    assert after is not None
    assert (before.name, before.former_names) == ("示例钢铁有限公司", ())
    assert (after.name, [each.name for each in after.former_names]) == ("示例钢铁股份有限公司", ["示例钢铁有限公司"])
    assert len(after.listings) == 1


@pytest.mark.rule("L4")
async def test_a_correction_is_a_new_list_that_names_the_old_one_and_says_why(handlers: RegistryHandlers) -> None:
    before = await handlers.store().lists.require("list-region-2026-1")
    command = CorrectList(Level.REGION, 1, {"app-1": "示例钢铁股份有限公司"}, "原名单单位名称有误")
    await handlers.handle(correct_list, command, at(CLOSING))
    await handlers.announce(number="内工信节能字〔2026〕95号")

    event = [event for event in handlers.published if isinstance(event, ListAnnounced)][-1]
    assert (event.number, event.corrects, event.why) == (2, 1, "原名单单位名称有误")
    assert await handlers.store().lists.require("list-region-2026-1") == before


NEW_NAME = "示例钢铁集团有限公司"
SECOND = date(2026, 10, 8)


async def list_second_title(handlers: RegistryHandlers, name: str = NEW_NAME, day: date = SECOND) -> None:
    """The listed unit gains another title, put forward under this name."""
    await handlers.clear(case_cleared("app-2", unit(STEEL, name=name, kind=UnitType.SUPPLY_CHAIN)))
    await handlers.close(day=day)
    await handlers.announce(day=day, number="内工信节能字〔2026〕92号")


@pytest.mark.rule("R1", "L1")
async def test_a_second_title_renames_nobody_and_the_other_name_is_shown_as_pending(handlers: RegistryHandlers) -> None:
    await list_second_title(handlers)

    before, now = await unit_shown(handlers, SECOND - DAY), await unit_shown(handlers, SECOND)
    assert before is not None
    assert now is not None
    assert before.pending is None
    assert (now.name, now.former_names, len(now.listings)) == ("示例钢铁有限公司", (), 2)
    assert now.pending == PendingName(NEW_NAME, SECOND, 2)
    listing = [event for event in handlers.published if isinstance(event, UnitListed)][-1]
    printed = await handlers.lines("list-region-2026-2")
    assert {listing.unit.name, *(line.unit.name for line in printed)} == {"示例钢铁有限公司"}


@pytest.mark.rule("R1")
async def test_a_renaming_ends_what_was_pending_and_the_days_before_show_what_they_showed(
    handlers: RegistryHandlers,
) -> None:
    await list_second_title(handlers)
    renamed_on = SECOND + DAY * 7
    await handlers.handle(correct_list, CorrectList(Level.REGION, 2, {"app-2": NEW_NAME}, "企业更名"), at(SECOND))
    await handlers.announce(day=renamed_on, number="内工信节能字〔2026〕95号")

    before, now = await unit_shown(handlers, renamed_on - DAY), await unit_shown(handlers, renamed_on)
    assert before is not None
    assert now is not None
    assert (before.name, before.pending and before.pending.name) == ("示例钢铁有限公司", NEW_NAME)
    assert (now.name, now.pending, [each.name for each in now.former_names]) == (NEW_NAME, None, ["示例钢铁有限公司"])


@pytest.mark.rule("R1")
async def test_the_same_name_written_otherwise_is_no_change(handlers: RegistryHandlers) -> None:
    await list_second_title(handlers, "示例钢铁 有限公司")

    now = await unit_shown(handlers, SECOND)
    assert now is not None
    assert (now.name, now.pending) == ("示例钢铁有限公司", None)


@pytest.mark.rule("R1", "L1")
async def test_two_first_titles_of_one_unit_on_one_list_are_printed_under_one_name() -> None:
    handlers = RegistryHandlers()
    await handlers.clear(
        case_cleared("app-1", unit(STEEL)),
        case_cleared("app-2", unit(STEEL, name=NEW_NAME, kind=UnitType.SUPPLY_CHAIN)),
    )
    await handlers.close()
    await handlers.announce()

    assert {line.unit.name for line in await handlers.lines()} == {"示例钢铁有限公司"}
    assert (await handlers.store().units.require(STEEL)).pending == (PendingName(NEW_NAME, ANNOUNCING, 1),)
