"""Records the progress of applications, in the transaction of whatever else an event does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import wraps
from typing import TypeVar

from chassis.handling import Handler, HandlerResult
from messages.event import Event
from messages.registry import UnitListed
from rulebook import rules_on, shanghai_date

from assessor_quota.domain.application_progress import (
    ApplicationProgress,
    CountedApplication,
    ProgressEvent,
    application_id_of,
    apply_event,
    counted_application,
    may_concern_assessor,
)
from assessor_quota.domain.rates import pending_rate, rate_key
from assessor_quota.handlers.ports import Store

E = TypeVar("E", bound=ProgressEvent)
S = TypeVar("S", bound=Store)


def with_progress(handler: Handler[E, S]) -> Handler[E, S]:
    """Return ``handler`` with the recording of its event: both are saved, or neither."""

    @wraps(handler)
    async def handle_and_record(event: E, store: S, now: datetime) -> HandlerResult:
        result = await handler(event, store, now)
        await record_progress(event, store, now)
        return result

    return handle_and_record


async def record_listing(listed: UnitListed, store: Store, now: datetime) -> list[Event]:
    """Record a listing, which names no assessor: that follows with the submission, or never after a self-evaluation."""
    await record_progress(listed, store, now)
    return []


async def record_progress(event: ProgressEvent, store: Store, now: datetime) -> None:
    if not may_concern_assessor(event):
        return
    application_id = application_id_of(event)
    before = await store.progress.get(application_id) or ApplicationProgress(application_id)
    after = apply_event(before, event)
    if after == before:
        return
    store.progress.save(application_id, after)
    was, has_become = _concluded_application(before), _concluded_application(after)
    if was != has_become:
        await _invalidate_rate([each for each in (was, has_become) if each is not None], store, now)


def _concluded_application(progress: ApplicationProgress) -> CountedApplication | None:
    """Return its part in a rate; none before it is concluded, so that a submission touches no rate."""
    found = counted_application(progress)
    return found if found is not None and found.concluded else None


async def _invalidate_rate(changed: Sequence[CountedApplication], store: Store, now: datetime) -> None:
    """Mark the rates of these assessors' years to be computed again."""
    for each in changed:
        known = await store.rates.get(rate_key(each.assessor.uscc, each.year))
        rate = (
            pending_rate(each.assessor, each.year, rules_on(shanghai_date(now)))
            if known is None
            else known.invalidated()
        )
        store.rates.save(rate.rate_id, rate)
