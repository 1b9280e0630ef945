"""Courses noted as applications, review and the registry tell them, in the transaction of whatever else is done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import wraps
from typing import Protocol, TypeVar

from chassis.handling import Collection, Handler, Result
from messages.event import Event
from messages.registry import UnitListed
from rulebook import rules_on, shanghai_date

from assessor_quota.domain.courses import (
    Counted,
    Course,
    Heard,
    concerns_an_assessor,
    counted,
    noting,
    told_of,
)
from assessor_quota.domain.rates import YearlyRate, rate_key, unsaid


class Courses(Protocol):
    @property
    def courses(self) -> Collection[Course]: ...

    @property
    def rates(self) -> Collection[YearlyRate]: ...


E = TypeVar("E", bound=Heard)
S = TypeVar("S", bound=Courses)


def noted(handler: Handler[E, S]) -> Handler[E, S]:
    """Do what ``handler`` does and note the event: both are saved, or neither."""

    @wraps(handler)
    async def with_note(event: E, store: S, now: datetime) -> Result:
        result = await handler(event, store, now)
        await note(event, store, now)
        return result

    return with_note


async def note_listing(listed: UnitListed, store: Courses, now: datetime) -> list[Event]:
    """A listing names no assessor: the course may be completed later, or never where the applicant evaluated."""
    await note(listed, store, now)
    return []


async def note(event: Heard, store: Courses, now: datetime) -> None:
    if not concerns_an_assessor(event):
        return
    application_id = told_of(event)
    before = await store.courses.get(application_id) or Course(application_id)
    after = noting(before, event)
    if after == before:
        return
    store.courses.save(application_id, after)
    was, has_become = _concluded(before), _concluded(after)
    if was != has_become:
        await _mark([each for each in (was, has_become) if each is not None], store, now)


def _concluded(course: Course) -> Counted | None:
    """Its part in a rate; what is not concluded has none, so that a submission touches no rate."""
    found = counted(course)
    return found if found is not None and found.concluded else None


async def _mark(changed: Sequence[Counted], store: Courses, now: datetime) -> None:
    """What was said of these assessors' years does not hold any more."""
    for each in changed:
        known = await store.rates.get(rate_key(each.assessor.uscc, each.year))
        rate = unsaid(each.assessor, each.year, rules_on(shanghai_date(now))) if known is None else known.marked()
        store.rates.save(rate.rate_id, rate)
