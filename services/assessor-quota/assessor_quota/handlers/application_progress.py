"""Courses noted as applications, review and the registry tell them, in the transaction of whatever else is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import wraps
from typing import Protocol, TypeVar

from chassis.handling import Collection, Handler, HandlerResult
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
from assessor_quota.domain.rates import YearlyRate, pending_rate, rate_key


class Courses(Protocol):
    @property
    def courses(self) -> Collection[ApplicationProgress]: ...

    @property
    def rates(self) -> Collection[YearlyRate]: ...


E = TypeVar("E", bound=ProgressEvent)
S = TypeVar("S", bound=Courses)


def with_progress(handler: Handler[E, S]) -> Handler[E, S]:
    """Do what ``handler`` does and note the event: both are saved, or neither."""

    @wraps(handler)
    async def with_note(event: E, store: S, now: datetime) -> HandlerResult:
        result = await handler(event, store, now)
        await record_progress(event, store, now)
        return result

    return with_note


async def record_listing(listed: UnitListed, store: Courses, now: datetime) -> list[Event]:
    """A listing names no assessor: the course may be completed later, or never where the applicant evaluated."""
    await record_progress(listed, store, now)
    return []


async def record_progress(event: ProgressEvent, store: Courses, now: datetime) -> None:
    if not may_concern_assessor(event):
        return
    application_id = application_id_of(event)
    before = await store.courses.get(application_id) or ApplicationProgress(application_id)
    after = apply_event(before, event)
    if after == before:
        return
    store.courses.save(application_id, after)
    was, has_become = _concluded(before), _concluded(after)
    if was != has_become:
        await _invalidate_rate([each for each in (was, has_become) if each is not None], store, now)


def _concluded(course: ApplicationProgress) -> CountedApplication | None:
    """Its part in a rate; what is not concluded has none, so that a submission touches no rate."""
    found = counted_application(course)
    return found if found is not None and found.concluded else None


async def _invalidate_rate(changed: Sequence[CountedApplication], store: Courses, now: datetime) -> None:
    """What was said of these assessors' years does not hold any more."""
    for each in changed:
        known = await store.rates.get(rate_key(each.assessor.uscc, each.year))
        rate = (
            pending_rate(each.assessor, each.year, rules_on(shanghai_date(now)))
            if known is None
            else known.invalidated()
        )
        store.rates.save(rate.rate_id, rate)
