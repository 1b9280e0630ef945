"""The step runner: takes the steps of long work one after the other, and handles the next while the last is saved."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from chassis.persistence.unit_of_work import UnitOfWork, Unsaved, read_only_unit
from chassis.transactions.transaction import BatchTransaction, HandledBatch
from chassis.transactions.work import WorkItem

log = structlog.get_logger(__name__)

NextItem: TypeAlias = Callable[[UnitOfWork], Awaitable[WorkItem | None]]
"""Returns the step to handle while the one before is being saved, on the documents as that one leaves them."""


class StepRunner:
    """Steps of one piece of long work, each a transaction of its own.

    A step waits for the database half of its time, and its successor for nothing but its result. So the next one is
    handled on the documents as the last leaves them, unsaved. Their versions keep it safe: where the last is not
    saved, the next finds another version and is not saved either.
    """

    def __init__(self, transaction: BatchTransaction) -> None:
        self._transaction = transaction
        self._saving: set[asyncio.Task[None]] = set()

    async def run(self, first: WorkItem, next_item: NextItem) -> int:
        """Take ``first`` and what follows it; return how many steps were saved.

        Whatever stops it, most often the conflict with another transaction, leaves a step that is due as before.
        """
        saves: list[asyncio.Task[None]] = []
        item: WorkItem | None = first
        unsaved: Unsaved = {}
        try:
            while item is not None:
                batch = await self._handle(item, unsaved)
                if saves:
                    await asyncio.shield(saves[-1])
                saves.append(self._begin_to_save(batch))
                unsaved = batch.unsaved
                item = await next_item(read_only_unit(self._transaction.database, unsaved))
        except Exception as problem:  # noqa: BLE001 - handled alone, the step says what is wrong
            log.info("steps interrupted", consumer=first.consumer, problem=type(problem).__name__)
        outcomes = await asyncio.shield(asyncio.gather(*saves, return_exceptions=True))
        return outcomes.count(None)

    async def stop(self) -> None:
        """Wait for what is being saved: a transaction that is cancelled can leave half of its writes behind."""
        await asyncio.gather(*self._saving, return_exceptions=True)

    async def _handle(self, item: WorkItem, unsaved: Unsaved) -> HandledBatch:
        with self._transaction.tracing.work_span(item.consumer) as item.span:
            batch = await self._transaction.handle([item], unsaved)
        if batch.failure is not None:
            raise batch.failure
        return batch

    def _begin_to_save(self, batch: HandledBatch) -> asyncio.Task[None]:
        task = asyncio.create_task(self._save(batch))
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)
        return task

    async def _save(self, batch: HandledBatch) -> None:
        with self._transaction.tracing.commit_span([item.span for item, _ in batch.results]):
            await self._transaction.save(batch)
        self._transaction.answer(batch)
