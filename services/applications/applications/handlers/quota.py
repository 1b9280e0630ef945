"""Events of assessor-quota: items reserved or refused, and the assessors that a report may name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from chassis.handling import PoisonMessageError
from messages.assessor_quota import (
    AssessorAmended,
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    NamingDenied,
    NamingRequested,
    QuotaItemRefused,
    QuotaItemReserved,
    SanctionRevoked,
)
from messages.event import Event
from rulebook import shanghai_date

from applications.domain.application import Application
from applications.domain.assessors import KnownAssessor
from applications.handlers.eligibility_loss import stop
from applications.handlers.ports import Store
from applications.handlers.submission import (
    clear_open_application,
    evidence_files,
    file_refs,
    keys_of_evidence,
)


async def accept_with_item(event: QuotaItemReserved, store: Store, _now: datetime) -> Sequence[Event]:
    """Accept the application that waits for the item.

    One that waits no longer has given its item back already; so has a submission that was returned since, whose
    successor waits for an answer of its own (Q1).
    """
    waiting = await _require_application(event.application_id, store)
    if not waiting.awaits_answer_to(event.submission):
        return []
    accepted = waiting.accept()
    store.applications.save(accepted.application_id, accepted)
    return [accepted.accepted_event(file_refs(accepted, await evidence_files(accepted, store)))]


async def keys_of_accepting(event: QuotaItemReserved, store: Store) -> Iterable[tuple[str, str]]:
    """Keys of the evidence that the accepted application names."""
    waiting = await store.applications.get(event.application_id)
    return keys_of_evidence(waiting) if waiting else ()


async def keys_of_returning(event: QuotaItemRefused | NamingDenied, store: Store) -> Iterable[tuple[str, str]]:
    """Key of the standing in which the application is open."""
    waiting = await store.applications.get(event.application_id)
    return [("standings", waiting.unit.uscc)] if waiting else ()


async def await_word(event: NamingRequested, store: Store, _now: datetime) -> Sequence[Event]:
    """Show the applicant that its assessor has still to confirm that it was named, and until when (Q5)."""
    waiting = await _require_application(event.application_id, store)
    if waiting.awaits_answer_to(event.submission):
        store.applications.save(waiting.application_id, waiting.await_word(event.answer_by))
    return []


async def stop_denied(event: NamingDenied, store: Store, now: datetime) -> Sequence[Event]:
    """Return or stop the submission whose assessor has said that it was named falsely: it has no item (E12).

    A later submission names another, or has the assessor's word by now; it gets an answer of its own.
    """
    denied = await _require_application(event.application_id, store)
    if not denied.is_open or event.submission != denied.submissions:
        return []
    await clear_open_application(denied, store)
    return [stop(denied, event.reasons, shanghai_date(now), store)]


async def refuse_without_item(event: QuotaItemRefused, store: Store, now: datetime) -> Sequence[Event]:
    waiting = await _require_application(event.application_id, store)
    if not waiting.awaits_answer_to(event.submission):
        return []
    refused = waiting.refuse(event.reasons)
    store.applications.save(refused.application_id, refused)
    await clear_open_application(refused, store)
    return [refused.refused_event(shanghai_date(now))]


async def record_assessor(event: AssessorRegistered | AssessorAmended, store: Store, _now: datetime) -> Sequence[Event]:
    known = await _assessor(event.assessor_uscc, event.name, store)
    entered = known.with_registration(event)
    if isinstance(event, AssessorRegistered):
        entered = entered.with_representative(event)
    store.assessors.save(known.uscc, entered)
    return []


async def record_representative(event: LegalRepresentativeChanged, store: Store, _now: datetime) -> Sequence[Event]:
    """Record who represents the assessor, under its present name: none of that person's units may name it (P3)."""
    known = await _assessor(event.assessor_uscc, event.name, store)
    store.assessors.save(known.uscc, known.with_name(event).with_representative(event))
    return []


async def record_sanction(event: AssessorSanctioned | SanctionRevoked, store: Store, _now: datetime) -> Sequence[Event]:
    known = await _assessor(event.assessor_uscc, event.name, store)
    store.assessors.save(known.uscc, known.with_ban(event))
    return []


async def _assessor(uscc: str, name: str, store: Store) -> KnownAssessor:
    return await store.assessors.get(uscc) or KnownAssessor(uscc, name)


async def _require_application(application_id: str, store: Store) -> Application:
    if (found := await store.applications.get(application_id)) is None:
        raise PoisonMessageError(f"an item for {application_id}, which was never filed here")
    return found
