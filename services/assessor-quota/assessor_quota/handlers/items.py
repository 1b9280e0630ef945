"""Items are reserved, confirmed, released and refused by the events of applications and review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chassis.handling import TransientError
from messages.applications import ApplicationSubmitted
from messages.assessor_quota import QuotaItemConfirmed, QuotaItemRefused, QuotaItemReleased, QuotaItemReserved
from messages.event import Event
from messages.review import InitialReviewAccepted
from messages.values import AssessorRef, Prefecture, Reason
from rulebook import RuleSet, rules_of, rules_on, shanghai_date

from assessor_quota.domain.assessor import Assessor, may_evaluate, not_registered
from assessor_quota.domain.item import (
    ApplicationEnd,
    CaseEnd,
    EvaluationKind,
    QuotaItem,
    counts_as_item,
    ended_after_initial_review,
    item_for_early_closing,
    item_for_early_end,
    new_item,
)
from assessor_quota.domain.ledger import Ledger, LedgerLine, QuotaSlot, counting_year, ledger_key, year_problems
from assessor_quota.handlers.ledgers import ledger_of
from assessor_quota.handlers.ports import Store


async def reserve_item(submitted: ApplicationSubmitted, store: Store, now: datetime) -> list[Event]:
    """Answer a submission with an assessor's report: with an item, or with every reason against it.

    There is no second answer to the same submission, and none once the application's end was received (Q6).
    """
    named, rules = submitted.evaluation.assessor, rules_on(submitted.submitted_on)
    if named is None or not counts_as_item(EvaluationKind.CREATION, rules):
        return []
    item = await store.items.get(submitted.application_id)
    if item is None:
        return await _decide(submitted, named, rules, store, now)
    if item.is_outdated(submitted.sequence):
        return []
    if item.is_granted_for(named):
        return await _answer_again(item, submitted, store)
    return [*await _release(item, store), *await _decide(submitted, named, rules, store, now)]


async def ledgers_of_submission(submitted: ApplicationSubmitted, store: Store) -> list[str]:
    """Return the keys of the ledgers that a submission's item has a line in, or would have."""
    named = submitted.evaluation.assessor
    if named is None:
        return []
    item, assessor = await store.items.get(submitted.application_id), await store.assessors.get(named.uscc)
    if assessor is None:
        return [] if item is None else [*item.ledgers]
    year = counting_year(submitted, rules_on(submitted.submitted_on))
    counted = assessor.counted_with(submitted.submitted_on, year)
    return [*(() if item is None else item.ledgers), *(ledger_key(each.person.digest, year) for each in counted)]


async def ledgers_of_item(application_id: str, store: Store) -> list[str]:
    """Return the keys of the ledgers that a stored item has lines in, or would have if it were reserved again (Q5)."""
    item = await store.items.get(application_id)
    if item is None or not item.ledgers:
        return []
    assessor = await store.assessors.get(item.assessor.uscc) if item.released_after_grant else None
    if assessor is None:
        return [*item.ledgers]
    counted = assessor.counted_with(item.submission_day, item.year)
    return [*item.ledgers, *(ledger_key(each.person.digest, item.year) for each in counted)]


async def confirm_item(accepted: InitialReviewAccepted, store: Store, now: datetime) -> list[Event]:
    """Keep the item for good (Q5)."""
    return [] if accepted.assessor is None else await _confirm(accepted.case_id, store, now)


async def release_item(end: ApplicationEnd, store: Store, now: datetime) -> list[Event]:
    """Release a reserved item; an end received before its submission is recorded, so that no item leaks (Q5, Q6).

    A withdrawal after initial review accepted confirms the item, even if the acceptance itself arrives later.
    """
    if (assessor := end.evaluation.assessor) is None:
        return []
    if ended_after_initial_review(end):
        return await _confirm(end.application_id, store, now)
    item = await store.items.get(end.application_id)
    if item is None:
        store.items.save(end.application_id, item_for_early_end(end, assessor))
        return []
    if end.sequence < item.last_submission_sequence:
        return []
    return await _release(replace(item, last_end_sequence=max(item.last_end_sequence, end.sequence)), store)


async def release_closed(end: CaseEnd, store: Store, now: datetime) -> list[Event]:
    """Release the item of a case that ended before initial review accepted it, keep that of any other (Q5)."""
    if end.assessor is None:
        return []
    if ended_after_initial_review(end):
        return await _confirm(end.case_id, store, now)
    item = await store.items.get(end.case_id)
    if item is None:
        store.items.save(end.case_id, item_for_early_closing(end, end.assessor))
        return []
    return await _release(replace(item, case_closed=True), store)


