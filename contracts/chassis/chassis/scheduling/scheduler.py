"""The job scheduler: asks under a lease what is due, performs each item once, and replays parked messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import structlog

from chassis.clock import Clock
from chassis.handling import Document
from chassis.inbox.dispatcher import MAX_DEFERRED, Dispatcher, Remedy
from chassis.inbox.parking_lot import NotParkedError, ParkingLot, as_delivery
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.leases import Leases
from chassis.persistence.unit_of_work import DocumentStore, UnitOfWork, read_only_unit
from chassis.scheduling.job import Job
from chassis.tasks import run_periodically
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem

log = structlog.get_logger(__name__)

REPLAY_INTERVAL = 2.0
MAX_POLL_INTERVAL = 1.0
"""Seconds of real time between two polls at most: a simulated clock may jump a month in between."""
LEASE_SECONDS = 5.0
"""Seconds that a scheduler keeps its lease after a poll; another takes over when it is lost."""


class JobScheduler:
    """Runs in any number of processes: leases let one of them poll a job, the inbox keeps effects single."""

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        database: DocumentStore,
        store: Callable[[UnitOfWork], Any],
        leases: Leases,
        jobs: Sequence[Job[Any]],
        committer: GroupCommitter,
        *,
        clock: Clock,
        metrics: Metrics,
        max_poll_interval: float = MAX_POLL_INTERVAL,
    ) -> None:
        self._max_poll_interval = max_poll_interval
        self._database = database
        self._store = store
        self._leases = leases
        self._jobs = jobs
        self._committer = committer
        self._clock = clock
        self._metrics = metrics

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            partial(run_periodically, min(job.every.total_seconds(), self._max_poll_interval), partial(self.poll, job))
            for job in self._jobs
        ]

    async def poll(self, job: Job[Any]) -> int:
        """Perform what is due now, under a lease renewed meanwhile; return how many items were done."""
        done = await self._leases.run_under_lease(
            f"job:{job.name}", LEASE_SECONDS + self._max_poll_interval, partial(self._work, job)
        )
        return done or 0

    async def _work(self, job: Job[Any]) -> int:
        self._metrics.job_last_poll.labels(job.name).set_to_current_time()
        items = await job.due(self._store(read_only_unit(self._database)), self._clock.now())
        outcomes = await asyncio.gather(*(self._perform(job, item) for item in items))
        return outcomes.count("done")

    async def _perform(self, job: Job[Any], item: object) -> str:
        inbox_id = job.inbox_id(item)
        try:
            reply = await self._committer.submit(
                WorkItem(inbox_id, job.call(item, self._store), Causation(inbox_id), consumer=job.name)
            )
            outcome = "known" if reply.duplicate else "done"
        except Exception:
            log.exception("job item failed", job=job.name, item=inbox_id)
            outcome = "failed"
        self._metrics.job_runs.labels(job.name, outcome).inc()
        return outcome


class ParkedMessageReplayer:
    """Dispatches deferred messages again, and parked ones that an operator wants replayed."""

    def __init__(self, leases: Leases, parking_lot: ParkingLot, dispatcher: Dispatcher, metrics: Metrics) -> None:
        self._leases = leases
        self._parking_lot = parking_lot
        self._dispatcher = dispatcher
        self._metrics = metrics

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [partial(run_periodically, REPLAY_INTERVAL, self.poll)]

    async def poll(self) -> int:
        """Replay where this process holds the lease; export the number of waiting messages in every process."""
        tried = await self._leases.run_under_lease("replay", LEASE_SECONDS + REPLAY_INTERVAL, self._replay_all) or 0
        self._metrics.parked_messages.set(await self._parking_lot.count())
        return tried

    async def _replay_all(self) -> int:
        waiting = await self._parking_lot.list_due()
        for each in waiting:
            with suppress(NotParkedError):  # an operator was faster
                await self._replay(each)
        return len(waiting)

    async def _replay(self, document: Document) -> None:
        """Give the message one more chance; what is still not ready waits on, for a bounded time."""
        failure = await self._dispatcher.try_once(as_delivery(document))
        if failure is None:
            await self._parking_lot.mark_replayed(document["_id"])
        elif failure.remedy is Remedy.DEFER and self._parking_lot.waiting_time(document) <= MAX_DEFERRED:
            await self._parking_lot.record_deferral(document["_id"], failure.reason)
        elif failure.remedy is not Remedy.WAIT_FOR_DATABASE:
            await self._parking_lot.park_again(document["_id"], failure.reason, int(failure.remedy is Remedy.RETRY))
