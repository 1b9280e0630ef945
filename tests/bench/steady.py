"""How long an answer takes while messages come steadily: for the ten thousand alone, and beside one much asked for."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aio_pika
from chassis.mongo import Database
from chassis.outbox import Cause, entry, event_id
from chassis.publisher import BrokerPublisher
from chassis.servers.processes import accepts, free_ports
from chassis.unit import Document

from tests.bench.crowd import MANY, Asker, Submissions
from tests.bench.measure import percentile
from tests.bench.reserving import FLOOR_OF_MANY
from tests.stand.arena import NOW, SERVICE, SPEAKER, Arena

ROUNDS = 2
SECONDS, WARM_UP = 3.0, 0.5
TICK = 0.01
ALONE, BESIDE_OTHERS, BESIDE_THE_ONE = "alone", "beside as many more of the 10,000", "beside as many for the one"
BARE = "floor: the conditional update alone"


@dataclass(frozen=True)
class Latencies:
    """Seconds that each of the ten thousand waited, and how many a second were answered."""

    seconds: tuple[float, ...]
    rate: float

    def milliseconds(self, share: float) -> float:
        return percentile(self.seconds, share) * 1000


@dataclass
class Answers:
    """When each application's answer came to the applications service."""

    at: dict[str, float] = field(default_factory=dict)

    @asynccontextmanager
    async def heard(self, arena: Arena) -> AsyncIterator[None]:
        async with await aio_pika.connect(arena.stand.amqp_url(arena.vhost)) as connection:
            queue = await (await connection.channel()).get_queue(f"{SPEAKER}.{SERVICE}", ensure=False)
            await queue.consume(self._came, no_ack=True)
            yield

    async def _came(self, message: Any) -> None:  # noqa: ANN401 - aio-pika's message
        self.at[str(message.headers["ce-subject"])] = time.perf_counter()


async def steady_rounds(
    arena: Arena, submissions: Submissions, rate: float, database: Database
) -> dict[str, list[Latencies]]:
    """Each mixture in turn, ``ROUNDS`` times, through one worker."""
    found: dict[str, list[Latencies]] = defaultdict(list)
    async with _worker(arena):
        for _ in range(ROUNDS):
            for name, beside in _beside(submissions).items():
                found[name].append(await _streamed(arena, submissions, rate, beside))
            found[BARE].append(await _updated(database, rate))
    for name, latencies in found.items():
        print(f"steady   {name:40} p99 {max(each.milliseconds(0.99) for each in latencies):6.0f} ms", flush=True)
    return dict(found)


def _beside(submissions: Submissions) -> dict[str, Iterator[Asker] | None]:
    return {ALONE: None, BESIDE_OTHERS: submissions.many, BESIDE_THE_ONE: submissions.full}


@asynccontextmanager
async def _worker(arena: Arena) -> AsyncIterator[None]:
    (port,) = free_ports(1)
    surroundings = {**os.environ, **arena.environment, "GREEN_ROLE": "worker", "GREEN_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "assessor_quota.main", env=surroundings)
    try:
        async with asyncio.timeout(30):
            while not await accepts(port):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        yield
    finally:
        process.terminate()
        await process.wait()


async def _streamed(arena: Arena, submissions: Submissions, rate: float, beside: Iterator[Asker] | None) -> Latencies:
    """Messages at a steady rate, each counted from the moment it was due until its answer was there."""
    wanted = int(rate * (WARM_UP + SECONDS))
    others = [_entry(each) for each in submissions.by(submissions.many, wanted)]
    more = [_entry(each) for each in submissions.by(beside, wanted)] if beside else []
    answers, publisher = Answers(), BrokerPublisher(arena.stand.amqp_url(arena.vhost, SPEAKER))
    async with answers.heard(arena):
        due = await _paced(others, more, rate, publisher)
        async with asyncio.timeout(60):
            while len(answers.at) < len(others) + len(more):  # noqa: ASYNC110 - the broker's callbacks fill it
                await asyncio.sleep(0.05)
    await publisher.close()
    counted = others[int(rate * WARM_UP) :]
    waited = [answers.at[name] - due[name] for name in map(_subject, counted)]
    last = max(answers.at[_subject(each)] for each in counted)
    return Latencies(tuple(waited), len(counted) / (last - due[_subject(counted[0])]))


async def _paced(
    others: list[Document], more: list[Document], rate: float, publisher: BrokerPublisher
) -> dict[str, float]:
    """Publish what is due every ``TICK`` without waiting for confirms; application → when it was due."""
    began = time.perf_counter()
    due = {_subject(each): began + place / rate for place, each in enumerate(others)}
    sent, sending = 0, []
    while sent < len(others):
        await asyncio.sleep(TICK)
        until = min(len(others), int((time.perf_counter() - began) * rate))
        if until > sent:
            sending.append(asyncio.create_task(publisher.send([*others[sent:until], *more[sent:until]])))
            sent = until
    await asyncio.gather(*sending)
    return due


async def _updated(database: Database, rate: float) -> Latencies:
    """The floor at the same rate: nothing but a place taken in one document of each representative's own."""
    wanted, waited = int(rate * SECONDS), []
    keys = [each.digest for each in MANY[:wanted]]
    await database.update_all(FLOOR_OF_MANY, {}, {"$set": {"used": 0}})
    began = time.perf_counter()

    async def one(key: str, due: float) -> None:
        taken = await database.take(FLOOR_OF_MANY, {"_id": key, "used": {"$lt": 15}}, {"$inc": {"used": 1}})
        assert taken is not None
        waited.append(time.perf_counter() - due)

    under_way = []
    for place, key in enumerate(keys):
        due = began + place / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        under_way.append(asyncio.create_task(one(key, due)))
    await asyncio.gather(*under_way)
    return Latencies(tuple(waited), wanted / (time.perf_counter() - began))


def _entry(submitted: Any) -> Document:  # noqa: ANN401 - an event
    return entry(submitted, Cause(event_id(submitted)), NOW)


def _subject(said: Document) -> str:
    return str(said["h"]["ce-subject"])