async def _decide(
    submitted: ApplicationSubmitted, named: AssessorRef, rules: RuleSet, store: Store, now: datetime
) -> list[Event]:
    item = new_item(submitted, named, counting_year(submitted, rules), rules)
    assessor = await store.assessors.get(named.uscc)
    if assessor is None:
        return _refuse(item, submitted, [not_registered(named)], store)
    slots = await _slots(item, assessor, store)
    full = [(why, each.ledger) for each in slots for why in each.ledger.exhausted(rules.quota.items_per_year)]
    against = [
        *may_evaluate(assessor, submitted, shanghai_date(now)),
        *year_problems(item.year, submitted.submitted_on),
        *(why for why, _ in full),
    ]
    if against:
        return _refuse(item, submitted, against, store, full[-1][1].lines if full else ())
    _add_prefecture(assessor, item.unit.prefecture, store)
    granted, present = _reserve_slots(item.granted(now), slots, store)
    return [_reserved_event(granted, submitted, present, rules)]


async def _answer_again(item: QuotaItem, submitted: ApplicationSubmitted, store: Store) -> list[Event]:
    store.items.save(item.application_id, replace(item, last_submission_sequence=submitted.sequence))
    ledger = await store.ledgers.require(item.ledgers[-1])
    return [_reserved_event(item, submitted, ledger, rules_of(item.rule_set or submitted.rule_set))]


async def _confirm(application_id: str, store: Store, now: datetime) -> list[Event]:
    item = await store.items.get(application_id)
    if item is None:
        raise TransientError(f"nothing is reserved for {application_id} yet")
    if item.released_after_grant:
        return await _restore(item, store, now)
    confirmed = item.confirmed()
    if confirmed.state is item.state:
        return []
    store.items.save(application_id, confirmed)
    return [QuotaItemConfirmed(**confirmed.event_fields())]


async def _restore(item: QuotaItem, store: Store, now: datetime) -> list[Event]:
    """Confirm a released item that initial review had accepted, unless another has taken the slot since (Q2, Q5)."""
    assessor = await store.assessors.require(item.assessor.uscc)
    slots = await _slots(item, assessor, store)
    limit = rules_on(item.submission_day).quota.items_per_year
    if any(not slot.ledger.left(limit) for slot in slots):
        return []
    confirmed, _ = _reserve_slots(item.granted(item.reserved_at or now).confirmed(), slots, store)
    return [QuotaItemConfirmed(**confirmed.event_fields())]


async def _release(item: QuotaItem, store: Store) -> list[Event]:
    released = item.released()
    store.items.save(item.application_id, released)
    if released.state is item.state:
        return []
    for key in item.ledgers:
        ledger = await store.ledgers.require(key)
        store.ledgers.save(key, ledger.without(item.application_id))
    return [QuotaItemReleased(**released.event_fields())]


async def _slots(item: QuotaItem, assessor: Assessor, store: Store) -> list[QuotaSlot]:
    """Return a slot with each legal representative the item would count with, the present one last (Q4)."""
    counted = assessor.counted_with(item.submission_day, item.year)
    return [QuotaSlot(await ledger_of(each.person, item.year, store), each.carried_on) for each in counted]


def _reserve_slots(item: QuotaItem, slots: Sequence[QuotaSlot], store: Store) -> tuple[QuotaItem, Ledger]:
    """Save the item with a line in each of its ledgers; return it and the last of them."""
    reserved = replace(item, ledgers=tuple(slot.ledger.key for slot in slots))
    store.items.save(reserved.application_id, reserved)
    entered = [slot.ledger_with(reserved.application_id, reserved.assessor, reserved.unit) for slot in slots]
    for ledger in entered:
        store.ledgers.save(ledger.key, ledger)
    return reserved, entered[-1]


def _add_prefecture(assessor: Assessor, prefecture: Prefecture, store: Store) -> None:
    """Let the prefecture's department read the entry from the first item there on; later items write nothing."""
    if prefecture not in assessor.prefectures:
        store.assessors.save(assessor.uscc, assessor.working_in(prefecture))


def _refuse(
    item: QuotaItem,
    submitted: ApplicationSubmitted,
    reasons: Sequence[Reason],
    store: Store,
    in_use: Sequence[LedgerLine] = (),
) -> list[Event]:
    refused = item.refused(reasons)
    store.items.save(item.application_id, refused)
    fields = refused.event_fields() | {"submission": submitted.submission}
    lines = tuple(line.to_event() for line in in_use)
    return [QuotaItemRefused(**fields, reasons=tuple(reasons), items_in_use=lines)]


def _reserved_event(
    item: QuotaItem, submitted: ApplicationSubmitted, ledger: Ledger, rules: RuleSet
) -> QuotaItemReserved:
    return QuotaItemReserved(
        **item.event_fields(),
        submission=submitted.submission,
        representative=ledger.representative,
        used=ledger.used,
        limit=rules.quota.items_per_year,
    )
