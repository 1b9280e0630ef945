"""An assessor: its representative, its sanctions and their revocation, and the open cases that these concern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Filter
from messages.assessor_quota import (
    AssessorRegistered,
    AssessorSanctioned,
    LegalRepresentativeChanged,
    SanctionRevoked,
)
from messages.event import Event
from rulebook import shanghai_date

from review.domain.assessors import AssessorStatus
from review.domain.case import ENDED
from review.handlers.loading import bring_to_newest_word
from review.handlers.ports import Store
from review.handlers.transitions import catch_up

CASES_PER_COMMIT = 100
"""The most cases brought to the newest word in one commit."""


@dataclass(frozen=True)
class SettleSanctions:
    """Bring the open cases that rest on an assessor's reports to the newest word on its sanctions."""

    uscc: str
    round: int


async def record_representative(
    event: AssessorRegistered | LegalRepresentativeChanged, store: Store, _now: datetime
) -> list[Event]:
    """S3: record the digest of the representative, by which affiliates are found, in whatever order events arrive."""
    known = await _assessor_status(event.assessor_uscc, store)
    store.assessors.save(known.uscc, known.with_representative(event))
    return []


async def record_sanction(event: AssessorSanctioned, store: Store, now: datetime) -> list[Event]:
    """S2: store the decision once, in the assessor's document; a job suspends the open cases, however many."""
    before = await _assessor_status(event.assessor_uscc, store)
    return _save_if_changed(before, before.with_sanction(event), store, now)


async def record_revocation(event: SanctionRevoked, store: Store, now: datetime) -> list[Event]:
    """S4: store the revocation; a job resumes the open cases unless another decision still holds."""
    before = await _assessor_status(event.assessor_uscc, store)
    return _save_if_changed(before, before.with_revocation(event), store, now)


def _save_if_changed(before: AssessorStatus, known: AssessorStatus, store: Store, now: datetime) -> list[Event]:
    if known != before:
        store.assessors.save(known.uscc, replace(known, settling=known.settling.begin(now)))
    return []


async def settle_sanctions(command: SettleSanctions, store: Store, now: datetime) -> list[Event]:
    """Suspend or resume one commit's share of the open cases, again while some are left.

    A case whose notice is over may be cleared as it resumes. A later word on the assessor has its own round.
    """
    known = await _assessor_status(command.uscc, store)
    if known.settling.due is None or known.settling.rounds != command.round:
        return []
    today, events = shanghai_date(now), list[Event]()
    where = _behind_newest_word(known, today)
    behind = [] if where is None else await store.cases.find(where, limit=CASES_PER_COMMIT)
    for current in await bring_to_newest_word(behind, store, today):
        events += catch_up(store, current, now)
    settling = known.settling.after_round(now, more=len(behind) == CASES_PER_COMMIT)
    store.assessors.save(known.uscc, replace(known, settling=settling))
    return events


def _behind_newest_word(known: AssessorStatus, today: date) -> Filter | None:
    """Return the filter for the open cases that ``follow_sanctions`` would change; None when it would change none."""
    rest_on_it = {"assessor.uscc": known.uscc, "state": {"$nin": ENDED}}
    if known.sanctioned_on(today) is not None:
        return {**rest_on_it, "suspended_by": {"$nin": sorted(known.documents_in_force)}}
    return None if known.cleared_by is None else {**rest_on_it, "suspended_by": {"$ne": None}}


async def _assessor_status(uscc: str, store: Store) -> AssessorStatus:
    return await store.assessors.get(uscc) or AssessorStatus(uscc)
