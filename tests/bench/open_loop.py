"""Messages said at a steady rate, and when the answers came to who listens for them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from chassis.broker.publisher import BrokerPublisher
from chassis.persistence.unit_of_work import Document

from tests.bench.measure import Latencies

TICK = 0.002
LONGEST = 60


@dataclass
class Answers:
    """When the answer about each subject came."""

    at: dict[str, float] = field(default_factory=dict)

    async def until(self, number: int) -> None:
        async with asyncio.timeout(LONGEST):
            while len(self.at) < number:  # noqa: ASYNC110 - the broker's callbacks fill it
                await asyncio.sleep(0.02)

    def waited(self, counted: Sequence[Document], due: Mapping[str, float]) -> Latencies:
        """How long these waited, each counted from the moment it was due."""
        names = [subject(each) for each in counted]
        last = max(self.at[name] for name in names)
        return Latencies(tuple(self.at[name] - due[name] for name in names), len(names) / (last - due[names[0]]))

    async def _came(self, message: Any) -> None:  # noqa: ANN401 - aio-pika's message
        self.at[str(message.headers["ce-subject"])] = time.perf_counter()


@asynccontextmanager
async def answers(url: str, queue: str) -> AsyncIterator[Answers]:
    """Listen on ``queue`` for a while."""
    found = Answers()
    async with await aio_pika.connect(url) as connection:
        await (await (await connection.channel()).get_queue(queue, ensure=False)).consume(found._came, no_ack=True)
        yield found


async def publish_at_rate(
    said: Sequence[Document], rate: float, publisher: BrokerPublisher, beside: Sequence[Document] = ()
) -> dict[str, float]:
    """Publish what is due every ``TICK`` without waiting for confirms, and as many of ``beside``; subject → when."""
    began = time.perf_counter()
    sent, sending = 0, []
    while sent < len(said):
        await asyncio.sleep(TICK)
        until = min(len(said), 1 + int((time.perf_counter() - began) * rate))
        if until > sent:
            sending.append(asyncio.create_task(publisher.send([*said[sent:until], *beside[sent:until]])))
            sent = until
    await asyncio.gather(*sending)
    return {subject(each): began + place / rate for place, each in enumerate(said)}


def subject(said: Document) -> str:
    return str(said["h"]["ce-subject"])
