"""Commands of an assessor about the applications that name it, and what falls due while its word is awaited (Q5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chassis.handling import Done, Refusal
from messages.assessor_quota import NamingConfirmed, NamingDenied, NamingReminded
from messages.event import Event
from rulebook import reason, rules_on, shanghai_date

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.assessor import Assessor, may_work
from assessor_quota.domain.entry import ActorRef
from assessor_quota.domain.item import ItemState, QuotaItem
from assessor_quota.domain.ledger import ledger_key
from assessor_quota.domain.naming import (
    Naming,
    Word,
    confirmation_problems,
    denial_problems,
    denied_reasons,
    unanswered_reason,
)
from assessor_quota.handlers import granting
from assessor_quota.handlers.lookup import by_keys, find_assessor
from assessor_quota.handlers.ports import Store

NAMINGS_MAX = 100
"""Applications confirmed at once: one transaction, of more than a legal representative has items."""


@dataclass(frozen=True)
class NamedApplication:
    """An application by its number, with the unit that it is of as the assessor knows it."""

    application_id: str
    unit_uscc: str


@dataclass(frozen=True)
class ConfirmNamings:
    uscc: str
    namings: tuple[NamedApplication, ...]
    by: ActorRef


@dataclass(frozen=True)
class DenyNaming:
    uscc: str
    application_id: str
    reason: str
    by: ActorRef


@dataclass(frozen=True)
class FollowUpNamings:
    """Applications whose assessor is to be reminded, or has let the last day pass."""

    application_ids: tuple[str, ...]
    day: date


@dataclass(frozen=True)
class NamingReply:
    """The word as it is on record now, and the state of the item; none before the submission."""

    application_id: str
    word: Word
    state: ItemState | None
    refused_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class NamingReplies:
    namings: tuple[NamingReply, ...]


async def confirm_namings(command: ConfirmNamings, store: Store, now: datetime) -> Done:
    """Record that the assessor evaluates these applications, all or none; each that waits is answered at once.

    One that is not submitted yet, or names another, gets nothing by it: the word counts when a submission names the
    assessor. So an application that is not there is answered like one that is another's.
    """
    assessor = await find_assessor(command.uscc, store)
    found = [(each, await _item_of(each.application_id, assessor, store)) for each in command.namings]
    wrong = [
        problem
        for place, (each, item) in enumerate(found)
        for problem in confirmation_problems(item, each.unit_uscc, f"/namings/{place}/unit_uscc")
    ]
    if wrong:
        raise Refusal("naming-refused", *wrong, status=422)
    events: list[Event] = []
    for each, item in found:
        events += await _confirm(each, item, assessor, command.by, store, now)
    replies = tuple([await _reply(each.application_id, assessor, Word.CONFIRMED, store) for each in command.namings])
    return Done(events, NamingReplies(replies))


async def deny_naming(command: DenyNaming, store: Store, now: datetime) -> Done:
    """Record that the assessor was named falsely: what waits is refused, and a reserved place comes back."""
    assessor = await find_assessor(command.uscc, store)
    item = await _item_of(command.application_id, assessor, store)
    progress = await _progress(command.application_id, store)
    before = progress.word_of(assessor.uscc)
    unit_uscc = item.unit.uscc if item is not None else before.unit_uscc if before is not None else None
    if unit_uscc is None:
        text = "没有以贵机构为第三方服务机构的该编号申报"
        raise Refusal("not-found", reason("Q5", "naming-unknown", text, command.application_id), status=404)
    if wrong := list(denial_problems(item)):
        raise Refusal("naming-settled", *wrong)
    naming = Naming(assessor.uscc, unit_uscc, Word.DENIED, command.by, now, command.reason)
    store.progress.save(command.application_id, progress.with_word(naming))
    events = [] if item is None else await _end_denied(item, naming, store, now)
    return Done(events, await _reply(command.application_id, assessor, Word.DENIED, store))


async def follow_up_namings(command: FollowUpNamings, store: Store, _now: datetime) -> list[Event]:
    """Remind the assessor once; return the application when the last day has passed without a word."""
    events: list[Event] = []
    for application_id, item in (await by_keys(store.items, command.application_ids, _application_of)).items():
        if item.state is not ItemState.AWAITING or item.answer_by is None:
            continue
        if command.day > item.answer_by:
            events += granting.refuse(item, [unanswered_reason(item.assessor, item.answer_by)], store)
        elif item.next_on is not None and item.next_on <= command.day:
            store.items.save(application_id, replace(item, next_on=item.answer_by + timedelta(days=1)))
            events.append(NamingReminded(**item.answer_fields(), unit=item.unit, answer_by=item.answer_by))
    return events


def documents_read(uscc: str, application_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys of what a word on these applications reads."""
    yield "assessors", uscc
    for each in application_ids:
        yield from (("progress", each), ("items", each))


