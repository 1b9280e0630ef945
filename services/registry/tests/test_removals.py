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

from services.registry.tests.kit import CLOSING, DAIRY, STEEL, Office, cleared, decision, unit


def removals_said(office: Office) -> list[UnitRemoved]:
    return [event for event in office.said if isinstance(event, UnitRemoved)]


async def listed(office: Office, *kinds: UnitType) -> None:
    for number, kind in enumerate(kinds, start=1):
        await office.clear(cleared(f"app-{number}", unit(STEEL, kind=kind)))
    await office.close()
    await office.announce()


async def titles(office: Office) -> list[str]:
    held = await office.store().listings.find({"shown_until": date.max})
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
async def test_the_day_after_the_last_is_free(office: Office) -> None:
    await office.remove(decision(day=date(2026, 3, 1)))
    standing = await office.store().standings.require(STEEL)

    assert bans.barred_until(standing, date(2029, 3, 1)) == date(2029, 3, 1)
    assert bans.barred_until(standing, date(2029, 3, 2)) is None
    assert bans.barred_until(standing, date(2026, 2, 28)) is None


@pytest.mark.rule("B1")
async def test_of_two_bans_the_later_end_counts(office: Office) -> None:
    await office.remove(decision(number="移出1号", day=date(2025, 3, 1)))
    await office.remove(decision(number="移出2号", day=date(2026, 3, 1)))

    standing = await office.store().standings.require(STEEL)
    assert bans.barred_until(standing, date(2027, 1, 1)) == date(2029, 3, 1)
    assert len(bans.bans_on(standing, date(2029, 1, 1))) == 1


@pytest.mark.rule("B1")
def test_an_organisation_without_a_ban_is_free() -> None:
    assert bans.barred_until(BanRecord(DAIRY), date(2026, 1, 1)) is None


@pytest.mark.rule("D5")
async def test_an_accident_ends_every_title_of_the_unit_at_once_and_is_said_with_its_ban(office: Office) -> None:
    await listed(office, UnitType.FACTORY, UnitType.SUPPLY_CHAIN)

    await office.remove(decision(day=date(2026, 10, 2)), date(2026, 10, 3))

    (said,) = removals_said(office)
    assert await titles(office) == []
    assert (said.removed_on, said.levels) == (date(2026, 10, 2), (Level.REGION,))
    assert said.ban == Ban(first_day=date(2026, 10, 2), last_day=date(2029, 10, 2))
    assert [(reason.rule, reason.article) for reason in said.reasons] == [("D5", "第二十四条")]


@pytest.mark.rule("D5")
async def test_an_immediate_removal_is_repeated_in_the_years_list_for_the_record_and_takes_effect_once(
    office: Office,
) -> None:
    await office.remove(decision(unit(DAIRY), day=date(2026, 3, 1)), date(2026, 3, 1))
    await office.clear(cleared())

    closed = await office.close()
    await office.announce()

    assert closed.counts["removal"] == 1
    assert len(removals_said(office)) == 1
    assert len((await office.store().standings.require(DAIRY)).bans) == 1


async def test_the_other_grounds_take_effect_on_the_day_the_list_is_announced(office: Office) -> None:
    await listed(office, UnitType.FACTORY, UnitType.SUPPLY_CHAIN)
    await office.remove(decision(ground="D1", number="移出9号", day=date(2026, 11, 2)), date(2026, 11, 2))
    assert (await titles(office), removals_said(office)) == (["factory", "supply_chain"], [])

    await office.close(day=date(2026, 11, 20))
    await office.announce(day=date(2026, 12, 1), number="内工信节能字〔2026〕100号")

    (said,) = removals_said(office)
    assert await titles(office) == ["supply_chain"]
    assert (said.removed_on, said.ban) == (
        date(2026, 12, 1),
        Ban(first_day=date(2026, 12, 1), last_day=date(2029, 12, 1)),
    )


@pytest.mark.rule("B1")
async def test_a_decision_of_an_earlier_year_is_entered_with_the_ban_of_its_own_day(office: Office) -> None:
    await office.remove(decision(ground="D2", number="内工信字〔2024〕7号", day=date(2024, 11, 20)), date(2026, 1, 8))

    (said,) = removals_said(office)
    entered = await office.store().removals.find()
    assert (said.removed_on, said.ban) == (
        date(2024, 11, 20),
        Ban(first_day=date(2024, 11, 20), last_day=date(2027, 11, 20)),
    )
    assert [(each.effect, each.state) for each in entered] == [(RemovalEffect.EARLIER_YEAR, RemovalState.ENTERED)]


async def test_the_same_decision_recorded_twice_is_one_removal_and_one_ban(office: Office) -> None:
    await office.remove(decision(day=date(2026, 3, 1)), date(2026, 3, 1))
    await office.remove(decision(day=date(2026, 3, 1)), date(2026, 3, 2))

    assert len(removals_said(office)) == 1
    assert len((await office.store().standings.require(STEEL)).bans) == 1


