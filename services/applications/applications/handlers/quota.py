"""What assessor-quota says: items reserved or refused, and who may be named in a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.handling import PoisonMessageError
from messages.assessor_quota import (
    AssessorAmended,
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    QuotaItemRefused,
    QuotaItemReserved,
    SanctionRevoked,
)
from messages.event import Event
from rulebook import shanghai_date

from applications.domain.application import Application
from applications.domain.assessors import KnownAssessor
from applications.handlers.ports import Store
from applications.handlers.submission import close_standing, evidence_files, refs


async def accept_reserved(event: QuotaItemReserved, store: Store, _now: datetime) -> Sequence[Event]:
    """The item was all that the application waited for; one that waits no more has given its item back already.

    So has a submission that was returned since: the next one waits for an answer of its own (Q1).
    """
    waiting = await _known(event.application_id, store)
    if not waiting.awaits_answer_to(event.submission):
        return []
    accepted = waiting.accepted()
    store.applications.save(accepted.application_id, accepted)
    return [accepted.said_accepted(refs(accepted, await evidence_files(accepted, store)))]


async def refuse_unreserved(event: QuotaItemRefused, store: Store, now: datetime) -> Sequence[Event]:
    waiting = await _known(event.application_id, store)
    if not waiting.awaits_answer_to(event.submission):
        return []
    refused = waiting.refused(event.reasons)
    store.applications.save(refused.application_id, refused)
    await close_standing(refused, store)
    return [refused.said_refused(shanghai_date(now))]


async def record_assessor(event: AssessorRegistered | AssessorAmended, store: Store, _now: datetime) -> Sequence[Event]:
    known = await _assessor(event.assessor_uscc, event.name, store)
    store.assessors.save(known.uscc, known.with_registration(event))
    return []


async def know_assessor_name(event: LegalRepresentativeChanged, store: Store, _now: datetime) -> Sequence[Event]:
    """Who represents it is nothing to an application; under which name it goes now is."""
    known = await _assessor(event.assessor_uscc, event.name, store)
    store.assessors.save(known.uscc, known.with_name(event))
    return []


async def know_sanction(event: AssessorSanctioned | SanctionRevoked, store: Store, _now: datetime) -> Sequence[Event]:
    known = await _assessor(event.assessor_uscc, event.name, store)
    store.assessors.save(known.uscc, known.with_ban(event))
    return []


async def _assessor(uscc: str, name: str, store: Store) -> KnownAssessor:
    return await store.assessors.get(uscc) or KnownAssessor(uscc, name)


async def _known(application_id: str, store: Store) -> Application:
    if (found := await store.applications.get(application_id)) is None:
        raise PoisonMessageError(f"an item for {application_id}, which was never filed here")
    return found