async def ledgers_of_confirmed(command: ConfirmNamings, store: Store) -> Iterable[tuple[str, str]]:
    """Return the keys of the ledgers in which the items that wait take a place."""
    assessor = await store.assessors.get(command.uscc)
    items = [await store.items.get(each.application_id) for each in command.namings]
    waiting = [each for each in items if each is not None and each.state is ItemState.AWAITING]
    if assessor is None:
        return []
    counted = [(each, assessor.counted_with(each.submission_day, each.year)) for each in waiting]
    keys = [ledger_key(one.person.digest, item.year) for item, several in counted for one in several]
    return [("ledgers", key) for key in dict.fromkeys(keys)]


async def ledgers_of_denied(command: DenyNaming, store: Store) -> Iterable[tuple[str, str]]:
    item = await store.items.get(command.application_id)
    return [("ledgers", key) for key in item.ledgers] if item is not None else []


async def _confirm(  # noqa: PLR0913, PLR0917 - a word and what it is about
    named: NamedApplication, item: QuotaItem | None, assessor: Assessor, by: ActorRef, store: Store, now: datetime
) -> Sequence[Event]:
    progress = await _progress(named.application_id, store)
    before = progress.word_of(assessor.uscc)
    if before is not None and before.confirms(named.unit_uscc):
        return []
    naming = Naming(assessor.uscc, named.unit_uscc, Word.CONFIRMED, by, now)
    store.progress.save(named.application_id, progress.with_word(naming))
    confirmed = NamingConfirmed(
        application_id=named.application_id,
        assessor=assessor.ref,
        unit_uscc=named.unit_uscc,
        confirmed_on=shanghai_date(now),
    )
    if item is None or item.state is not ItemState.AWAITING:
        return [confirmed]
    slots, against = await granting.slots_of(item, assessor, store), may_work(assessor, shanghai_date(now))
    if against or granting.is_full(slots, rules_on(item.submission_day)):
        return [confirmed, *granting.refuse(item, against, store, slots)]
    current = await store.assessors.require(assessor.uscc)
    return [confirmed, *granting.grant(item, current, slots, store, now)]


async def _end_denied(item: QuotaItem, naming: Naming, store: Store, now: datetime) -> Sequence[Event]:
    """End what the denial ends; of a released item it says that no acceptance on its way takes the place back."""
    if item.state is ItemState.RELEASED:
        store.items.save(item.application_id, replace(item, denied=True))
    if item.state not in {ItemState.AWAITING, ItemState.RESERVED}:
        return []
    reasons = tuple(denied_reasons(naming, item.assessor))
    denied = NamingDenied(
        application_id=item.application_id,
        assessor=item.assessor,
        unit=item.unit,
        submission=item.submission,
        denied_on=shanghai_date(now),
        reasons=reasons,
    )
    if item.state is ItemState.AWAITING:
        return [denied, *granting.refuse(item, reasons, store)]
    return [denied, *await granting.release(replace(item, denied=True), store)]


def _application_of(item: QuotaItem) -> str:
    return item.application_id


async def _item_of(application_id: str, assessor: Assessor, store: Store) -> QuotaItem | None:
    """Return the item of an application that names this assessor; another's is as if it did not exist (P2)."""
    item = await store.items.get(application_id)
    return item if item is not None and item.assessor.uscc == assessor.uscc else None


async def _progress(application_id: str, store: Store) -> ApplicationProgress:
    return await store.progress.get(application_id) or ApplicationProgress(application_id)


async def _reply(application_id: str, assessor: Assessor, word: Word, store: Store) -> NamingReply:
    item = await _item_of(application_id, assessor, store)
    if item is None:
        return NamingReply(application_id, word, None)
    return NamingReply(application_id, word, item.state, item.refused_for if item.state is ItemState.REFUSED else ())
