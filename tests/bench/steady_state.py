"""Steady state: latencies of answers for the ten thousand alone, and beside one representative in demand."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

from chassis.broker.publisher import BrokerPublisher
from chassis.handling import Document
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.mongo import Database
from devkit.servers.processes import free_ports
from rulebook import rules_on

from tests.bench.competitor import server_process
from tests.bench.measure import Latencies
from tests.bench.open_loop import publish_at_rate, receive_answers
from tests.bench.reservation_competitors import UPDATED_BY_MANY
from tests.bench.workload import MANY, Claimant, Submissions
from tests.support.load_data import DAY
from tests.support.namings import confirm_beforehand, named_applications
from tests.support.race_environment import NOW, PUBLISHER, SERVICE, RaceEnvironment

LIMIT = rules_on(DAY).quota.items_per_year
ROUNDS = 2
SECONDS, WARM_UP = 2.0, 0.5
ALONE, BESIDE_OTHERS, BESIDE_THE_ONE = "alone", "beside as many more of the 10,000", "beside as many for the one"
BASELINE_ALONE = "baseline: the conditional update alone"


async def steady_rounds(
    environment: RaceEnvironment, submissions: Submissions, rate: float, database: Database
) -> dict[str, list[Latencies]]:
    """Measure each mixture in turn, ``ROUNDS`` times, with one worker."""
    results: dict[str, list[Latencies]] = defaultdict(list)
    worker = {**environment.environment, "GREEN_ROLE": "worker", "GREEN_MONITORING_PORT": str(free_ports(1)[0])}
    async with server_process("assessor_quota.main", worker):
        for _ in range(ROUNDS):
            for name, beside in _beside(submissions).items():
                results[name].append(await _measure_stream(environment, submissions, rate, beside, database))
            results[BASELINE_ALONE].append(await _measure_baseline(database, rate))
    for name, latencies in results.items():
        print(f"steady   {name:40} p99 {max(each.milliseconds(0.99) for each in latencies):6.0f} ms", flush=True)
    return dict(results)


def _beside(submissions: Submissions) -> dict[str, Iterator[Claimant] | None]:
    return {ALONE: None, BESIDE_OTHERS: submissions.many, BESIDE_THE_ONE: submissions.full}


async def _measure_stream(
    environment: RaceEnvironment,
    submissions: Submissions,
    rate: float,
    beside: Iterator[Claimant] | None,
    database: Database,
) -> Latencies:
    """Latencies at a steady rate, each from the moment a message was due until its answer arrived."""
    expected = int(rate * (WARM_UP + SECONDS))
    streams = [[*submissions.by(each, expected)] if each else [] for each in (submissions.many, beside)]
    await confirm_beforehand(database, named_applications(chain(*streams)))
    own, extra = [[_entry(each) for each in stream] for stream in streams]
    publisher = BrokerPublisher(environment.servers.amqp_url(environment.vhost, PUBLISHER))
    async with receive_answers(environment.servers.amqp_url(environment.vhost), f"{PUBLISHER}.{SERVICE}") as answers:
        due = await publish_at_rate(own, rate, publisher, extra)
        await answers.until(len(own) + len(extra))
    await publisher.close()
    return answers.latencies(own[int(rate * WARM_UP) :], due)


async def _measure_baseline(database: Database, rate: float) -> Latencies:
    """The baseline at the same rate: one conditional update of each representative's document."""
    expected, latencies = int(rate * SECONDS), []
    keys = [each.digest for each in MANY[:expected]]
    await database.update_all(UPDATED_BY_MANY, {}, {"$set": {"used": 0}})
    began = time.perf_counter()

    async def update_one(key: str, due: float) -> None:
        updated = await database.find_one_and_update(
            UPDATED_BY_MANY, {"_id": key, "used": {"$lt": LIMIT}}, {"$inc": {"used": 1}}
        )
        assert updated is not None
        latencies.append(time.perf_counter() - due)

    updates = []
    for index, key in enumerate(keys):
        due = began + index / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        updates.append(asyncio.create_task(update_one(key, due)))
    await asyncio.gather(*updates)
    return Latencies(tuple(latencies), expected / (time.perf_counter() - began))


def _entry(submitted: Any) -> Document:  # noqa: ANN401 - an event
    return entry(submitted, Causation(event_id(submitted)), NOW)
