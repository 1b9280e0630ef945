"""Changes of the legal representative: the items of the year count with both (Q4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.assessor_quota import CarriedItems, LegalRepresentativeChanged
from messages.values import PersonRef
from rulebook import shanghai_date

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.entry import ActorRef, EntryKind
from assessor_quota.domain.item import IN_USE, QuotaItem
from assessor_quota.domain.ledger import YEARS_APART, Ledger, QuotaSlot
from assessor_quota.domain.representative import change_problems
from assessor_quota.handlers.entries import append_entry
from assessor_quota.handlers.ledgers import ledger_of
from assessor_quota.handlers.lookup import find_assessor, versioned
from assessor_quota.handlers.people import canonical_person
from assessor_quota.handlers.ports import Store


@dataclass(frozen=True)
class ChangeRepresentative:
    uscc: str
    successor: PersonRef
    name: str
    earlier_digests: tuple[str, ...]
    """Digests of the successor's document number under keys used before."""
    changed_on: date
    document_number: str
    by: ActorRef


async def change_representative(command: ChangeRepresentative, store: Store, now: datetime) -> Done:
    """Record who represents the assessor from ``changed_on`` on, and count its items of that year on with both.

    The new representative may have more than the limit by that; nothing more is granted then (Q4).
    """
    before = await find_assessor(command.uscc, store)
    successor = await canonical_person(command.successor, command.earlier_digests, store)
    today, day = shanghai_date(now), command.changed_on
    if problems := list(change_problems(before.terms, before.registered_on, successor, day, today)):
        raise Refusal("change-refused", *problems)
    after = before.represented_by(successor, command.name, day, command.document_number)
    carried = await _carry_items(before, successor, day, today, store)
    after = append_entry(
        store,
        after,
        EntryKind.REPRESENTATIVE_CHANGED,
        command.by,
        now,
        on=day,
        document_number=command.document_number,
    )
    return Done([_changed_event(before, after, command, carried)], versioned(after, store))


async def _carry_items(
    assessor: Assessor, successor: PersonRef, day: date, today: date, store: Store
) -> tuple[CarriedItems, ...]:
    """Save every ledger of the former representative that an item could still enter, with or without carried items.

    A reservation that read the assessor before the change writes one of them: one of the two commits, the other
    reads again. Otherwise an item could be granted that never counts with the new representative (write skew).
    """
    items = await _items_in_use(assessor, day.year, store)
    carried = []
    for year in range(day.year, today.year + YEARS_APART + 1):
        former = await ledger_of(assessor.representative, year, store)
        store.ledgers.save(former.key, former.with_transfer(assessor.uscc, successor, day))
        if theirs := [item for item in items if item.year == year]:
            carried.append(await _carry_into(theirs, await ledger_of(successor, year, store), day, store))
    return tuple(carried)


async def _carry_into(items: Sequence[QuotaItem], ledger: Ledger, day: date, store: Store) -> CarriedItems:
    for item in items:
        ledger = QuotaSlot(ledger, day).ledger_with(item.application_id, item.assessor, item.unit)
        store.items.save(item.application_id, item.carried_to(ledger.key))
    store.ledgers.save(ledger.key, ledger)
    return CarriedItems(year=ledger.year, items=len(items), used=ledger.used)


async def _items_in_use(assessor: Assessor, first: int, store: Store) -> list[QuotaItem]:
    in_use = {"assessor.uscc": assessor.uscc, "state": {"$in": list(IN_USE)}, "year": {"$gte": first}}
    return await store.items.find(in_use, sort=[("year", 1)])


def _changed_event(
    before: Assessor, after: Assessor, command: ChangeRepresentative, carried: tuple[CarriedItems, ...]
) -> LegalRepresentativeChanged:
    return LegalRepresentativeChanged(
        assessor_uscc=after.uscc,
        name=after.name,
        former=before.representative,
        representative=after.representative,
        changed_on=command.changed_on,
        document_number=command.document_number,
        carried=carried,
    )
