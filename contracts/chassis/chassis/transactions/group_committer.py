"""The group committer: runs the queued work items in one transaction; each gets its own reply."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from random import SystemRandom

import structlog

from chassis.handling import Refusal, TransientError
from chassis.persistence.errors import (
    DuplicateKeyError,
    RejectedWriteError,
    TransactionTooLongError,
    WriteConflictError,
)
from chassis.persistence.unit_of_work import Key
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import Reply, WorkItem

log = structlog.get_logger(__name__)

MAX_CONFLICT_RETRIES = 12
"""After this many write conflicts a single item is deferred."""
MAX_DUPLICATE_KEY_RETRIES = 3
"""After this many duplicate-key errors a single item is refused."""
JITTER = 0.02
LOOP_ITERATIONS = 3
"""Event-loop iterations between socket and queue: aiormq and aio-pika each use a task."""


class ContentionError(TransientError):
    """Other transactions keep changing the documents of this item."""


class GroupCommitter:
    """Commits up to ``max_batch_size`` queued items per transaction. It never waits for a batch to fill.

    Commands and job items share each batch with messages, half and half while both wait: a flood on a queue does not
    delay an answer, and a flood of requests does not stop the queues. An item whose caller has gone is dropped before
    it begins. What waits here is bounded by its sources: requests in flight, the prefetch of the queues, the page of a
    job.

    Transactions run in tasks that nobody cancels: the consumer cancels its handlers when a connection drops, and a
    cancelled motor transaction can leave half of its writes behind. A cancelled waiter changes nothing. Two running
    transactions never hold items that declared the same keys.
    """

    def __init__(self, transaction: BatchTransaction, *, max_batch_size: int = 100, workers: int = 2) -> None:
        self._transaction = transaction
        self._tracing = transaction.tracing
        self._metrics = transaction.metrics
        self._max_batch_size = max_batch_size
        self._worker_count = workers
        self._requests: deque[WorkItem] = deque()
        self._messages: deque[WorkItem] = deque()
        self._arrived = asyncio.Event()
        self._busy_keys: set[Key] = set()
        self._busy_ids: set[str] = set()
        self._workers: list[asyncio.Task[None]] = []
        self._stopping = False
        self._random = SystemRandom()

    async def submit(self, item: WorkItem) -> Reply:
        """Execute an item once. Return after the commit; raise the error of its handler, Refusal included."""
        if self._stopping:
            raise TransientError("the service is stopping")
        with self._tracing.work_span(item.consumer) as item.span:
            (self._messages if item.is_message else self._requests).append(item)
            self._arrived.set()
            return await item.waiter

    def start(self) -> None:
        self._workers = [asyncio.create_task(self._worker()) for _ in range(self._worker_count)]

    async def stop(self) -> None:
        """Commit the queued items and accept no more."""
        self._stopping = True
        self._arrived.set()
        await asyncio.gather(*self._workers)

    @property
    def running(self) -> bool:
        return bool(self._workers) and not any(worker.done() for worker in self._workers)

    @property
    def _waiting(self) -> int:
        return len(self._requests) + len(self._messages)

    async def _worker(self) -> None:
        while not (self._stopping and not self._waiting):
            await self._arrived.wait()
            await self._wait_for_arrivals()
            items = self._next_batch()
            if not items:
                await self._wait_for_work()
                continue
            try:
                await self._commit(items, conflicts=0)
            finally:
                self._release(items)

    async def _wait_for_arrivals(self) -> None:
        """Yield to the event loop while each pass still enqueues items: deliveries already received join this batch."""
        queued = -1
        while queued < self._waiting < self._max_batch_size:
            queued = self._waiting
            for _ in range(LOOP_ITERATIONS):
                await asyncio.sleep(0)

    async def _wait_for_work(self) -> None:
        """Sleep until an item arrives or a worker finishes; poll every 10 ms while stopping."""
        if self._stopping:
            await asyncio.sleep(0.01)
        else:
            self._arrived.clear()

    def _next_batch(self) -> list[WorkItem]:
        """Take requests and messages, each in arrival order."""
        size = self._max_batch_size
        batch = self._take(self._requests, max(size // 2, size - len(self._messages)))
        batch += self._take(self._messages, size - len(batch))
        self._busy_keys.update(*(item.keys for item in batch))
        return batch

    def _take(self, queue: deque[WorkItem], count: int) -> list[WorkItem]:
        """Pop up to ``count`` items. Those that share a key with a running transaction stay, in their order."""
        taken: list[WorkItem] = []
        skipped: list[WorkItem] = []
        skipped_keys: set[Key] = set()
        while queue and len(taken) < count:
            item = queue.popleft()
            if item.dropped:
                item.fail(TransientError("the caller has gone"))
                continue
            blocked = not (item.keys.isdisjoint(self._busy_keys) and item.keys.isdisjoint(skipped_keys))
            if blocked or item.inbox_id in self._busy_ids:
                skipped_keys |= item.keys
                skipped.append(item)
            else:
                taken.append(item)
                self._busy_ids.add(item.inbox_id)
        queue.extendleft(reversed(skipped))
        return taken

    def _release(self, items: Iterable[WorkItem]) -> None:
        for item in items:
            self._busy_ids.discard(item.inbox_id)
            self._busy_keys -= item.keys
            if not item.waiter.done():
                item.fail(TransientError("the commit did not finish"))
        if self._waiting:
            self._arrived.set()

    async def _commit(self, items: list[WorkItem], conflicts: int) -> None:
        """Commit a batch; retry after a conflict with jitter, from the second conflict on by halves."""
        try:
            await self._transaction.run(items)
        except WriteConflictError as problem:
            self._metrics.commit_conflicts.inc()
            await self._retry([item for item in items if not item.waiter.done()], conflicts + 1, problem)
        except TransactionTooLongError as problem:
            await self._bisect([item for item in items if not item.waiter.done()], problem)
        except TransientError as problem:
            for item in items:
                item.fail(problem)
        except Exception as problem:
            # The worker survives any error of a driver, and a document that cannot be written fails only its own item.
            if not isinstance(problem, RejectedWriteError):
                log.exception("batch failed", items=len(items))
            await self._bisect([item for item in items if not item.waiter.done()], problem)

    async def _retry(self, items: list[WorkItem], conflicts: int, problem: WriteConflictError) -> None:
        await asyncio.sleep(self._random.uniform(0, JITTER * min(conflicts, 10)))
        if len(items) > 1 and conflicts > 1:
            await self._commit(items[: len(items) // 2], conflicts=1)
            await self._commit(items[len(items) // 2 :], conflicts=1)
        elif items and conflicts < (
            MAX_DUPLICATE_KEY_RETRIES if isinstance(problem, DuplicateKeyError) else MAX_CONFLICT_RETRIES
        ):
            await self._commit(items, conflicts)
        for item in items:
            item.fail(_final_error(problem))

    async def _bisect(self, items: list[WorkItem], problem: Exception) -> None:
        """Fail a single item; commit the halves of more than one."""
        if len(items) <= 1:
            for item in items:
                item.fail(problem)
            return
        await self._commit(items[: len(items) // 2], conflicts=0)
        await self._commit(items[len(items) // 2 :], conflicts=0)


def _final_error(problem: WriteConflictError) -> Exception:
    if isinstance(problem, DuplicateKeyError):
        return Refusal("already-exists", title=f"A natural key is {problem}")
    return ContentionError(str(problem))
