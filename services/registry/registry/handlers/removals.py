"""Records a confirmed removal and lets it take effect: titles end and the ban begins (Art. 24, 25)."""

from __future__ import annotations

from datetime import date, datetime

from chassis.handling import Done
from messages.registry import UnitRemoved
from messages.values import Ban, Level
from rulebook import RuleSet, RuleSetNotFoundError, rules_on, shanghai_date

from registry.domain import bans, register, removals
from registry.domain.bans import BanRecord, ImposedBan
from registry.domain.lists import ListState
from registry.domain.refusals import refusal
from registry.domain.register import FOREVER, Listing, RemovalEntry
from registry.domain.removals import Removal, RemovalDecision, RemovalEffect
from registry.handlers.ports import Store


async def record_removal(decision: RemovalDecision, store: Store, now: datetime) -> Done:
    """Enter the decision once: the same unit and document again change nothing.

    D5 takes effect at once, D1 to D4 with the list of the year they were decided in; where that list is out and the
    year over, they are entered at once.
    """
    today = shanghai_date(now)
    if (known := await store.removals.get(decision.removal_id)) is not None:
        return Done(value=_require_same(known, decision))
    _rules_of(decision, today)
    levels, list_is_out = await _levels_of(decision, store), await _is_list_out(decision.decided_on.year, today, store)
    removal = removals.removal_of(decision, levels, today, list_is_out=list_is_out)
    store.removals.save(removal.removal_id, removal)
    if removal.effect is RemovalEffect.WITH_LIST:
        return Done(value=removal)
    return Done([await take_effect(removal, removal.decided_on, today, store)], removal)


async def take_effect(removal: Removal, effective_on: date, today: date, store: Store) -> UnitRemoved:
    """End the titles the register shows from ``today`` on; the ban runs from ``effective_on`` (B1).

    The ban record is read before the titles: a list announced between the two readings makes a conflict, one
    announced before them is seen.
    """
    rules = rules_on(effective_on)
    ban = bans.ban_from(effective_on, rules) if removals.brings_ban(removal.ground, rules) else None
    if ban is not None:
        record = await store.ban_records.get(removal.unit.uscc) or BanRecord(removal.unit.uscc)
        store.ban_records.save(record.uscc, bans.impose(record, _imposed_ban(removal, ban, rules, today)))
    for listing in await _titles_ended_by(removal, rules, store):
        store.listings.save(listing.case_id, register.end_listing(listing, removal.removal_id, today))
    entry = RemovalEntry(removals.reason_of(removal), removal.document_number, effective_on, today, removal.levels, ban)
    unit = await store.units.get(removal.unit.key) or register.enter_unit(None, removal.unit, today)
    store.units.save(unit.key, register.add_removal(unit, entry))
    return register.removed_event(removal.unit, entry, rules.version)


def _require_same(known: Removal, decision: RemovalDecision) -> Removal:
    if (known.ground, known.decided_on) != (decision.ground, decision.decided_on):
        raise refusal("G3", "document-number-used", "该文号已登记为另一移出决定", evidence=decision.document_number)
    return known


def _rules_of(decision: RemovalDecision, today: date) -> RuleSet:
    if decision.decided_on > today:
        raise refusal(
            "T1", "decided-in-the-future", "决定日期不得晚于今日", evidence=str(decision.decided_on), status=422
        )
    try:
        return rules_on(decision.decided_on)
    except RuleSetNotFoundError:
        text = "决定日期早于本细则的规则版本，不能据此计算限制期"
        raise refusal("G2", "no-rule-set", text, evidence=str(decision.decided_on), status=422) from None


async def _is_list_out(year: int, today: date, store: Store) -> bool:
    """Whether the year is over and its list announced: here, or before this register knew of any case to list."""
    if year == today.year:
        return False
    lists = await store.lists.find({"level": Level.REGION, "year": year})
    if any(each.state is ListState.ANNOUNCED for each in lists):
        return True
    return not lists and not await store.clearances.find({"level": Level.REGION, "year": {"$lte": year}}, limit=1)


async def _levels_of(decision: RemovalDecision, store: Store) -> tuple[Level, ...]:
    """The levels named and those held; for a unit this register never listed, the region's."""
    held = await store.listings.find({"unit_key": decision.unit.key, "shown_until": FOREVER})
    named = set(decision.levels) or {each.level for each in held} or {Level.REGION}
    return tuple(level for level in Level if level in named)


async def _titles_ended_by(removal: Removal, rules: RuleSet, store: Store) -> list[Listing]:
    held = await store.listings.find({"unit_key": removal.unit.key, "shown_until": FOREVER})
    return [each for each in held if each.level in removal.levels and removals.reaches(removal, each.unit_type, rules)]


def _imposed_ban(removal: Removal, ban: Ban, rules: RuleSet, today: date) -> ImposedBan:
    return ImposedBan(
        ban=ban,
        removal_id=removal.removal_id,
        ground=removal.ground,
        article=removal.article,
        document_number=removal.document_number,
        unit=removal.unit,
        rule_set=rules.version,
        recorded_on=today,
    )
