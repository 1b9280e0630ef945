"""Items are requested, reserved, confirmed, released and refused by the events of applications and review."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chassis.handling import TransientError
from messages.applications import ApplicationSubmitted
from messages.assessor_quota import NamingRequested, QuotaItemConfirmed
from messages.event import Event
from messages.review import InitialReviewAccepted
from messages.values import AssessorRef
from rulebook import RuleSet, add_working_days, rules_on, shanghai_date

from assessor_quota.domain.assessor import may_evaluate, not_registered
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
from assessor_quota.domain.ledger import counting_year, ledger_key, year_problems
from assessor_quota.domain.naming import denied_reasons
from assessor_quota.handlers import granting
from assessor_quota.handlers.ports import Store


async def reserve_item(submitted: ApplicationSubmitted, store: Store, now: datetime) -> list[Event]:
    """Answer a submission with an assessor's report: with an item, with every reason against it, or with a request.

    The request is for the assessor's own word: no item is taken without it (Q5). There is no second answer to the same
    submission, and none once the application's end was received (Q6).
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
    return [*await granting.release(item, store), *await _decide(submitted, named, rules, store, now)]


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
    return await granting.release(replace(item, last_end_sequence=max(item.last_end_sequence, end.sequence)), store)


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
    return await granting.release(replace(item, case_closed=True), store)


async def _decide(
    submitted: ApplicationSubmitted, named: AssessorRef, rules: RuleSet, store: Store, now: datetime
) -> list[Event]:
    """Refuse with every reason at once; else grant an item, or wait for the assessor's own word (Q5)."""
    item = new_item(submitted, named, counting_year(submitted, rules), rules)
    assessor = await store.assessors.get(named.uscc)
    if assessor is None:
        return granting.refuse(item, [not_registered(named)], store)
    progress = await store.progress.get(item.application_id)
    naming = progress.word_of(named.uscc) if progress is not None else None
    against = [
        *may_evaluate(assessor, submitted, shanghai_date(now)),
        *denied_reasons(naming, named),
        *year_problems(item.year, submitted.submitted_on),
    ]
    slots = await granting.slots_of(item, assessor, store)
    if against or granting.is_full(slots, rules):
        return granting.refuse(item, against, store, slots)
    if naming is None or not naming.confirms(item.unit.uscc):
        return _await_word(item, rules, store, now)
    return granting.grant(item, assessor, slots, store, now)


def _await_word(item: QuotaItem, rules: RuleSet, store: Store, now: datetime) -> list[Event]:
    """Take no place yet; the days are counted from today, since the assessor learns of the application today."""
    today, days = shanghai_date(now), rules.naming
    reminded_on = add_working_days(today, days.reminder_working_days).last_day
    answer_by = add_working_days(today, days.due_working_days).last_day
    awaiting = item.awaiting(reminded_on, answer_by)
    store.items.save(item.application_id, awaiting)
    fields = awaiting.answer_fields()
    return [NamingRequested(**fields, unit=awaiting.unit, answer_by=answer_by)]


async def _answer_again(item: QuotaItem, submitted: ApplicationSubmitted, store: Store) -> list[Event]:
    answered = replace(item, last_submission_sequence=submitted.sequence, submission=submitted.submission)
    store.items.save(item.application_id, answered)
    return [granting.reserved_event(answered, await store.ledgers.require(item.ledgers[-1]))]


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
    slots = await granting.slots_of(item, assessor, store)
    if granting.is_full(slots, rules_on(item.submission_day)):
        return []
    confirmed, _ = granting.reserve_slots(item.granted(item.reserved_at or now).confirmed(), slots, store)
    return [QuotaItemConfirmed(**confirmed.event_fields())]
