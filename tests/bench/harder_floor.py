"""The harder floor: the baseline's guarantees by PyMongo's own driver and few frames and headers, meant for uvloop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from tests.bench.baseline import BATCH, Baseline, Batch, notice_event

ID = "ce-id"
TASKS_TO_QUEUE = 2
"""Tasks between socket and queue: aiormq's reader and aio-pika's consumer."""


class HarderFloor(Baseline):
    """Fills its batches, and acknowledges each with one ``multiple`` frame, which settles all earlier deliveries too.

    So a batch waits for those delivered before it: acknowledged early, they would be lost if their commit failed.
    Its messages carry their id and nothing else of the product's envelope, in and out.
    """

    PREFETCH = 4 * BATCH

    def __init__(self, amqp: str, client: Any, database: str, commits_in_flight: int) -> None:  # noqa: ANN401 - the driver's
        super().__init__(amqp, client, database, commits_in_flight)
        self._taking = asyncio.Lock()
        self._unacknowledged: deque[Batch] = deque()
        self._committed: set[int | None] = set()

    async def _next_batch(self) -> Batch:
        async with self._taking:
            batch = [await self._waiting.get()]
            await self._wait_for_received()
            self._fill(batch)
            self._unacknowledged.append(batch)
            return batch

    async def _wait_for_received(self) -> None:
        """Yield while deliveries that the socket holds already still arrive."""
        queued = -1
        while queued < self._waiting.qsize() < BATCH:
            queued = self._waiting.qsize()
            for _ in range(TASKS_TO_QUEUE):
                await asyncio.sleep(0)

    async def _acknowledge(self, batch: Batch) -> None:
        self._committed.add(batch[-1].delivery_tag)
        last = None
        while self._unacknowledged and self._unacknowledged[0][-1].delivery_tag in self._committed:
            last = self._unacknowledged.popleft()[-1]
            self._committed.remove(last.delivery_tag)
        if last is not None:
            await last.ack(multiple=True)

    def _event(self, key: str, now: datetime) -> dict[str, Any]:
        event = notice_event(key, now)
        return {**event, "headers": {ID: event["headers"][ID]}}

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        async with self._client.start_session() as session, await session.start_transaction():
            yield session
