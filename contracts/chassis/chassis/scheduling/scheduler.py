"""The runner of jobs: asks under a lease what is due and performs each item once; replays parked messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

import structlog

from chassis.clock import Clock
from chassis.inbox.dispatcher import MAX_DEFERRED, Dispatcher
from chassis.inbox.parking_lot import NotParkedError, ParkingLot, as_delivery
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.leases import Leases
from chassis.persistence.unit_of_work import Document, DocumentStore, read_only_unit
from chassis.scheduling.job import Job
from chassis.tasks import run_periodically
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem

log = structlog.get_logger(__name__)

REPLAY_EVERY = 2.0
LOOK_EVERY = 1.0
"""Seconds of real time between two looks at most: a simulated clock may jump a month in between."""
LEASED = 5.0
"""Seconds that a runner keeps its turn after a look; another takes over when it is lost."""


class JobScheduler:
    """Runs anywhere and any number of times; leases keep the runners apart, the inbox keeps effects single."""

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        database: DocumentStore,
        leases: Leases,
        jobs: Sequence[Job],
        committer: GroupCommitter,
        *,
        clock: Clock,
        metrics: Metrics,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._look_every = look_every
        self._database = database
        self._leases = leases
        self._jobs = jobs
        self._committer = committer
        self._clock = clock
        self._metrics = metrics

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            partial(run_periodically, min(job.every.total_seconds(), self._look_every), partial(self.poll, job))
            for job in self._jobs
        ]

    async def poll(self, job: Job) -> int:
        """Perform what is due now, under a lease renewed meanwhile; return how many items were done."""
        done = await self._leases.run_under_lease(
            f"job:{job.name}", LEASED + self._look_every, partial(self._work, job)
        )
        return done or 0

    async def _work(self, job: Job) -> int:
        self._metrics.job_last_poll.labels(job.name).set_to_current_time()
        items = await job.due(job.store(read_only_unit(self._database)), self._clock.now())
        outcomes = await asyncio.gather(*(self._perform(job, item) for item in items))
        return outcomes.count("done")

    async def _perform(self, job: Job, item: object) -> str:
        inbox_id = job.inbox_id(item)
        try:
            verdict = await self._committer.submit(
                WorkItem(inbox_id, job.run(item), Causation(inbox_id), consumer=job.name)
            )
            outcome = "known" if verdict.duplicate else "done"
        except Exception:
            log.exception("job item failed", job=job.name, item=inbox_id)
            outcome = "failed"
        self._metrics.job_runs.labels(job.name, outcome).inc()
        return outcome


class ParkedMessageReplayer:
    """Takes parked messages that an operator wants replayed, and those put aside, along the road they came."""

    def __init__(self, leases: Leases, parked: ParkingLot, reception: Dispatcher, metrics: Metrics) -> None:
        self._leases = leases
        self._parked = parked
        self._reception = reception
        self._metrics = metrics

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [partial(run_periodically, REPLAY_EVERY, self.look)]

    async def look(self) -> int:
        """Try again what waits, where the turn is ours, and tell how many wait, whoever's turn it is."""
        tried = await self._leases.run_under_lease("replay", LEASED + REPLAY_EVERY, self._replay_all) or 0
        self._metrics.parked_messages.set(await self._parked.count())
        return tried

    async def _replay_all(self) -> int:
        waiting = await self._parked.to_replay()
        for each in waiting:
            with suppress(NotParkedError):  # an operator was faster
                await self._replay(each)
        return len(waiting)

    async def _replay(self, document: Document) -> None:
        """Give the message one more chance; what is still not ready waits on, for a bounded time."""
        trouble = await self._reception.try_once(as_delivery(document))
        if trouble is None:
            await self._parked.replayed(document["_id"])
        elif trouble.remedy == "again later" and self._parked.waiting_time(document) <= MAX_DEFERRED:
            await self._parked.record_deferral(document["_id"], trouble.reason)
        elif trouble.remedy != "no database":
            await self._parked.park_again(document["_id"], trouble.reason, int(trouble.remedy == "again"))
