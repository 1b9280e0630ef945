"""The batch transaction: load, run every handler on one identity map, save everything in one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import NamedTuple

import structlog
from messages.event import Event

from chassis.clock import Clock, SystemClock
from chassis.failpoints import Failpoints, NoFailpoints
from chassis.handling import Document, Refusal, TransientError
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import NO_TRACING, Tracing
from chassis.outbox import entries as outbox
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.system_collections import INBOX
from chassis.persistence.unit_of_work import (
    DocumentReader,
    DocumentStore,
    HandlerOutcome,
    IdentityMap,
    Key,
    UnitOfWork,
    Unsaved,
)
from chassis.settling import MAX_SNAPSHOT_AGE
from chassis.tasks import TimeSlice
from chassis.transactions.execution import Execution
from chassis.transactions.work import KeyReusedError, Reply, WorkItem, duplicate_reply, inbox_row

log = structlog.get_logger(__name__)


class _Handled(NamedTuple):
    """The outcome of one work item and its inbox row, ready to be written."""

    outcome: HandlerOutcome
    row: Document


@dataclass(frozen=True, eq=False)
class HandledBatch:
    """Work items whose handlers have run on one snapshot; nothing of it is saved yet."""

    results: Sequence[tuple[WorkItem, _Handled | Exception]]
    execution: Execution
    read_at: float
    """By the monotonic clock: when its snapshot was opened."""

    @property
    def unsaved(self) -> Unsaved:
        """The documents as the batch leaves them."""
        return self.execution.identity_map.changed

    @property
    def failure(self) -> Exception | None:
        """The error of the first handler that failed."""
        return next((result for _, result in self.results if isinstance(result, Exception)), None)


def _leave_to_sweep(_document: Document) -> None:
    """Leave the committed document to the next sweep of the relay."""


@dataclass(eq=False)
class BatchTransaction:
    """Handlers read one snapshot plus the changes of earlier items of the batch.

    No reply is sent before the commit, except to duplicates. A handler that failed may have read uncommitted changes of
    an earlier item; so its failure counts only after the commit, and after a conflict it runs again with the others.
    """

    database: DocumentStore
    service: str
    aggregates: Mapping[str, str]
    clock: Clock
    metrics: Metrics
    wake_relay: Callable[[Document], None] = _leave_to_sweep
    failpoints: Failpoints = field(default_factory=NoFailpoints)
    lease_holder: str = ""
    tracing: Tracing = NO_TRACING

    async def run(self, items: list[WorkItem]) -> None:
        """Handle the items, save what they changed, and answer."""
        with self.tracing.commit_span([item.span for item in items]):
            batch = await self.handle(items)
            await self.save(batch)
        self.answer(batch)

    async def handle(self, items: Sequence[WorkItem], unsaved: Unsaved | None = None) -> HandledBatch:
        """Run the handlers on one snapshot; answer what the inbox knows already.

        ``unsaved``: the documents that a transaction leaves which is being saved meanwhile.
        """
        read_at = monotonic()
        async with self.database.snapshot() as reader:
            fresh = await self._not_in_inbox(items, reader)
            execution = Execution(reader, self.aggregates, unsaved)
            identity_map = execution.identity_map
            await identity_map.prefetch(key for item in fresh for key in item.keys | item.saved_unread)
            await identity_map.prefetch(await self._all_related_keys(fresh, identity_map))
            results = await self._handle_all(fresh, execution)
        return HandledBatch(results, execution, read_at)

    async def save(self, batch: HandledBatch) -> None:
        """Commit what the handlers changed; raise WriteConflictError when another transaction was first."""
        handled = sum(isinstance(result, _Handled) for _, result in batch.results)
        if not handled:
            return
        try:
            await self._commit(batch.execution, batch.read_at + MAX_SNAPSHOT_AGE.total_seconds())
        except WriteConflictError:
            for item, _ in batch.results:
                item.saved_unread |= batch.execution.identity_map.assumed_new
            raise
        self.metrics.commit_batch_size.observe(handled)
        self.metrics.commit_duration_seconds.observe(monotonic() - batch.read_at)

    def answer(self, batch: HandledBatch) -> None:
        """Give each waiter the reply, or the error, of its item."""
        for item, result in batch.results:
            self._resolve(item, result)

    async def _handle_all(
        self, items: Sequence[WorkItem], execution: Execution
    ) -> list[tuple[WorkItem, _Handled | Exception]]:
        """Run the handlers in order. Everything is loaded, so they never wait: let the event loop go on in between."""
        results: list[tuple[WorkItem, _Handled | Exception]] = []
        time_slice = TimeSlice()
        for item in items:
            results.append((item, await self._handle(item, execution)))
            await time_slice.give_way()
        return results

    async def _all_related_keys(self, items: Sequence[WorkItem], identity_map: IdentityMap) -> list[Key]:
        keys: list[Key] = []
        time_slice = TimeSlice()
        for item in items:
            keys += await self._related_keys(item, identity_map)
            await time_slice.give_way()
        return keys

    @staticmethod
    async def _related_keys(item: WorkItem, identity_map: IdentityMap) -> Iterable[Key]:
        """Return further keys to prefetch, found in the loaded documents.

        If this lookup fails, the handler meets the same error; only speed is lost.
        """
        if item.prefetch_related is None:
            return ()
        try:
            return await item.prefetch_related(UnitOfWork(identity_map))
        except WriteConflictError:
            raise  # the snapshot of this attempt is gone
        except Exception as problem:  # only speed is lost, and without this line nobody would know why
            log.warning("prefetch of related keys failed", event_type=item.event_type, exc_info=problem)
            return ()

    async def _not_in_inbox(self, items: Sequence[WorkItem], reader: DocumentReader) -> list[WorkItem]:
        rows = await reader.load(INBOX, [item.inbox_id for item in items])
        known = {row["_id"]: row for row in rows}
        for item in items:
            if item.inbox_id in known:
                self._answer_duplicate(item, known[item.inbox_id])
        return [item for item in items if item.inbox_id not in known]

    def _answer_duplicate(self, item: WorkItem, row: Document) -> None:
        self.metrics.inbox_duplicates.labels(item.consumer).inc()
        try:
            item.answer(duplicate_reply(item, row))
        except KeyReusedError as problem:
            item.fail(problem)

    async def _handle(self, item: WorkItem, execution: Execution) -> _Handled | Exception:
        """Run one handler on the batch's identity map; a handler that raises contributes nothing."""
        now = self.clock.now()
        try:
            with self.tracing.handler_span(item.span):
                unit, outcome = await execution.handle(item.run, now)
                entries = [self._entry(event, item, now) for event in outcome.events]
            row = inbox_row(item, outcome, SystemClock().now())
        except WriteConflictError:
            raise  # the snapshot of this attempt is gone
        except Exception as problem:  # noqa: BLE001 - the waiter gets it; its class names the remedy
            return problem
        execution.add(unit, [row], entries)
        return _Handled(outcome, row)

    def _entry(self, event: Event, item: WorkItem, now: datetime) -> Document:
        if event.owner != self.service:
            raise ValueError(f"{self.service} may not publish {event.type}")
        return outbox.entry(event, item.cause, now, self.tracing.headers())

    async def _commit(self, execution: Execution, deadline: float) -> None:
        changes = execution.change_set(self.lease_holder, deadline)
        self.failpoints.hit("before-commit")
        await self.database.commit(changes)
        self.failpoints.hit("committed-not-acked")
        if changes.outbox is not None:
            self.wake_relay(changes.outbox)

    def _resolve(self, item: WorkItem, result: _Handled | Exception) -> None:
        self.metrics.work_items.labels(_outcome_label(result)).inc()
        if isinstance(result, _Handled):
            self._count_refusal(result.outcome.refusal)
            item.answer(Reply(result.row.get("value"), result.outcome.refusal))
        else:
            self._count_refusal(result)
            item.fail(result)

    def _count_refusal(self, result: Exception | None) -> None:
        if isinstance(result, Refusal):
            self.metrics.handler_refusals.labels(result.code).inc()


def _outcome_label(result: _Handled | Exception) -> str:
    if isinstance(result, _Handled):
        return "refusal_recorded" if result.outcome.refusal else "done"
    if isinstance(result, Refusal):
        return "refused"
    return "deferred" if isinstance(result, TransientError) else "failed"
