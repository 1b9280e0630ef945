"""What a date brings about: duties opened and overdue, success rates said; and the reconciler's sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.scheduling.job import Job
from rulebook import shanghai_date

from assessor_quota.domain.reconciliation import Reconciliation
from assessor_quota.domain.statements import DutyState, next_opening
from assessor_quota.handlers.rates import ComputeRate, compute_rate
from assessor_quota.handlers.reconciliation import RECONCILIATION, REST, CheckPage, check_page
from assessor_quota.handlers.statements import OPENING, MarkOverdue, OpenDuties, note_overdue, open_duties
from assessor_quota.store import Store

"""A look costs one indexed question; a simulated clock jumps, and a season must not wait for its own jobs."""
AT_ONCE = 100
"""Items of a look; what is left is due at the next one."""


async def duties_to_open(store: Store, now: datetime) -> Sequence[OpenDuties]:
    step = next_opening(await store.openings.get(OPENING), shanghai_date(now))
    return [] if step is None else [OpenDuties(step.year, step.after)]


async def overdue_duties(store: Store, now: datetime) -> Sequence[MarkOverdue]:
    passed = {"state": DutyState.OPEN, "due": {"$lt": shanghai_date(now)}}
    return [MarkOverdue(duty.duty_id) for duty in await store.duties.find(passed, limit=AT_ONCE)]


async def rates_to_compute(store: Store, now: datetime) -> Sequence[ComputeRate]:
    due = {"pending": True, "due_on": {"$lte": shanghai_date(now)}}
    return [ComputeRate(rate.rate_id, rate.turn) for rate in await store.rates.find(due, limit=AT_ONCE)]


async def next_page(store: Store, now: datetime) -> Sequence[CheckPage]:
    kept = await store.reconciliations.get(RECONCILIATION) or Reconciliation()
    step = kept.next_step(now, REST)
    return [] if step is None else [CheckPage(step.started_at, step.phase, step.after)]


JOBS = (
    Job("open-duties", duties_to_open, lambda item: f"{item.year}:{item.after}", open_duties),
    Job("note-overdue", overdue_duties, lambda item: item.duty_id, note_overdue),
    Job("compute-rates", rates_to_compute, lambda item: f"{item.rate_id}:{item.turn}", compute_rate),
    Job(
        "reconcile",
        next_page,
        lambda item: f"{item.started_at.isoformat()}:{item.phase}:{item.after}",
        check_page,
    ),
)
