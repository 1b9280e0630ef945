"""The service's handlers and jobs on a store in memory, and behind its API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import ItemState
from assessor_quota.domain.ledger import Ledger
from assessor_quota.handlers.register import register_assessor
from assessor_quota.jobs import JOBS
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.handling import TransientError
from devkit import HandlerHarness
from devkit.api_harness import ApiHarness
from devkit.clock import FixedClock
from messages.event import Event

from .builders import LI, NORTH, NOW, OTHER, SOUTH, WANG, assessor, registration, submitted
from .words import HANDLERS, reserve_confirmed

_JOBS = {job.name: job for job in JOBS}


async def handler_harness(*more: Assessor, since: datetime = NOW) -> HandlerHarness[Store]:
    """The service's handlers on a store in memory, with North, South, Other and ``more`` on the register."""
    handlers = HandlerHarness(Store, AGGREGATES, INDEXES)
    for whose in (assessor(NORTH), assessor(SOUTH), assessor(OTHER, LI), *more):
        await handlers.handle(register_assessor, registration(whose), since)
    return handlers


async def fill(handlers: HandlerHarness[Store], items: int) -> None:
    for number in range(items):
        by = (NORTH, SOUTH)[number % 2]
        await handlers.handle(reserve_confirmed, submitted(f"full-{number}", by), NOW)


async def state(handlers: HandlerHarness[Store], application_id: str = "app-1") -> ItemState:
    return (await handlers.store().items.require(application_id)).state


async def used(handlers: HandlerHarness[Store], year: int = 2026) -> int:
    empty = Ledger(WANG, year)
    return (await handlers.store().ledgers.get(empty.key) or empty).used


async def deliver(handlers: HandlerHarness[Store], events: Iterable[Event], now: datetime) -> None:
    """Hear them in this order; what is not ready yet comes again after the others."""
    waiting: Sequence[Event] = list(events)
    while waiting:
        early = [event for event in waiting if not await _deliver_one(handlers, event, now)]
        assert len(early) < len(waiting), f"never ready: {early}"
        waiting = early


async def _deliver_one(handlers: HandlerHarness[Store], event: Event, now: datetime) -> bool:
    try:
        await handlers.handle(HANDLERS[type(event)], event, now)
    except TransientError:
        return False
    return True


async def run_job(handlers: HandlerHarness[Store], name: str, now: datetime) -> list[Event]:
    """Let a job do what is due until nothing is, and return what was said."""
    job, said = _JOBS[name], len(handlers.published)
    for _ in range(1000):
        due = await job.due(handlers.store(), now)
        if not due:
            return handlers.published[said:]
        for item in due:
            await handlers.handle(job.handler, item, now)
    raise AssertionError(f"{name} never ends")


async def deliver_to_api(api: ApiHarness[Any], events: Iterable[Event]) -> None:
    """As ``hear``, for events that are ready in this order."""
    for event in events:
        await api.perform(HANDLERS[type(event)], event)


async def run_api_job(api: ApiHarness[Any], name: str, now: datetime) -> None:
    """Let it be ``now`` and a job do what is due until nothing is."""
    clock, job = api.api.clock, _JOBS[name]
    assert isinstance(clock, FixedClock)
    clock.move_to(now)
    while due := await job.due(api.store(), now):
        for item in due:
            await api.perform(job.handler, item)
