"""The group committer: gathers the works that wait into one transaction, each still with its own verdict."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from random import SystemRandom

import structlog

from chassis.clock import Clock
from chassis.failpoints import Failpoints
from chassis.handling import Refusal, TransientError
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.persistence.unit_of_work import (
    Document,
    DocumentStore,
    DuplicateKeyError,
    Key,
    RejectedWriteError,
    WriteConflictError,
)
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import Reply, WorkItem

log = structlog.get_logger(__name__)

MAX_CONFLICT_RETRIES = 12
"""Conflicts after which a work that stands alone is put off."""
MAX_DUPLICATE_KEY_RETRIES = 3
"""Tries alone after which a natural key that another document holds is taken for good."""
JITTER = 0.02
LOOP_ITERATIONS = 3
"""Turns of the loop that a delivery takes from the socket through the libraries' tasks to us."""


class ContentionError(TransientError):
    """Others keep changing what this work builds on."""


class GroupCommitter:
    """Takes what is waiting, up to ``batch_max``, and never waits for more.

    Transactions run in tasks of its own that nobody cancels: the bus cancels its handlers when a connection drops,
    and a cancelled motor transaction can leave half its writes behind. A waiter that is cancelled changes nothing.
    Two transactions in flight never hold works that declared the same reads.
    """

    def __init__(  # noqa: PLR0913 - wired once, in process.py
        self,
        database: DocumentStore,
        service: str,
        aggregates: Mapping[str, str],
        *,
        clock: Clock,
        metrics: Metrics,
        relay_wakeup: Callable[[Document], None] = lambda _document: None,
        steps: Failpoints | None = None,
        batch_max: int = 100,
        commits_in_flight: int = 2,
        token: str = "",
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._attempt = BatchTransaction(
            database, service, aggregates, clock, metrics, relay_wakeup, steps, token, tracing
        )
        self._tracing = tracing
        self._metrics = metrics
        self._batch_max = batch_max
        self._flights_wanted = commits_in_flight
        self._queue: deque[WorkItem] = deque()
        self._arrived = asyncio.Event()
        self._busy_keys: set[Key] = set()
        self._busy_ids: set[str] = set()
        self._flights: list[asyncio.Task[None]] = []
        self._stopping = False
        self._random = SystemRandom()

    async def submit(self, work: WorkItem) -> Reply:
        """Do a work once. Returns after the commit; raises what its handler raised, Refusal included."""
        if self._stopping:
            raise TransientError("the service is stopping")
        with self._tracing.work_span(work.consumer) as work.span:
            self._queue.append(work)
            self._arrived.set()
            return await work.waiter

    def start(self) -> None:
        self._flights = [asyncio.create_task(self._worker()) for _ in range(self._flights_wanted)]

    async def stop(self) -> None:
        """Finish what is waiting, take nothing new."""
        self._stopping = True
        self._arrived.set()
        await asyncio.gather(*self._flights)

    @property
    def running(self) -> bool:
        return bool(self._flights) and not any(flight.done() for flight in self._flights)

    async def _worker(self) -> None:
        while not (self._stopping and not self._queue):
            await self._arrived.wait()
            await self._wait_for_arrivals()
            works = self._next_batch()
            if not works:
                await self._wait_for_work()
                continue
            try:
                await self._commit(works, conflicts=0)
            finally:
                self._release(works)

    async def _wait_for_arrivals(self) -> None:
        """Let come along what the loop is handing over now: as long as each turn brings more, without a pause."""
        known = -1
        while known < len(self._queue) < self._batch_max:
            known = len(self._queue)
            for _ in range(LOOP_ITERATIONS):
                await asyncio.sleep(0)

    async def _wait_for_work(self) -> None:
        """Sleep until something arrives or a flight lands; when stopping, look again soon."""
        if self._stopping:
            await asyncio.sleep(0.01)
        else:
            self._arrived.clear()

    def _next_batch(self) -> list[WorkItem]:
        """Take in order of arrival what shares nothing with the other flight; what is left keeps its order."""
        taken: list[WorkItem] = []
        left: list[WorkItem] = []
        held: set[Key] = set()
        ids: set[str] = set()
        while self._queue and len(taken) < self._batch_max:
            work = self._queue.popleft()
            blocked = not (work.keys.isdisjoint(self._busy_keys) and work.keys.isdisjoint(held))
            if blocked or work.inbox_id in ids or work.inbox_id in self._busy_ids:
                held |= work.keys
                left.append(work)
            else:
                taken.append(work)
                ids.add(work.inbox_id)
        self._queue.extendleft(reversed(left))
        self._busy_ids |= ids
        self._busy_keys.update(*(work.keys for work in taken))
        return taken

    def _release(self, works: Iterable[WorkItem]) -> None:
        for work in works:
            self._busy_ids.discard(work.inbox_id)
            self._busy_keys -= work.keys
            if not work.waiter.done():
                work.fail(TransientError("the commit did not come to an end"))
        if self._queue:
            self._arrived.set()

    async def _commit(self, works: list[WorkItem], conflicts: int) -> None:
        """Commit a batch; on conflict again with jitter, on a second halved until the culprit stands alone."""
        try:
            await self._attempt.run(works)
        except WriteConflictError as problem:
            self._metrics.commit_conflicts.inc()
            await self._retry([work for work in works if not work.waiter.done()], conflicts + 1, problem)
        except TransientError as problem:
            for work in works:
                work.fail(problem)
        except Exception as problem:
            # Whatever a driver raises, the flight must go on, and one document that cannot be written is one work's.
            if not isinstance(problem, RejectedWriteError):
                log.exception("batch failed", works=len(works))
            await self._bisect([work for work in works if not work.waiter.done()], problem)

    async def _retry(self, works: list[WorkItem], conflicts: int, problem: WriteConflictError) -> None:
        await asyncio.sleep(self._random.uniform(0, JITTER * min(conflicts, 10)))
        if len(works) > 1 and conflicts > 1:
            await self._commit(works[: len(works) // 2], conflicts=1)
            await self._commit(works[len(works) // 2 :], conflicts=1)
        elif works and conflicts < (
            MAX_DUPLICATE_KEY_RETRIES if isinstance(problem, DuplicateKeyError) else MAX_CONFLICT_RETRIES
        ):
            await self._commit(works, conflicts)
        for work in works:
            work.fail(_final_error(problem))

    async def _bisect(self, works: list[WorkItem], problem: Exception) -> None:
        """Fail a work that stands alone; commit the halves of more than one."""
        if len(works) <= 1:
            for work in works:
                work.fail(problem)
            return
        await self._commit(works[: len(works) // 2], conflicts=0)
        await self._commit(works[len(works) // 2 :], conflicts=0)


def _final_error(problem: WriteConflictError) -> Exception:
    if isinstance(problem, DuplicateKeyError):
        return Refusal("already-exists", title=f"A natural key is {problem}")
    return ContentionError(str(problem))
