"""A relay on the real database, whose publisher writes down what goes out and answers as a test tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from chassis.broker.publisher import BrokerUnavailableError, PublishResult
from chassis.observability.metrics import Metrics
from chassis.outbox import entries as outbox
from chassis.outbox.entries import Causation
from chassis.outbox.relay import Relay
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet, Document
from devkit.sample import delivered

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Wire:
    """A publisher that writes down what goes out, and answers as told."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.answers: dict[str, PublishResult] = {}
        self.down = 0
        self.broken = 0
        self.seconds = 0.0
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        if self.down:
            self.down -= 1
            raise BrokerUnavailableError("made by the test")
        if self.broken:
            self.broken -= 1
            raise ValueError("made by the test")
        self.sent += [entry["h"]["ce-id"] for entry in entries]
        await self.open.wait()
        await asyncio.sleep(self.seconds)
        return [self.answers.get(entry["h"]["ce-id"]) for entry in entries]

    async def close(self) -> None:
        self.open.set()

    def numbers(self, notice: str) -> list[int]:
        return [int(each.split(":")[3]) for each in self.sent if each.split(":")[2] == notice]


class Rig:
    def __init__(self, database: Database, relay: str = "mine", **options: object) -> None:
        self.database = database
        self.wire = Wire()
        self.metrics = Metrics()
        self.relay = Relay(database, self.wire, relay, metrics=self.metrics, **options)  # type: ignore[arg-type] # its own

    async def unsent(self) -> int:
        return await self.database.count("outbox", {"sent": False})

    async def settled(self, unsent: int = 0) -> None:
        async with asyncio.timeout(5):
            while await self.unsent() != unsent:  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.01)

    async def stored(self, *said: tuple[str, int], holder: str = "mine") -> Document:
        """Save an outbox document as a commit would."""
        events = (delivered(notice).model_copy(update={"sequence": number}) for notice, number in said)
        document = outbox.document((outbox.entry(event, Causation("c"), NOW) for event in events), holder)
        await self.database.commit(ChangeSet([], [], document))
        return document
