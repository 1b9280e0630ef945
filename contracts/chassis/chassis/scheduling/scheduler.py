"""The job scheduler: polls due items under a lease, handles each once, and replays parked messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import structlog

from chassis.clock import Clock
from chassis.handling import Document, TransientError
from chassis.inbox.dispatcher import MAX_DEFERRED, Dispatcher, Remedy
from chassis.inbox.parking_lot import NotParkedError, ParkingLot, as_delivery
from chassis.observability.metrics import Metrics
from chassis.observability.unreadable import record_unreadable
from chassis.outbox.entries import Causation
from chassis.persistence.leases import Leases
from chassis.persistence.unit_of_work import DocumentStore, UnitOfWork, read_only_unit
from chassis.scheduling.job import Job
from chassis.scheduling.polls import Polls
from chassis.tasks import run_periodically
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.step_runner import StepRunner
from chassis.transactions.work import WorkItem

log = structlog.get_logger(__name__)

REPLAY_INTERVAL = 2.0
MAX_POLL_INTERVAL = 1.0
"""Seconds of real time between two polls at most: a simulated clock may jump a month in between."""
LEASE_SECONDS = 5.0
"""Seconds that a scheduler holds its lease after a poll; then another may take over."""


@dataclass(eq=False)
class JobScheduler:
    """Runs in any number of processes: leases let one of them poll a job, the inbox makes each effect single."""

    database: DocumentStore
    store: Callable[[UnitOfWork], Any]
    leases: Leases
    jobs: Sequence[Job[Any]]
    committer: GroupCommitter
    _: KW_ONLY
    clock: Clock
    metrics: Metrics
    step_runner: StepRunner | None = None
    """Takes the steps of jobs whose items follow each other; without one the next step waits for the last."""
    max_poll_interval: float = MAX_POLL_INTERVAL

    def __post_init__(self) -> None:
        self._set_aside = partial(record_unreadable, self.metrics)
        self._polls = {job.name: Polls(job.name, self.metrics) for job in self.jobs}

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            partial(run_periodically, min(job.every.total_seconds(), self.max_poll_interval), partial(self.poll, job))
            for job in self.jobs
        ]

    async def poll(self, job: Job[Any]) -> int:
        """Handle the items due now, under a lease renewed meanwhile; return how many were done."""
        return await self._polls[job.name].run(
            lambda: self.leases.run_under_lease(
                f"job:{job.name}", LEASE_SECONDS + self.max_poll_interval, partial(self._run_due_items, job)
            )
        )

    async def _run_due_items(self, job: Job[Any]) -> int:
        """Ask for a page of due items and handle it, as long as a page has items not tried in this poll."""
        tried: set[str] = set()
        done = 0
        while True:
            unit = read_only_unit(self.database, set_aside=self._set_aside)
            due = await job.due(self.store(unit), self.clock.now())
            self._polls[job.name].succeeded()
            items = {inbox_id: item for item in due if (inbox_id := job.inbox_id(item)) not in tried}
            if not items:
                return done
            tried |= items.keys()
            done += sum(await asyncio.gather(*(self._run_item(job, item) for item in items.values())))

    async def _run_item(self, job: Job[Any], item: object) -> int:
        """Handle an item and what follows it; return how many were done."""
        work_item = self._work_item(job, item)
        try:
            reply = await self.committer.submit(work_item)
        except Exception:
            log.exception("job item failed", job=job.name, item=work_item.inbox_id)
            self._count(job, "failed")
            return 0
        self._count(job, "known" if reply.duplicate else "done")
        return (not reply.duplicate) + await self._run_following(job, item)

    async def _run_following(self, job: Job[Any], item: object) -> int:
        """Handle the items after one that is saved; return how many were done."""
        following = job.following
        if following is None or self.step_runner is None:
            return 0
        last = item

        async def next_item(unit: UnitOfWork) -> WorkItem | None:
            nonlocal last
            last = await following(last, self.store(unit), self.clock.now())
            self._polls[job.name].succeeded()
            return None if last is None else self._work_item(job, last)

        first = await next_item(read_only_unit(self.database))
        done = 0 if first is None else await self.step_runner.run(first, next_item)
        self._count(job, "done", done)
        return done

    def _count(self, job: Job[Any], outcome: str, number: int = 1) -> None:
        self.metrics.job_runs.labels(job.name, outcome).inc(number)

    def _work_item(self, job: Job[Any], item: object) -> WorkItem:
        inbox_id = job.inbox_id(item)
        call, cause = job.call(item, self.store), Causation(inbox_id)
        return WorkItem(inbox_id, call, cause, consumer=job.name, prefetch=job.prefetch(item))


class ParkedMessageReplayer:
    """Dispatches deferred messages, and parked ones for which an operator requested a replay."""

    def __init__(self, leases: Leases, parking_lot: ParkingLot, dispatcher: Dispatcher, metrics: Metrics) -> None:
        self._leases = leases
        self._parking_lot = parking_lot
        self._dispatcher = dispatcher
        self._metrics = metrics
        self._polls = Polls("replay", metrics)

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [partial(run_periodically, REPLAY_INTERVAL, self.poll)]

    async def poll(self) -> int:
        """Replay where this process holds the lease; export the number of waiting messages in every process."""
        return await self._polls.run(self._poll)

    async def _poll(self) -> int | None:
        replayed = await self._leases.run_under_lease("replay", LEASE_SECONDS + REPLAY_INTERVAL, self._replay_all)
        self._metrics.parked_messages.set(await self._parking_lot.count())
        return replayed

    async def _replay_all(self) -> int:
        waiting = await self._parking_lot.list_due()
        self._polls.succeeded()
        for each in waiting:
            try:
                await self._replay(each)
            except NotParkedError:
                continue  # an operator changed it meanwhile
            except TransientError:
                raise
            except Exception:
                # Its own row cannot be read back as a message: the others must not wait behind it.
                log.exception("parked message not replayed", key=str(each.get("_id")))
                self._metrics.job_runs.labels("replay", "failed").inc()
        return len(waiting)

    async def _replay(self, document: Document) -> None:
        """Dispatch the message once; one that is still not ready stays deferred, for a bounded time."""
        failure = await self._dispatcher.try_once(as_delivery(document))
        if failure is None:
            await self._parking_lot.mark_replayed(document["_id"])
        elif failure.remedy is Remedy.DEFER and self._parking_lot.waiting_time(document) <= MAX_DEFERRED:
            await self._parking_lot.record_deferral(document["_id"], failure.reason)
        elif failure.remedy is not Remedy.WAIT_FOR_DATABASE:
            await self._parking_lot.park_again(document["_id"], failure.reason, int(failure.remedy is Remedy.RETRY))
