"""Slots of an item in the ledgers: taken, given back, or refused with what fills them (Q1, Q2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from messages.assessor_quota import QuotaItemRefused, QuotaItemReleased, QuotaItemReserved
from messages.event import Event
from messages.values import Prefecture, Reason
from rulebook import RuleSet, rules_on

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import ItemState, QuotaItem
from assessor_quota.domain.ledger import Ledger, QuotaSlot
from assessor_quota.handlers.ledgers import ledger_of
from assessor_quota.handlers.ports import Store


async def slots_of(item: QuotaItem, assessor: Assessor, store: Store) -> list[QuotaSlot]:
    """Return a slot with each legal representative the item would count with, the present one last (Q4)."""
    counted = assessor.counted_with(item.submission_day, item.year)
    return [QuotaSlot(await ledger_of(each.person, item.year, store), each.carried_on) for each in counted]


def is_full(slots: Iterable[QuotaSlot], rules: RuleSet) -> bool:
    """Whether one of the legal representatives has nothing left."""
    return any(not slot.ledger.left(rules.quota.items_per_year) for slot in slots)


def grant(item: QuotaItem, assessor: Assessor, slots: Sequence[QuotaSlot], store: Store, now: datetime) -> list[Event]:
    """Take a place in every ledger: the caller has seen that each has one left, and the assessor's own word."""
    _add_prefecture(assessor, item.unit.prefecture, store)
    granted, present = reserve_slots(item.granted(now), slots, store)
    return [reserved_event(granted, present)]


def refuse(item: QuotaItem, against: Iterable[Reason], store: Store, slots: Sequence[QuotaSlot] = ()) -> list[Event]:
    """Refuse for these reasons and for every ledger that is full, whose items are named (Q1)."""
    limit = rules_on(item.submission_day).quota.items_per_year
    full = [(why, each.ledger) for each in slots for why in each.ledger.exhausted(limit)]
    reasons = (*against, *(why for why, _ in full))
    refused = item.refused(reasons)
    store.items.save(item.application_id, refused)
    lines = tuple(line.to_event() for line in full[-1][1].lines) if full else ()
    return [QuotaItemRefused(**refused.answer_fields(), reasons=reasons, items_in_use=lines)]


async def release(item: QuotaItem, store: Store) -> list[Event]:
    """Give a reserved place back; one that was only requested takes none, and nothing is to be told (Q5)."""
    released = item.released()
    store.items.save(item.application_id, released)
    if released.state is item.state or item.state is ItemState.AWAITING:
        return []
    for key in item.ledgers:
        ledger = await store.ledgers.require(key)
        store.ledgers.save(key, ledger.without(item.application_id))
    return [QuotaItemReleased(**released.event_fields())]


def reserve_slots(item: QuotaItem, slots: Sequence[QuotaSlot], store: Store) -> tuple[QuotaItem, Ledger]:
    """Save the item with a line in each of its ledgers; return it and the last of them."""
    reserved = replace(item, ledgers=tuple(slot.ledger.key for slot in slots))
    store.items.save(reserved.application_id, reserved)
    entered = [slot.ledger_with(reserved.application_id, reserved.assessor, reserved.unit) for slot in slots]
    for ledger in entered:
        store.ledgers.save(ledger.key, ledger)
    return reserved, entered[-1]


def reserved_event(item: QuotaItem, ledger: Ledger) -> QuotaItemReserved:
    return QuotaItemReserved(
        **item.answer_fields(),
        representative=ledger.representative,
        used=ledger.used,
        limit=rules_on(item.submission_day).quota.items_per_year,
    )


def _add_prefecture(assessor: Assessor, prefecture: Prefecture, store: Store) -> None:
    """Let the prefecture's department read the entry from the first item there on; later items write nothing."""
    if prefecture not in assessor.prefectures:
        store.assessors.save(assessor.uscc, assessor.working_in(prefecture))
