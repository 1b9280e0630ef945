"""The nemesis: faults injected into the cluster while submissions come in."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal, TypeAlias

from chassis.failpoints import Point

from tests.faults.cluster import Cluster
from tests.faults.final_state import StateReader

Fault: TypeAlias = Literal[
    "a process killed",
    "a worker added",
    "a worker drained",
    "the broker lost",
    "links cut, database stalled",
    "links silent",
]
MANY = 9
"""Number of faults from which on there is time to wait for overdue heartbeats."""


@dataclass(frozen=True)
class Nemesis:
    """Environment of every process, failpoints they crash at, and faults injected from outside."""

    environment: Mapping[str, str]
    points: tuple[Point, ...] = ()
    faults: tuple[Fault, ...] = ()


def fault_schedule(number: int) -> tuple[Fault, ...]:
    """Kills of single processes, workers that come and go, and faults of the whole cluster in between."""
    rare: dict[int, Fault] = {
        1: "a worker added",
        number // 3: "the broker lost",
        2 * number // 3: "links cut, database stalled",
        number - 1: "a worker drained",
    }
    if number >= MANY:
        rare[number // 2] = "links silent"
    return tuple(rare.get(index, "a process killed") for index in range(number))


async def inject(cluster: Cluster, nemesis: Nemesis, reader: StateReader, submissions: int) -> Counter[str]:
    """Inject each fault once its share of the submissions is decided, whatever the clock shows.

    A fault that meets nothing, say a process that has just crashed, is tried again until it takes effect.
    Returns how often each fault took effect.
    """
    generator = Random(os.environ.get("FAULTS_SEED", "1"))  # noqa: S311 - repeatable random numbers
    injected: Counter[str] = Counter()
    for index, fault in enumerate(nemesis.faults, start=1):
        while await reader.count_decided() * (len(nemesis.faults) + 1) < submissions * index:  # noqa: ASYNC110 - another process's work
            await asyncio.sleep(0.1)
        while not await _inject_one(cluster, fault, generator):  # noqa: ASYNC110 - another process's start
            await asyncio.sleep(0.1)
        injected[fault] += 1
    return injected


async def _inject_one(cluster: Cluster, fault: Fault, generator: Random) -> bool:
    """Inject a fault; False when it met nothing."""
    match fault:
        case "a process killed":
            return cluster.kill_one(generator)
        case "a worker added":
            cluster.add_worker("review")
        case "a worker drained":
            return await cluster.drain_worker("review")
        case "the broker lost":
            await cluster.restart_broker()
        case "links cut, database stalled":
            return await cluster.cut_links_during_database_pause()
        case "links silent":
            await cluster.silence_links()
    return True
