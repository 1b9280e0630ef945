"""Records the progress of applications, in the transaction of whatever else an event does."""

from __future__ import annotations

from datetime import datetime
from functools import wraps
from typing import TypeVar

from chassis.handling import Handler, HandlerResult
from messages.event import Event
from messages.registry import UnitListed

from assessor_quota.domain.application_progress import (
    ApplicationProgress,
    ProgressEvent,
    application_id_of,
    apply_event,
    may_concern_assessor,
)
from assessor_quota.handlers.ports import Store

E = TypeVar("E", bound=ProgressEvent)
S = TypeVar("S", bound=Store)


def with_progress(handler: Handler[E, S]) -> Handler[E, S]:
    """Return ``handler`` with the recording of its event: both are saved, or neither."""

    @wraps(handler)
    async def handle_and_record(event: E, store: S, now: datetime) -> HandlerResult:
        result = await handler(event, store, now)
        await record_progress(event, store)
        return result

    return handle_and_record


async def record_listing(listed: UnitListed, store: Store, _now: datetime) -> list[Event]:
    """Record a listing, which names no assessor: that follows with the submission, or never after a self-evaluation."""
    await record_progress(listed, store)
    return []


async def record_progress(event: ProgressEvent, store: Store) -> None:
    """Save the progress of one application; a job counts it (``count_applications``)."""
    if not may_concern_assessor(event):
        return
    application_id = application_id_of(event)
    before = await store.progress.get(application_id) or ApplicationProgress(application_id)
    after = apply_event(before, event)
    if after != before:
        store.progress.save(application_id, after)
