"""A relay on the real database with a fake broker, which records publications and answers as a test sets it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from chassis.broker.publisher import BrokerUnavailableError, PublishResult
from chassis.handling import Document
from chassis.observability.metrics import Metrics
from chassis.outbox import entries as outbox
from chassis.outbox.entries import Causation
from chassis.outbox.relay import Relay
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet
from devkit.sample import delivered

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FakeBroker:
    """A publisher that records what it sends and returns the results a test has set."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.results: dict[str, PublishResult] = {}
        self.outages = 0
        self.errors = 0
        self.delay = 0.0
        self.accepting = asyncio.Event()
        self.accepting.set()

    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        if self.outages:
            self.outages -= 1
            raise BrokerUnavailableError("made by the test")
        if self.errors:
            self.errors -= 1
            raise ValueError("made by the test")
        self.published += [entry["headers"]["ce-id"] for entry in entries]
        await self.accepting.wait()
        await asyncio.sleep(self.delay)
        return [self.results.get(entry["headers"]["ce-id"]) for entry in entries]

    async def close(self) -> None:
        self.accepting.set()

    def sequences(self, notice: str) -> list[int]:
        return [int(each.split(":")[3]) for each in self.published if each.split(":")[2] == notice]


class RelayHarness:
    def __init__(self, database: Database, relay: str = "mine", **options: object) -> None:
        self.database = database
        self.broker = FakeBroker()
        self.metrics = Metrics()
        self.relay = Relay(database, self.broker, relay, metrics=self.metrics, **options)  # type: ignore[arg-type] # its own

    async def unpublished_count(self) -> int:
        return await self.database.count("outbox", {"sent": False})

    async def wait_until_published(self, unpublished: int = 0) -> None:
        async with asyncio.timeout(5):
            while await self.unpublished_count() != unpublished:  # noqa: ASYNC110 - the database sends no notification
                await asyncio.sleep(0.01)

    async def save(self, *events: tuple[str, int], holder: str = "mine") -> Document:
        """Save an outbox document as a commit would."""
        made = (delivered(notice).model_copy(update={"sequence": number}) for notice, number in events)
        document = outbox.document((outbox.entry(event, Causation("c"), NOW) for event in made), holder)
        await self.database.commit(ChangeSet([], [], document))
        return document
