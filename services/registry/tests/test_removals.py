from __future__ import annotations

from datetime import date

import pytest
from chassis.handling import Refusal
from messages.registry import UnitRemoved
from messages.values import Ban, Level, UnitType
from registry.domain import bans
from registry.domain.bans import BanRecord
from registry.domain.removals import Removal, RemovalDecision, RemovalEffect, RemovalState, effect_of, reaches
from rulebook import rules_on

from services.registry.tests.builders import CLOSING, DAIRY, STEEL, case_cleared, decision, unit
from services.registry.tests.harness import RegistryHandlers


def removal_events(handlers: RegistryHandlers) -> list[UnitRemoved]:
    return [event for event in handlers.published if isinstance(event, UnitRemoved)]


def barred_until(record: BanRecord, day: date) -> date | None:
    return bans.barred_until(bans.bans_on(record, day, 0))


async def list_unit(handlers: RegistryHandlers, *kinds: UnitType) -> None:
    for number, kind in enumerate(kinds, start=1):
        await handlers.clear(case_cleared(f"app-{number}", unit(STEEL, kind=kind)))
    await handlers.close()
    await handlers.announce()


async def titles_held(handlers: RegistryHandlers) -> list[str]:
    held = await handlers.store().listings.find({"shown_until": date.max})
    return sorted(each.unit_type.value for each in held)


@pytest.mark.rule("B1", "T5")
@pytest.mark.parametrize(
    ("effective", "last"),
    [
        (date(2024, 3, 1), date(2027, 3, 1)),
        (date(2024, 2, 29), date(2027, 2, 28)),
        (date(2026, 12, 31), date(2029, 12, 31)),
    ],
)
def test_the_ban_runs_from_the_day_of_effect_to_the_same_day_three_years_on(effective: date, last: date) -> None:
    assert bans.ban_from(effective, rules_on(effective)) == Ban(first_day=effective, last_day=last)


@pytest.mark.rule("B1")
async def test_the_day_after_the_last_is_free(handlers: RegistryHandlers) -> None:
    await handlers.remove(decision(day=date(2026, 3, 1)))
    standing = await handlers.store().ban_records.require(STEEL)

    assert barred_until(standing, date(2029, 3, 1)) == date(2029, 3, 1)
    assert barred_until(standing, date(2029, 3, 2)) is None
    assert barred_until(standing, date(2026, 2, 28)) is None


@pytest.mark.rule("B1")
async def test_of_two_bans_the_later_end_counts(handlers: RegistryHandlers) -> None:
    await handlers.remove(decision(number="移出1号", day=date(2025, 3, 1)))
    await handlers.remove(decision(number="移出2号", day=date(2026, 3, 1)))

    standing = await handlers.store().ban_records.require(STEEL)
    assert barred_until(standing, date(2027, 1, 1)) == date(2029, 3, 1)
    assert len(bans.bans_on(standing, date(2029, 1, 1), 0)) == 1


@pytest.mark.rule("B1")
def test_an_organisation_without_a_ban_is_free() -> None:
    assert barred_until(BanRecord(DAIRY), date(2026, 1, 1)) is None


@pytest.mark.rule("D5")
async def test_an_accident_ends_every_title_of_the_unit_at_once_and_is_said_with_its_ban(
    handlers: RegistryHandlers,
) -> None:
    await list_unit(handlers, UnitType.FACTORY, UnitType.SUPPLY_CHAIN)

    await handlers.remove(decision(day=date(2026, 10, 2)), date(2026, 10, 3))

    (removed,) = removal_events(handlers)
    assert await titles_held(handlers) == []
    assert (removed.removed_on, removed.levels) == (date(2026, 10, 2), (Level.REGION,))
    assert removed.ban == Ban(first_day=date(2026, 10, 2), last_day=date(2029, 10, 2))
    assert [(reason.rule, reason.article) for reason in removed.reasons] == [("D5", "第二十四条")]


@pytest.mark.rule("D5")
async def test_an_immediate_removal_is_repeated_in_the_years_list_for_the_record_and_takes_effect_once(
    handlers: RegistryHandlers,
) -> None:
    await handlers.remove(decision(unit(DAIRY), day=date(2026, 3, 1)), date(2026, 3, 1))
    await handlers.clear(case_cleared())

    closed = await handlers.close()
    await handlers.announce()

    assert closed.counts["removal"] == 1
    assert len(removal_events(handlers)) == 1
    assert len((await handlers.store().ban_records.require(DAIRY)).bans) == 1


async def test_the_other_grounds_take_effect_on_the_day_the_list_is_announced(handlers: RegistryHandlers) -> None:
    await list_unit(handlers, UnitType.FACTORY, UnitType.SUPPLY_CHAIN)
    await handlers.remove(decision(ground="D1", number="移出9号", day=date(2026, 11, 2)), date(2026, 11, 2))
    assert (await titles_held(handlers), removal_events(handlers)) == (["factory", "supply_chain"], [])

    await handlers.close(day=date(2026, 11, 20))
    await handlers.announce(day=date(2026, 12, 1), number="内工信节能字〔2026〕100号")

    (removed,) = removal_events(handlers)
    assert await titles_held(handlers) == ["supply_chain"]
    assert (removed.removed_on, removed.ban) == (
        date(2026, 12, 1),
        Ban(first_day=date(2026, 12, 1), last_day=date(2029, 12, 1)),
    )


@pytest.mark.rule("B1")
async def test_a_decision_of_an_earlier_year_is_entered_with_the_ban_of_its_own_day(handlers: RegistryHandlers) -> None:
    await handlers.remove(decision(ground="D2", number="内工信字〔2024〕7号", day=date(2024, 11, 20)), date(2026, 1, 8))

    (removed,) = removal_events(handlers)
    entered = await handlers.store().removals.find()
    assert (removed.removed_on, removed.ban) == (
        date(2024, 11, 20),
        Ban(first_day=date(2024, 11, 20), last_day=date(2027, 11, 20)),
    )
    assert [(each.effect, each.state) for each in entered] == [(RemovalEffect.EARLIER_YEAR, RemovalState.ENTERED)]


