"""Jobs, gauges and the reconciler on the real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from assessor_quota.domain.reconciliation import DiscrepancyKind
from assessor_quota.gauges import GAUGES
from assessor_quota.handlers.bulk import ROWS_MAX, ImportAssessors, Row, import_assessors
from assessor_quota.handlers.register import register_assessor
from assessor_quota.jobs import JOBS
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.observability.gauges import GaugeReader
from chassis.observability.metrics import Metrics
from chassis.persistence.leases import Leases
from chassis.persistence.unit_of_work import ChangeSet, Write
from chassis.scheduling.scheduler import JobScheduler
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.assessor_quota import AssessorRegistered, DutyOpened, DutyOverdue, SuccessRateComputed
from messages.values import PersonRef
from stdnum.cn import uscc as gb32100

from .builders import (
    DAY_AFTER,
    END_OF_JANUARY,
    LI,
    NEW_YEAR,
    NORTH,
    NOW,
    OTHER,
    SOUTH,
    WANG,
    assessor,
    failing,
    registration,
    submitted,
    succeeding,
    withdrawn_before_review,
)
from .words import HANDLERS

pytestmark = pytest.mark.connected

SERVICE = "assessor-quota"
POLLS = 8
"""Polls after which nothing of a day is left to do."""
LEDGER = f"{WANG.digest}:2026"


@dataclass
class JobProcesses:
    """Two processes with the role of jobs, and the gauges of one of them."""

    processes: CommitterCluster[Store]
    clock: FixedClock
    runners: tuple[JobScheduler, ...]
    gauges: GaugeReader
    metrics: Metrics

    async def run_all_jobs(self, now: datetime) -> None:
        """Let both poll every job at the same time, as if the lease between them had been lost."""
        self.clock.move_to(now)
        for _ in range(POLLS):
            await asyncio.gather(*(runner._run_due_items(job) for runner in self.runners for job in JOBS))

    async def gauge(self, name: str, **labels: str) -> float | None:
        assert await self.gauges.poll() == len(GAUGES)
        return self.metrics.registry.get_sample_value(f"green_{name}", labels)


@pytest.fixture
async def job_processes(servers: PrivateServers) -> AsyncIterator[JobProcesses]:
    clock, metrics = FixedClock(NOW), Metrics()
    async with committer_cluster(
        servers, SERVICE, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock
    ) as opened:
        database = opened.database
        committers = [
            GroupCommitter(BatchTransaction(database, SERVICE, AGGREGATES, clock=clock, metrics=Metrics()))
            for _ in range(2)
        ]
        for each in committers:
            each.start()
        runners = tuple(
            JobScheduler(database, Store, Leases(database, f"jobs-{at}"), JOBS, each, clock=clock, metrics=Metrics())
            for at, each in enumerate(committers)
        )
        gauges = GaugeReader(database, Store, GAUGES, clock=clock, metrics=metrics, interval_seconds=60)
        yield JobProcesses(opened, clock, runners, gauges, metrics)
        for each in committers:
            await each.stop()


@pytest.fixture
async def year(job_processes: JobProcesses) -> JobProcesses:
    """North, South and Other are registered, and a year of North's and South's applications has been heard."""
    for uscc, person in ((NORTH, WANG), (SOUTH, WANG), (OTHER, LI)):
        await job_processes.processes.perform(0, register_assessor, registration(assessor(uscc, person)))
    events = [
        *succeeding("won", NORTH),
        *failing("lost", SOUTH),
        *withdrawn_before_review("gone", NORTH),
        submitted("waits", SOUTH),
    ]
    for event in events:
        await job_processes.processes.perform(0, HANDLERS[type(event)], event)
    return job_processes


@pytest.mark.rule("S5")
@pytest.mark.rule("S6")
async def test_two_processes_with_the_same_jobs_say_everything_of_a_year_once(year: JobProcesses) -> None:
    for day in (NOW, NEW_YEAR, END_OF_JANUARY, DAY_AFTER):
        await year.run_all_jobs(day)
    said = await year.processes.published()
    assert (said[DutyOpened.type], said[SuccessRateComputed.type], said[DutyOverdue.type]) == (3, 3, 3)
    assert await year.gauge("quota_statements_overdue") == 3
    rate = await year.processes.read().rates.require(f"{NORTH}:2026")
    assert rate.published is not None
    assert (rate.published.listed, rate.published.concluded, rate.pending) == (1, 1, False)


@pytest.mark.rule("Q2")
async def test_drift_made_at_the_database_is_found_counted_and_left_as_it_is(year: JobProcesses) -> None:
    await year.run_all_jobs(NOW)
    assert {
        kind: await year.gauge("quota_ledger_discrepancies", kind=kind) for kind in DiscrepancyKind
    } == dict.fromkeys(DiscrepancyKind, 0)
    (ledger,) = await year.processes.database.load("ledgers", [LEDGER])
    damaged = {**ledger, "_version": ledger["_version"] + 1, "lines": ledger["lines"][1:]}
    await year.processes.database.commit(ChangeSet([], [Write("ledgers", LEDGER, ledger["_version"], damaged)], None))
    before = await year.processes.database.find("items", {})
    await year.run_all_jobs(NOW + timedelta(minutes=6))
    assert await year.gauge("quota_ledger_discrepancies", kind=DiscrepancyKind.ITEM_WITHOUT_LINE) == 1
    assert await year.processes.database.load("ledgers", [LEDGER]) == [damaged]
    assert await year.processes.database.find("items", {}) == before


async def test_what_the_field_counts_is_read_from_the_database(year: JobProcesses) -> None:
    year.clock.move_to(NOW + timedelta(days=1))
    assert await year.gauge("quota_items_in_use", state="reserved") == 1
    assert await year.gauge("quota_items_in_use", state="confirmed") == 2
    assert await year.gauge("quota_items_refused", reason="quota-exhausted") == 0
    assert await year.gauge("quota_items_refused", reason="other") == 0
    assert await year.gauge("quota_representatives_exhausted") == 0
    assert await year.gauge("quota_sanctions_in_force") == 0
    assert await year.gauge("quota_oldest_reservation_age_seconds") == timedelta(days=1).total_seconds()
    assert await year.gauge("quota_ledger_discrepancies", kind=DiscrepancyKind.OVER_LIMIT) is None


@pytest.mark.rule("S7")
async def test_the_largest_import_is_one_commit(job_processes: JobProcesses) -> None:
    rows = tuple(Row(registration(assessor(code(at), person(at))), {"": f"A{at + 2}"}) for at in range(ROWS_MAX))
    entered = await job_processes.processes.perform(0, import_assessors, ImportAssessors(rows))
    assert len(entered) == ROWS_MAX
    assert await job_processes.processes.read().assessors.count() == ROWS_MAX
    (said,) = [each for each in await job_processes.processes.database.find("outbox", {}) if each["events"]]
    assert [each["type"] for each in said["events"]] == [AssessorRegistered.type] * ROWS_MAX


def code(number: int) -> str:
    body = f"91150700{number:09d}"
    return body + gb32100.calc_check_digit(body)


def person(number: int) -> PersonRef:
    return PersonRef(digest=f"{number:064x}", masked="15**************00")
