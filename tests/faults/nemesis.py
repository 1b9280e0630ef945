"""What falls on the town while submissions come in."""

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

Blow: TypeAlias = Literal["a process killed", "the broker lost", "links cut, database stalled", "links silent"]
LONG = 9
"""Blows from which on there is time to wait for overdue heartbeats."""


@dataclass(frozen=True)
class Nemesis:
    """The instruments of every process, the points they die at, and what falls from outside."""

    environment: Mapping[str, str]
    points: tuple[Point, ...] = ()
    blows: tuple[Blow, ...] = ()


def fault_schedule(number: int) -> tuple[Blow, ...]:
    """Kills, and in between what happens to all at once."""
    rare: dict[int, Blow] = {number // 3: "the broker lost", 2 * number // 3: "links cut, database stalled"}
    if number >= LONG:
        rare[number // 2] = "links silent"
    return tuple(rare.get(place, "a process killed") for place in range(number))


async def inject(town: Cluster, weather: Nemesis, site: StateReader, submissions: int) -> Counter[str]:
    """Spread the blows over the work: each waits until its share of the submissions is decided, and for no clock.

    Gives what was really struck.
    """
    dice = Random(os.environ.get("FAULTS_SEED", "1"))  # noqa: S311 - a repeatable die
    struck: Counter[str] = Counter()
    for place, blow in enumerate(weather.blows, start=1):
        while await site.decided() * (len(weather.blows) + 1) < submissions * place:  # noqa: ASYNC110 - others' work
            await asyncio.sleep(0.1)
        struck[blow] += await _inject_one(town, blow, dice)
    return struck


async def _inject_one(town: Cluster, blow: Blow, dice: Random) -> bool:
    match blow:
        case "a process killed":
            return town.kill_one(dice)
        case "the broker lost":
            await town.restart_broker()
        case "links cut, database stalled":
            return await town.cut_while_stalled()
        case "links silent":
            await town.pause_database()
    return True
