"""Work that falls due by date: duties opened and overdue, success rates published; and the reconciler's sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chassis.scheduling import Job
from rulebook import shanghai_date

from assessor_quota.domain.reconciliation import Reconciliation
from assessor_quota.domain.statements import DutyState, next_duty_cursor
from assessor_quota.handlers.rates import ComputeRate, compute_rate
from assessor_quota.handlers.reconciliation import RECONCILIATION, REST, CheckPage, check_page
from assessor_quota.handlers.statements import DUTY_CURSOR, MarkOverdue, OpenDuties, mark_overdue, open_duties
from assessor_quota.store import Store

BATCH_SIZE = 100
"""Items of one poll; the others are due at the next one."""


async def duties_to_open(store: Store, now: datetime) -> Sequence[OpenDuties]:
    step = next_duty_cursor(await store.duty_cursors.get(DUTY_CURSOR), shanghai_date(now))
    return [] if step is None else [OpenDuties(step.year, step.after)]


async def overdue_duties(store: Store, now: datetime) -> Sequence[MarkOverdue]:
    passed = {"state": DutyState.OPEN, "due": {"$lt": shanghai_date(now)}}
    return [MarkOverdue(duty.duty_id) for duty in await store.duties.find(passed, limit=BATCH_SIZE)]


async def rates_to_compute(store: Store, now: datetime) -> Sequence[ComputeRate]:
    due = {"pending": True, "due_on": {"$lte": shanghai_date(now)}}
    return [ComputeRate(rate.rate_id, rate.revision) for rate in await store.rates.find(due, limit=BATCH_SIZE)]


async def next_page(store: Store, now: datetime) -> Sequence[CheckPage]:
    reconciliation = await store.reconciliations.get(RECONCILIATION) or Reconciliation()
    step = reconciliation.next_step(now, REST)
    return [] if step is None else [CheckPage(step.started_at, step.phase, step.after)]


JOBS = (
    Job("open-duties", duties_to_open, lambda item: f"{item.year}:{item.after}", open_duties),
    Job("note-overdue", overdue_duties, lambda item: item.duty_id, mark_overdue),
    Job("compute-rates", rates_to_compute, lambda item: f"{item.rate_id}:{item.revision}", compute_rate),
    Job(
        "reconcile",
        next_page,
        lambda item: f"{item.started_at.isoformat()}:{item.phase}:{item.after}",
        check_page,
    ),
)
