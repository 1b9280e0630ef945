"""Open loop: messages published at a steady rate, and the times at which their answers arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from chassis.broker.publisher import BrokerPublisher
from chassis.handling import Document

from tests.bench.measure import Latencies

TICK = 0.002
LONGEST = 60


@dataclass
class Answers:
    """Time at which the answer about each subject arrived."""

    at: dict[str, float] = field(default_factory=dict)

    async def until(self, number: int) -> None:
        async with asyncio.timeout(LONGEST):
            while len(self.at) < number:  # noqa: ASYNC110 - the broker's callbacks fill it
                await asyncio.sleep(0.02)

    def latencies(self, counted: Sequence[Document], due: Mapping[str, float]) -> Latencies:
        """Latencies of these messages, each counted from the moment it was due."""
        names = [subject(each) for each in counted]
        last = max(self.at[name] for name in names)
        return Latencies(tuple(self.at[name] - due[name] for name in names), len(names) / (last - due[names[0]]))

    async def _receive(self, message: Any) -> None:  # noqa: ANN401 - aio-pika's message
        self.at[str(message.headers["ce-subject"])] = time.perf_counter()


@asynccontextmanager
async def receive_answers(url: str, queue: str) -> AsyncIterator[Answers]:
    """Consume from ``queue`` and record when answers arrive."""
    answers = Answers()
    async with await aio_pika.connect(url) as connection:
        await (await (await connection.channel()).get_queue(queue, ensure=False)).consume(answers._receive, no_ack=True)
        yield answers


async def publish_at_rate(
    entries: Sequence[Document], rate: float, publisher: BrokerPublisher, beside: Sequence[Document] = ()
) -> dict[str, float]:
    """Publish due messages every ``TICK``, unconfirmed, and as many of ``beside``; return subject → due time."""
    began = time.perf_counter()
    sent, sending = 0, []
    while sent < len(entries):
        await asyncio.sleep(TICK)
        until = min(len(entries), 1 + int((time.perf_counter() - began) * rate))
        if until > sent:
            sending.append(asyncio.create_task(publisher.send([*entries[sent:until], *beside[sent:until]])))
            sent = until
    await asyncio.gather(*sending)
    return {subject(each): began + index / rate for index, each in enumerate(entries)}


def subject(entry: Document) -> str:
    return str(entry["headers"]["ce-subject"])