async def test_one_document_cannot_stand_for_two_decisions_on_a_unit(office: Office) -> None:
    await office.remove(decision(ground="D5"))

    with pytest.raises(Refusal) as refused:
        await office.remove(decision(ground="D3"))

    assert refused.value.code == "document-number-used"


@pytest.mark.parametrize(
    ("day", "code"), [(date(2027, 1, 1), "decided-in-the-future"), (date(2019, 5, 1), "no-rule-set")]
)
async def test_a_day_that_cannot_be_is_refused_and_nothing_is_kept(office: Office, day: date, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        await office.remove(decision(day=day), date(2026, 9, 10))

    assert (refused.value.code, refused.value.status) == (code, 422)
    assert office.documents("removals") == {}


@pytest.mark.rule("D5", "L1")
def test_only_an_accident_takes_effect_before_the_list_that_is_still_to_come() -> None:
    assert effect_of("D5", list_is_out=False) is RemovalEffect.AT_ONCE
    assert effect_of("D4", list_is_out=False) is RemovalEffect.WITH_LIST
    assert effect_of("D4", list_is_out=True) is effect_of("D5", list_is_out=True) is RemovalEffect.EARLIER_YEAR


async def late_in_december(office: Office, what: RemovalDecision) -> Removal:
    """Decided at the end of 2025 and recorded in January; the list of 2024 is announced, that of 2025 is not."""
    await office.clear(cleared("app-s", unit(STEEL), year=2024))
    await office.close(2024, date(2025, 3, 1))
    await office.announce(2024, date(2025, 3, 2), "2024年1号")
    await office.clear(cleared("app-d", unit(DAIRY), year=2025))
    await office.remove(what, date(2026, 1, 3))
    (removal,) = await office.store().removals.find()
    return removal


@pytest.mark.rule("L1")
async def test_a_removal_decided_late_in_december_and_recorded_in_january_is_on_the_list_of_its_year(
    office: Office,
) -> None:
    removal = await late_in_december(office, decision(ground="D1", number="移2025", day=date(2025, 12, 30)))

    assert (removal.effect, removal.state) == (RemovalEffect.WITH_LIST, RemovalState.WAITING)
    assert removals_said(office) == []
    assert (await office.close(2025, date(2026, 1, 10))).counts == {"addition": 1, "removal": 1, "renaming": 0}
    await office.announce(2025, date(2026, 1, 12), "2025年1号")
    (said,) = removals_said(office)
    assert (said.removed_on, said.ban) == (
        date(2026, 1, 12),
        Ban(first_day=date(2026, 1, 12), last_day=date(2029, 1, 12)),
    )


@pytest.mark.rule("D5", "L1")
async def test_an_accident_late_in_december_takes_effect_at_once_and_is_repeated_in_the_list_of_its_year(
    office: Office,
) -> None:
    removal = await late_in_december(office, decision(ground="D5", number="移2025", day=date(2025, 12, 30)))

    assert removal.effect is RemovalEffect.AT_ONCE
    assert [each.removed_on for each in removals_said(office)] == [date(2025, 12, 30)]
    assert (await office.close(2025, date(2026, 1, 10))).counts["removal"] == 1


@pytest.mark.rule("L1")
async def test_recorded_after_the_list_of_its_year_was_announced_it_counts_as_announced_then(office: Office) -> None:
    await office.clear(cleared("app-d", unit(DAIRY), year=2025))
    await office.close(2025, date(2025, 11, 1))
    await office.announce(2025, date(2025, 11, 2), "2025年1号")

    await office.remove(decision(ground="D1", number="移2025", day=date(2025, 10, 30)), date(2026, 1, 3))

    (removal,) = await office.store().removals.find()
    assert (removal.effect, removal.state) == (RemovalEffect.EARLIER_YEAR, RemovalState.ENTERED)


async def test_levels_named_by_the_document_are_said(office: Office) -> None:
    levels = (Level.REGION, Level.PREFECTURE)
    await office.remove(RemovalDecision(unit(), "D5", "移出1号", date(2026, 9, 10), levels))

    assert removals_said(office)[0].levels == (Level.PREFECTURE, Level.REGION)


@pytest.mark.rule("G1")
async def test_which_grounds_end_every_title_is_told_by_the_rule_set(office: Office) -> None:
    rules = rules_on(CLOSING)
    narrower = rules.removal.model_copy(update={"every_title": frozenset({"D5"})})
    await office.remove(decision(ground="D3"))
    (removal,) = await office.store().removals.find()

    assert reaches(removal, UnitType.SUPPLY_CHAIN, rules)
    assert not reaches(removal, UnitType.SUPPLY_CHAIN, rules.model_copy(update={"removal": narrower}))
