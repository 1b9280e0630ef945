"""Records a confirmed removal and lets it take effect: titles end and the ban begins (Art. 24, 25)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done
from messages.registry import UnitRemoved
from messages.values import Ban, Level
from rulebook import RuleSet, RuleSetNotFoundError, rules_on, shanghai_date

from registry.domain import bans, listings, refusals, register, removals
from registry.domain.bans import BanRecord, ImposedBan
from registry.domain.listings import FOREVER, EntryDay, Listing
from registry.domain.lists import ListState
from registry.domain.refusals import refusal
from registry.domain.register import RegisteredUnit, RemovalEntry
from registry.domain.removals import Removal, RemovalDecision, RemovalEffect
from registry.handlers.list_acts import chain_head_of
from registry.handlers.ports import Store


async def record_removal(decision: RemovalDecision, store: Store, now: datetime) -> Done:
    """Enter the decision once: the same unit and document again change nothing.

    D5 takes effect at once, D1 to D4 with the list of the year they were decided in; where that list is out and the
    year over, they are entered at once.
    """
    today = shanghai_date(now)
    if (known := await store.removals.get(decision.removal_id)) is not None:
        return Done(value=_require_same(known, decision))
    rules = _rules_of(decision, today)
    levels, list_is_out = await _levels_of(decision, store), await _is_list_out(decision.decided_on.year, today, store)
    removal = removals.removal_of(decision, levels, today, list_is_out=list_is_out)
    if not removal.historic:
        await _require_title(removal, rules, store)
    store.removals.save(removal.removal_id, removal)
    if removal.effect is RemovalEffect.WITH_LIST:
        return Done(value=removal)
    return Done([await take_effect(removal, removal.decided_on, today, store)], removal)


@dataclass(frozen=True)
class Affected:
    """Records, units and titles that removals change, loaded in one query for each collection."""

    ban_records: dict[str, BanRecord]
    units: dict[str, RegisteredUnit]
    titles: Mapping[str, Sequence[Listing]]
    """Titles held, by the key of their unit."""


async def take_effect(removal: Removal, effective_on: date, today: date, store: Store) -> UnitRemoved:
    """End the titles the register shows from ``today`` on; the ban runs from ``effective_on`` (B1).

    The ban record is read before the titles: a title prepared between the two readings makes a conflict, one prepared
    before them is seen. Such a title is struck, so that its list is not announced.
    """
    rules, affected = rules_on(effective_on), await load_affected([removal], store)
    last_number = (await chain_head_of(Level.REGION, store)).last_number
    entry = _entry_of(removal, effective_on, EntryDay(today), rules)
    if entry.ban is not None:
        await _strike(removal.unit.uscc, last_number, store)
    for listing in _titles_ended_by(removal, affected, rules):
        struck = listing.struck or listing.list_number > last_number
        ended = listings.end_listing(listing, removal.removal_id, today)
        store.listings.save(listing.case_id, replace(ended, struck=struck))
    _impose(removal, entry, rules, affected, store)
    unit = register.with_name(affected.units.get(removal.unit.key), removal.unit, today, last_number)
    store.units.save(unit.key, register.add_removal(unit, entry))
    return register.removed_event(removal.unit, entry, rules.version)


async def prepare_effects(of_list: Sequence[Removal], entry_day: EntryDay, store: Store) -> None:
    """Prepare what the removals of a list change when it is announced."""
    affected, rules = await load_affected(of_list, store), rules_on(entry_day.day)
    for removal in of_list:
        entry = _entry_of(removal, entry_day.day, entry_day, rules)
        _impose(removal, entry, rules, affected, store)
        for listing in _titles_ended_by(removal, affected, rules):
            ended = listings.prepare_end(listing, removal.removal_id, entry_day)
            store.listings.save(listing.case_id, ended)
        known = affected.units.get(removal.unit.key)
        unit = register.add_removal(known or register.enter_unit(None, removal.unit, entry_day), entry)
        affected.units[unit.key] = unit
        store.units.save(unit.key, unit)


async def load_affected(of: Sequence[Removal], store: Store) -> Affected:
    usccs, keys = sorted({each.unit.uscc for each in of}), sorted({each.unit.key for each in of})
    ban_records = await store.ban_records.find({"_id": {"$in": usccs}})
    titles: defaultdict[str, list[Listing]] = defaultdict(list)
    held = {"unit_key": {"$in": keys}, "shown_until": FOREVER}
    for each in await store.listings.find(held, sort=(("unit_key", 1),)):
        titles[each.unit_key].append(each)
    units = await store.units.find({"_id": {"$in": keys}})
    return Affected({each.uscc: each for each in ban_records}, {each.key: each for each in units}, titles)


async def _strike(uscc: str, last_number: int, store: Store) -> None:
    """Mark the organisation's titles that are being prepared: a ban has come before their list is announced."""
    for listing in await store.listings.find({"uscc": uscc, "shown_until": FOREVER}):
        if listing.list_number > last_number:
            store.listings.save(listing.case_id, replace(listing, struck=True))