async def test_the_same_decision_recorded_twice_is_one_removal_and_one_ban(handlers: RegistryHandlers) -> None:
    await handlers.remove(decision(day=date(2026, 3, 1)), date(2026, 3, 1))
    await handlers.remove(decision(day=date(2026, 3, 1)), date(2026, 3, 2))

    assert len(removal_events(handlers)) == 1
    assert len((await handlers.store().ban_records.require(STEEL)).bans) == 1


async def test_one_document_cannot_stand_for_two_decisions_on_a_unit(handlers: RegistryHandlers) -> None:
    await handlers.remove(decision(ground="D5"))

    with pytest.raises(Refusal) as refused:
        await handlers.remove(decision(ground="D3"))

    assert refused.value.code == "document-number-used"


@pytest.mark.parametrize(
    ("day", "code"), [(date(2027, 1, 1), "decided-in-the-future"), (date(2019, 5, 1), "no-rule-set")]
)
async def test_a_day_that_cannot_be_is_refused_and_nothing_is_kept(
    handlers: RegistryHandlers, day: date, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await handlers.remove(decision(day=day), date(2026, 9, 10))

    assert (refused.value.code, refused.value.status) == (code, 422)
    assert handlers.documents("removals") == {}


@pytest.mark.rule("D5", "L1")
def test_only_an_accident_takes_effect_before_the_list_that_is_still_to_come() -> None:
    assert effect_of("D5", list_is_out=False) is RemovalEffect.AT_ONCE
    assert effect_of("D4", list_is_out=False) is RemovalEffect.WITH_LIST
    assert effect_of("D4", list_is_out=True) is effect_of("D5", list_is_out=True) is RemovalEffect.EARLIER_YEAR


async def record_in_january(handlers: RegistryHandlers, what: RemovalDecision) -> Removal:
    """Decided at the end of 2025 and recorded in January; the list of 2024 is announced, that of 2025 is not."""
    await handlers.clear(case_cleared("app-s", unit(STEEL), year=2024))
    await handlers.close(2024, date(2025, 3, 1))
    await handlers.announce(2024, date(2025, 3, 2), "2024年1号")
    await handlers.clear(case_cleared("app-d", unit(DAIRY), year=2025))
    await handlers.remove(what, date(2026, 1, 3))
    (removal,) = await handlers.store().removals.find()
    return removal


@pytest.mark.rule("L1")
async def test_a_removal_decided_late_in_december_and_recorded_in_january_is_on_the_list_of_its_year(
    handlers: RegistryHandlers,
) -> None:
    removal = await record_in_january(handlers, decision(ground="D1", number="移2025", day=date(2025, 12, 30)))

    assert (removal.effect, removal.state) == (RemovalEffect.WITH_LIST, RemovalState.WAITING)
    assert removal_events(handlers) == []
    assert (await handlers.close(2025, date(2026, 1, 10))).counts == {"addition": 1, "removal": 1, "renaming": 0}
    await handlers.announce(2025, date(2026, 1, 12), "2025年1号")
    (removed,) = removal_events(handlers)
    assert (removed.removed_on, removed.ban) == (
        date(2026, 1, 12),
        Ban(first_day=date(2026, 1, 12), last_day=date(2029, 1, 12)),
    )


@pytest.mark.rule("D5", "L1")
async def test_an_accident_late_in_december_takes_effect_at_once_and_is_repeated_in_the_list_of_its_year(
    handlers: RegistryHandlers,
) -> None:
    removal = await record_in_january(handlers, decision(ground="D5", number="移2025", day=date(2025, 12, 30)))

    assert removal.effect is RemovalEffect.AT_ONCE
    assert [each.removed_on for each in removal_events(handlers)] == [date(2025, 12, 30)]
    assert (await handlers.close(2025, date(2026, 1, 10))).counts["removal"] == 1


@pytest.mark.rule("L1")
async def test_recorded_after_the_list_of_its_year_was_announced_it_counts_as_announced_then(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(case_cleared("app-d", unit(DAIRY), year=2025))
    await handlers.close(2025, date(2025, 11, 1))
    await handlers.announce(2025, date(2025, 11, 2), "2025年1号")

    await handlers.remove(decision(ground="D1", number="移2025", day=date(2025, 10, 30)), date(2026, 1, 3))

    (removal,) = await handlers.store().removals.find()
    assert (removal.effect, removal.state) == (RemovalEffect.EARLIER_YEAR, RemovalState.ENTERED)


async def test_levels_named_by_the_document_are_said(handlers: RegistryHandlers) -> None:
    levels = (Level.REGION, Level.PREFECTURE)
    await handlers.remove(RemovalDecision(unit(), "D5", "移出1号", date(2026, 9, 10), levels, historic=True))

    assert removal_events(handlers)[0].levels == (Level.PREFECTURE, Level.REGION)


@pytest.mark.rule("G1")
async def test_which_grounds_end_every_title_is_told_by_the_rule_set(handlers: RegistryHandlers) -> None:
    rules = rules_on(CLOSING)
    narrower = rules.removal.model_copy(update={"every_title": frozenset({"D5"})})
    await handlers.remove(decision(ground="D3"))
    (removal,) = await handlers.store().removals.find()

    assert reaches(removal, UnitType.SUPPLY_CHAIN, rules)
    assert not reaches(removal, UnitType.SUPPLY_CHAIN, rules.model_copy(update={"removal": narrower}))
