"""One attempt at a batch: load, handle each work on one identity map, save all in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from time import perf_counter
from typing import NamedTuple

import structlog
from messages.event import Event

from chassis.clock import Clock, SystemClock
from chassis.failpoints import Failpoints, NoFailpoints
from chassis.handling import Refusal, Stale, TransientError
from chassis.observability.metrics import Metrics
from chassis.observability.tracing import Tracing
from chassis.outbox import entries as outbox
from chassis.persistence.unit_of_work import (
    ChangeSet,
    Document,
    DocumentReader,
    DocumentStore,
    HandlerOutcome,
    IdentityMap,
    Key,
    UnitOfWork,
    WriteConflictError,
)
from chassis.transactions.work import Reply, WorkItem, duplicate_reply, inbox_row

log = structlog.get_logger(__name__)


class _Handled(NamedTuple):
    """What one work adds to the transaction, ready to be written."""

    outcome: HandlerOutcome
    row: Document
    said: list[Document]
    stale: bool


class BatchTransaction:
    """Handlers see one instant of the database, and what those before them in the batch have done on top of it.

    Nobody is told anything before the commit, except what is known already.

    A handler that failed may have seen what an earlier work of the batch was about to save; so its failure counts only
    when the batch has committed, and on a conflict it runs again with the others.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the committer's own parts
        self,
        database: DocumentStore,
        service: str,
        aggregates: Mapping[str, str],
        clock: Clock,
        metrics: Metrics,
        wake_relay: Callable[[Document], None],
        steps: Failpoints | None,
        token: str,
        tracing: Tracing,
    ) -> None:
        self._database = database
        self._service = service
        self._aggregates = aggregates
        self._clock = clock
        self._metrics = metrics
        self._wake_relay = wake_relay
        self._steps = steps or NoFailpoints()
        self._token = token
        self._tracing = tracing
        self._real = SystemClock()

    async def run(self, works: list[WorkItem]) -> None:
        with self._tracing.commit([work.span for work in works]):
            results = await self._execute(works)
        for work, result in results:
            self._resolve(work, result)

    async def _execute(self, works: list[WorkItem]) -> list[tuple[WorkItem, _Handled | Exception]]:
        began = perf_counter()
        async with self._database.snapshot() as seen:
            fresh = await self._not_in_inbox(works, seen)
            batch = IdentityMap(seen, self._aggregates)
            await batch.prefetch(key for work in fresh for key in work.keys)
            await batch.prefetch([key for work in fresh for key in await self._related_keys(work, batch)])
            results = [(work, await self._handle(work, batch)) for work in fresh]
        done = [result for _, result in results if isinstance(result, _Handled)]
        if done:
            await self._save(batch, done)
            self._metrics.commit_batch_size.observe(len(done))
            self._metrics.commit_duration_seconds.observe(perf_counter() - began)
        return results

    @staticmethod
    async def _related_keys(work: WorkItem, batch: IdentityMap) -> Iterable[Key]:
        """What the work wants beside, by what is loaded now; one that cannot say so meets the reason in its handler."""
        if work.prefetch_related is None:
            return ()
        try:
            return await work.prefetch_related(UnitOfWork(batch))
        except WriteConflictError:
            raise  # the instant that this attempt reads is gone
        except Exception as problem:  # it costs speed alone, and nobody would see why
            log.warning("look-ahead failed", event_type=work.event_type, exc_info=problem)
            return ()

    async def _not_in_inbox(self, works: list[WorkItem], seen: DocumentReader) -> list[WorkItem]:
        rows = await seen.load("inbox", [work.inbox_id for work in works])
        known = {row["_id"]: row for row in rows}
        for work in works:
            if work.inbox_id in known:
                self._answer_duplicate(work, known[work.inbox_id])
        return [work for work in works if work.inbox_id not in known]

    def _answer_duplicate(self, work: WorkItem, row: Document) -> None:
        self._metrics.inbox_duplicates.labels(work.consumer).inc()
        try:
            work.answer(duplicate_reply(work, row))
        except Refusal as refusal:
            work.fail(refusal)

    async def _handle(self, work: WorkItem, batch: IdentityMap) -> _Handled | Exception:
        """Run one handler on what the batch has become; one that raises leaves nothing behind."""
        now = self._clock.now()
        unit = UnitOfWork(batch)
        try:
            with self._tracing.handler_span(work.span):
                result = await work.run(unit, now)
                outcome = await unit.finish(result)
                said = [self._entry(event, work, now) for event in outcome.events]
            handled = _Handled(outcome, inbox_row(work, outcome, self._real.now()), said, isinstance(result, Stale))
        except WriteConflictError:
            raise  # the instant that this attempt reads is gone
        except Exception as problem:  # noqa: BLE001 - the waiter gets it and knows the remedy by its class
            return problem
        unit.flush()
        return handled

    def _entry(self, event: Event, work: WorkItem, now: datetime) -> Document:
        if event.owner != self._service:
            raise ValueError(f"{self._service} may not say {event.type}")
        return outbox.entry(event, work.cause, now, self._tracing.headers())

    async def _save(self, batch: IdentityMap, done: list[_Handled]) -> None:
        said = [entry for each in done for entry in each.said]
        document = outbox.document(said, self._token) if said else None
        self._steps.hit("before-commit")
        await self._database.commit(ChangeSet([each.row for each in done], batch.writes(), document))
        self._steps.hit("committed-not-acked")
        if document is not None:
            self._wake_relay(document)

    def _resolve(self, work: WorkItem, result: _Handled | Exception) -> None:
        self._metrics.work_items.labels(_outcome_label(result)).inc()
        if isinstance(result, _Handled):
            self._count(result.outcome.refusal)
            if result.stale:
                self._metrics.stale.labels(work.event_type).inc()
            work.answer(Reply(result.row.get("value"), result.outcome.refusal))
        else:
            self._count(result)
            work.fail(result)

    def _count(self, result: Exception | None) -> None:
        if isinstance(result, Refusal):
            self._metrics.handler_refusals.labels(result.code).inc()


def _outcome_label(result: _Handled | Exception) -> str:
    if isinstance(result, _Handled):
        return "refusal_recorded" if result.outcome.refusal else "done"
    if isinstance(result, Refusal):
        return "refused"
    return "deferred" if isinstance(result, TransientError) else "failed"