def _entry_of(removal: Removal, effective_on: date, entered: EntryDay, rules: RuleSet) -> RemovalEntry:
    return RemovalEntry(
        reason=removals.reason_of(removal),
        document_number=removal.document_number,
        effective_on=effective_on,
        shown_from=entered.day,
        levels=removal.levels,
        ban=bans.ban_from(effective_on, rules) if removals.brings_ban(removal.ground, rules) else None,
        list_number=entered.list_number,
    )


def _impose(removal: Removal, entry: RemovalEntry, rules: RuleSet, affected: Affected, store: Store) -> None:
    if entry.ban is None:
        return
    known = affected.ban_records.get(removal.unit.uscc) or BanRecord(removal.unit.uscc)
    record = bans.impose(known, _imposed_ban(removal, entry.ban, rules, entry))
    affected.ban_records[record.uscc] = record
    store.ban_records.save(record.uscc, record)


async def _require_title(removal: Removal, rules: RuleSet, store: Store) -> None:
    """Refuse a removal that ends nothing, as by a slip in a park's name, and name the titles that stand."""
    last_number = (await chain_head_of(Level.REGION, store)).last_number
    ended = _titles_ended_by(removal, await load_affected([removal], store), rules)
    if any(each.list_number <= last_number for each in ended):
        return
    held = await store.listings.find({"uscc": removal.unit.uscc, "shown_until": FOREVER})
    standing = [each for each in held if each.list_number <= last_number]
    keys = sorted({each.unit_key for each in standing})
    units = {each.key: each for each in await store.units.find({"_id": {"$in": keys}})} if keys else {}
    titles = ((units[each.unit_key].name_by(last_number) or each.unit_key, each) for each in standing)
    raise refusals.no_title_held([listings.title_text(name, each) for name, each in titles], removal.unit.key)


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
    until = {"level": Level.REGION, "year": {"$lte": year}}
    return not lists and not await store.clearances.find(until, sort=[("year", 1)], limit=1)


async def _levels_of(decision: RemovalDecision, store: Store) -> tuple[Level, ...]:
    """The levels named and those held; for a unit this register never listed, the region's."""
    last_number = (await chain_head_of(Level.REGION, store)).last_number
    titles = await store.listings.find({"unit_key": decision.unit.key, "shown_until": FOREVER})
    held = [each for each in titles if each.list_number <= last_number]
    named = set(decision.levels) or {each.level for each in held} or {Level.REGION}
    return tuple(level for level in Level if level in named)


def _titles_ended_by(removal: Removal, affected: Affected, rules: RuleSet) -> list[Listing]:
    held = affected.titles.get(removal.unit.key, ())
    return [each for each in held if each.level in removal.levels and removals.reaches(removal, each.unit_type, rules)]


def _imposed_ban(removal: Removal, ban: Ban, rules: RuleSet, entry: RemovalEntry) -> ImposedBan:
    return ImposedBan(
        ban=ban,
        removal_id=removal.removal_id,
        ground=removal.ground,
        article=removal.article,
        document_number=removal.document_number,
        unit=removal.unit,
        rule_set=rules.version,
        recorded_on=entry.shown_from,
        list_number=entry.list_number,
    )
