"""A year of applications as they end, told in the field's words, for what is counted, compared and stated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from assessor_quota.bus import SUBSCRIPTIONS
from assessor_quota.jobs import JOBS
from assessor_quota.store import Store
from chassis.clock import FixedClock
from chassis.handling import TransientError
from devkit import HandlerHarness
from devkit.api_harness import ApiHarness
from messages.event import Event
from messages.registry import UnitListed
from messages.review import CaseClosed, Outcome
from messages.values import Level, Prefecture, UnitType

from .kit import accepted, closed, review_refused, submitted, unit, withdrawn

NEW_YEAR = datetime(2027, 1, 1, 2, tzinfo=UTC)
END_OF_JANUARY = datetime(2027, 1, 31, 2, tzinfo=UTC)
LAST_DAY = datetime(2027, 4, 30, 15, 59, tzinfo=UTC)
"""The last minute of 30 April in Shanghai."""
DAY_AFTER = datetime(2027, 4, 30, 16, tzinfo=UTC)

_HEARS = {each.event_type: each for each in SUBSCRIPTIONS}
_JOBS = {job.name: job for job in JOBS}

E = TypeVar("E", bound=Event)


def submission(
    application_id: str,
    by: str,
    prefecture: Prefecture = Prefecture.CHIFENG,
    unit_type: UnitType = UnitType.FACTORY,
    sequence: int = 1,
) -> Event:
    said = submitted(application_id, by, sequence=sequence, unit_type=unit_type)
    return said.model_copy(update={"unit": unit(unit_type).model_copy(update={"prefecture": prefecture})})


def listed(case_id: str, listed_on: date = date(2026, 11, 20)) -> UnitListed:
    return UnitListed(
        unit_key=f"{unit().key}:factory",
        unit=unit(),
        level=Level.REGION,
        listed_on=listed_on,
        list_number=1,
        document_number="内工信绿〔2026〕1号",
        case_id=case_id,
        sequence=1,
    )


def case_closed(outcome: Outcome, case_id: str, *, after_acceptance: bool | None = None) -> CaseClosed:
    return numbered(closed(outcome, case_id, accepted_before=after_acceptance), 9)


def numbered(event: E, sequence: int) -> E:
    return event.model_copy(update={"sequence": sequence})


def succeeding(application_id: str, *told: object) -> list[Event]:
    return [submission(application_id, *told), accepted(application_id), listed(application_id)]  # type: ignore[arg-type]


def failing(application_id: str, *told: object) -> list[Event]:
    end = case_closed("below_pass_mark", application_id)
    return [submission(application_id, *told), accepted(application_id), end]  # type: ignore[arg-type]


def turned_down(application_id: str, *told: object) -> list[Event]:
    refused = review_refused(application_id)
    end = case_closed("initial_review_refused", application_id)
    return [submission(application_id, *told), refused, end]  # type: ignore[arg-type]


def given_up(application_id: str, *told: object) -> list[Event]:
    """Withdrawn before initial review decided."""
    end = case_closed("withdrawn", application_id, after_acceptance=False)
    return [submission(application_id, *told), withdrawn(application_id), end]  # type: ignore[arg-type]


async def hear(bench: HandlerHarness[Store], events: Iterable[Event], now: datetime) -> None:
    """Hear them in this order; what is not ready yet comes again after the others."""
    waiting: Sequence[Event] = list(events)
    while waiting:
        early = [event for event in waiting if not await _heard(bench, event, now)]
        assert len(early) < len(waiting), f"never ready: {early}"
        waiting = early


async def _heard(bench: HandlerHarness[Store], event: Event, now: datetime) -> bool:
    bound = _HEARS[type(event)]
    try:
        await bench.handle(bound.handler, event, now)
    except TransientError:
        return False
    return True


async def run_job(bench: HandlerHarness[Store], name: str, now: datetime) -> list[Event]:
    """Let a job do what is due until nothing is, and return what was said."""
    job, said = _JOBS[name], len(bench.published)
    for _ in range(1000):
        due = await job.due(bench.store(), now)
        if not due:
            return bench.published[said:]
        for item in due:
            await bench.handle(job.handler, item, now)
    raise AssertionError(f"{name} never ends")


def day(text: str) -> datetime:
    """Ten in the morning of that day in Shanghai."""
    return datetime.fromisoformat(f"{text}T10:00:00+08:00").astimezone(UTC)


async def office_hears(office: ApiHarness[Any], events: Iterable[Event]) -> None:
    """As ``hear``, for events that are ready in this order."""
    for event in events:
        await office.perform(_HEARS[type(event)].handler, event)


async def office_runs(office: ApiHarness[Any], name: str, now: datetime) -> None:
    """Let it be ``now`` and a job do what is due until nothing is."""
    clock, job = office.api.clock, _JOBS[name]
    assert isinstance(clock, FixedClock)
    clock.move_to(now)
    while due := await job.due(office.store(), now):
        for item in due:
            await office.perform(job.handler, item)
