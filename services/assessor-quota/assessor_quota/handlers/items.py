"""Items reserved, confirmed, released and refused, as applications and review tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chassis.handling import Collection, Transient
from messages.applications import ApplicationSubmitted
from messages.assessor_quota import QuotaItemConfirmed, QuotaItemRefused, QuotaItemReleased, QuotaItemReserved
from messages.event import Event
from messages.review import InitialReviewAccepted
from messages.values import AssessorRef, PersonRef, Reason
from rulebook import RuleSet, rules_of, rules_on, shanghai_date

from assessor_quota.domain.assessor import Assessor, may_evaluate, not_registered
from assessor_quota.domain.item import (
    ApplicationEnd,
    CaseEnd,
    Item,
    asked,
    closed_unasked,
    ended_unasked,
    gives_item_back,
    keeps_item,
)
from assessor_quota.domain.ledger import Ledger, Line, counting_year


class Items(Protocol):
    @property
    def assessors(self) -> Collection[Assessor]: ...

    @property
    def items(self) -> Collection[Item]: ...

    @property
    def ledgers(self) -> Collection[Ledger]: ...


async def reserve_item(submitted: ApplicationSubmitted, store: Items, now: datetime) -> list[Event]:
    """Answer a submission with an assessor's report: an item, or every reason against it.

    Nothing is answered when that was done before, or when the application's end was heard first (Q6).
    """
    if (named := submitted.evaluation.assessor) is None:
        return []
    item = await store.items.get(submitted.application_id)
    if item is None:
        return await _decide(submitted, named, store, now)
    if item.overtook(submitted.sequence):
        return []
    if item.stays_for(named):
        return await _answer_again(item, submitted, store)
    return [*await _release(item, store), *await _decide(submitted, named, store, now)]


async def confirm_item(accepted: InitialReviewAccepted, store: Items, _now: datetime) -> list[Event]:
    """Keep the item for good; one that was given back before stays given back (Q5)."""
    return [] if accepted.assessor is None else await _confirm(accepted.case_id, store)


async def release_item(end: ApplicationEnd, store: Items, _now: datetime) -> list[Event]:
    """Give back what is not confirmed; an end heard before its submission is kept, so that no item leaks (Q5, Q6).

    A withdrawal after initial review accepted confirms the item, also where the acceptance itself is heard later.
    """
    if (assessor := end.evaluation.assessor) is None:
        return []
    if keeps_item(end):
        return await _confirm(end.application_id, store)
    item = await store.items.get(end.application_id)
    if item is None:
        store.items.save(end.application_id, ended_unasked(end, assessor))
        return []
    if end.sequence < item.asked:
        return []
    return await _release(replace(item, ended=max(item.ended, end.sequence)), store)


async def release_closed(end: CaseEnd, store: Items, _now: datetime) -> list[Event]:
    """Give back the item of a case that ended before initial review accepted it (Q5)."""
    if end.assessor is None or not gives_item_back(end):
        return []
    item = await store.items.get(end.case_id)
    if item is None:
        store.items.save(end.case_id, closed_unasked(end, end.assessor))
        return []
    return await _release(replace(item, final=True), store)


async def _decide(submitted: ApplicationSubmitted, named: AssessorRef, store: Items, now: datetime) -> list[Event]:
    rules = rules_on(submitted.submitted_on)
    item = asked(submitted, named, counting_year(submitted, rules), rules)
    assessor = await store.assessors.get(named.uscc)
    if assessor is None:
        return _refuse(item, [not_registered(named)], store)
    ledger = await _ledger(assessor.representative, item.year, store)
    full = list(ledger.exhausted(rules.quota.items_per_year))
    if reasons := [*may_evaluate(assessor, submitted, shanghai_date(now)), *full]:
        return _refuse(item, reasons, store, ledger.lines if full else ())
    store.items.save(item.application_id, item.granted(ledger.key))
    ledger = ledger.with_line(Line(item.application_id, named, item.unit))
    store.ledgers.save(ledger.key, ledger)
    return [_reserved(item, ledger, rules)]


async def _answer_again(item: Item, submitted: ApplicationSubmitted, store: Items) -> list[Event]:
    store.items.save(item.application_id, replace(item, asked=submitted.sequence))
    ledger = await store.ledgers.require(item.ledgers[-1])
    return [_reserved(item, ledger, rules_of(item.rule_set or submitted.rule_set))]


async def _confirm(application_id: str, store: Items) -> list[Event]:
    item = await store.items.get(application_id)
    if item is None:
        raise Transient(f"nothing is reserved for {application_id} yet")
    confirmed = item.confirmed()
    if confirmed.state is item.state:
        return []
    store.items.save(application_id, confirmed)
    return [QuotaItemConfirmed(**confirmed.facts())]


async def _release(item: Item, store: Items) -> list[Event]:
    released = item.released()
    store.items.save(item.application_id, released)
    if released.state is item.state:
        return []
    for key in item.ledgers:
        ledger = await store.ledgers.require(key)
        store.ledgers.save(key, ledger.without(item.application_id))
    return [QuotaItemReleased(**released.facts())]


async def _ledger(representative: PersonRef, year: int, store: Items) -> Ledger:
    empty = Ledger(representative, year)
    return await store.ledgers.get(empty.key) or empty


def _refuse(item: Item, reasons: Sequence[Reason], store: Items, in_use: Sequence[Line] = ()) -> list[Event]:
    store.items.save(item.application_id, item)
    return [
        QuotaItemRefused(**item.facts(), reasons=tuple(reasons), items_in_use=tuple(line.told() for line in in_use))
    ]


def _reserved(item: Item, ledger: Ledger, rules: RuleSet) -> QuotaItemReserved:
    return QuotaItemReserved(
        **item.facts(),
        representative=ledger.representative,
        used=ledger.used,
        limit=rules.quota.items_per_year,
    )
