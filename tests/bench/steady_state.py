"""How long an answer takes while messages come steadily: for the ten thousand alone, and beside one much asked for."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from chassis.broker.publisher import BrokerPublisher
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import Document
from devkit.servers.processes import free_ports, until_accepting

from tests.bench.measure import Latencies
from tests.bench.open_loop import answers, publish_at_rate
from tests.bench.reserving import UPDATED_BY_MANY
from tests.bench.workload import MANY, Asker, Submissions
from tests.support.race_environment import NOW, PUBLISHER, SERVICE, RaceEnvironment

ROUNDS = 2
SECONDS, WARM_UP = 2.0, 0.5
ALONE, BESIDE_OTHERS, BESIDE_THE_ONE = "alone", "beside as many more of the 10,000", "beside as many for the one"
BARE = "floor: the conditional update alone"


async def steady_rounds(
    environment: RaceEnvironment, submissions: Submissions, rate: float, database: Database
) -> dict[str, list[Latencies]]:
    """Each mixture in turn, ``ROUNDS`` times, through one worker."""
    found: dict[str, list[Latencies]] = defaultdict(list)
    async with _worker(environment):
        for _ in range(ROUNDS):
            for name, beside in _beside(submissions).items():
                found[name].append(await _streamed(environment, submissions, rate, beside))
            found[BARE].append(await _updated(database, rate))
    for name, latencies in found.items():
        print(f"steady   {name:40} p99 {max(each.milliseconds(0.99) for each in latencies):6.0f} ms", flush=True)
    return dict(found)


def _beside(submissions: Submissions) -> dict[str, Iterator[Asker] | None]:
    return {ALONE: None, BESIDE_OTHERS: submissions.many, BESIDE_THE_ONE: submissions.full}


@asynccontextmanager
async def _worker(environment: RaceEnvironment) -> AsyncIterator[None]:
    (port,) = free_ports(1)
    surroundings = {**os.environ, **environment.environment, "GREEN_ROLE": "worker", "GREEN_PORT": str(port)}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "assessor_quota.main", env=surroundings)
    try:
        await until_accepting([port], within=30)
        yield
    finally:
        process.terminate()
        await process.wait()


async def _streamed(
    environment: RaceEnvironment, submissions: Submissions, rate: float, beside: Iterator[Asker] | None
) -> Latencies:
    """Messages at a steady rate, each counted from the moment it was due until its answer was there."""
    wanted = int(rate * (WARM_UP + SECONDS))
    others = [_entry(each) for each in submissions.by(submissions.many, wanted)]
    more = [_entry(each) for each in submissions.by(beside, wanted)] if beside else []
    publisher = BrokerPublisher(environment.servers.amqp_url(environment.vhost, PUBLISHER))
    async with answers(environment.servers.amqp_url(environment.vhost), f"{PUBLISHER}.{SERVICE}") as answered:
        due = await publish_at_rate(others, rate, publisher, more)
        await answered.until(len(others) + len(more))
    await publisher.close()
    return answered.waited(others[int(rate * WARM_UP) :], due)


async def _updated(database: Database, rate: float) -> Latencies:
    """The floor at the same rate: nothing but a place taken in one document of each representative's own."""
    wanted, waited = int(rate * SECONDS), []
    keys = [each.digest for each in MANY[:wanted]]
    await database.update_all(UPDATED_BY_MANY, {}, {"$set": {"used": 0}})
    began = time.perf_counter()

    async def one(key: str, due: float) -> None:
        taken = await database.find_one_and_update(
            UPDATED_BY_MANY, {"_id": key, "used": {"$lt": 15}}, {"$inc": {"used": 1}}
        )
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
    return entry(submitted, Causation(event_id(submitted)), NOW)
