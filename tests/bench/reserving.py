"""One contestant of the reservations, in a process of its own: waits for ``go``, does its work, says how long it took.

python -m tests.bench.reserving CONTESTANT '{"messages": …, "limit": …}', surroundings in the environment
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

import rulebook.rulesets.load as packaged
from assessor_quota.main import service
from chassis import logs
from chassis.bus import Hears
from chassis.handling import Result
from chassis.process import Process
from chassis.service import GC_THRESHOLDS
from messages.event import Event
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern
from rulebook import RuleSets

from tests.bench.crowd import MANY
from tests.bench.hop import Watch

LANES = 200
"""Updates under way at the same time, as many as the works of two batches."""
FLOOR_OF_MANY, FLOOR_OF_ONE = "floor_of_many", "floor_of_one"


@dataclass(frozen=True)
class Task:
    messages: int
    limit: int | None = None
    """Items a year, where the limit is raised for a measurement."""


async def through_the_service(task: Task) -> float:
    """Drain the queue; seconds from the first message handled until each one's answer is confirmed."""
    if task.limit is not None:
        raise_the_limit(task.limit)
    watch, built = Watch(), service()
    process = Process(replace(built, hears=[_watched(each, watch) for each in built.hears]))
    async with process:
        while process.metrics.relay_published._value.get() < task.messages:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.005)
        return watch.seconds


def _watched(hears: Hears, watch: Watch) -> Hears:
    async def handle(event: Event, store: Any, now: datetime) -> Result:  # noqa: ANN401 - the service's own store
        watch.first()
        return await hears.handler(event, store, now)

    return replace(hears, handler=handle)


def raise_the_limit(limit: int) -> None:
    """In this process the regulation grants more, so that grants of one ledger can be measured at all."""
    known = packaged.load_rule_sets().all
    raised = RuleSets(
        tuple(
            rules.model_copy(update={"quota": rules.quota.model_copy(update={"items_per_year": limit})})
            for rules in known
        )
    )
    packaged._packaged = cache(lambda: raised)


async def updating_many(task: Task) -> float:
    """A place taken in a document of each representative's own."""
    return await _updating(FLOOR_OF_MANY, [MANY[number % len(MANY)].digest for number in range(task.messages)])


async def updating_one(task: Task) -> float:
    """A place taken in the same document each time."""
    return await _updating(FLOOR_OF_ONE, [MANY[0].digest] * task.messages)


async def _updating(collection: str, keys: list[str]) -> float:
    client: Any = AsyncIOMotorClient(os.environ["GREEN_MONGO_URL"])
    database = client.get_database(
        os.environ["GREEN_DATABASE"],
        read_concern=ReadConcern("majority"),
        write_concern=WriteConcern("majority", j=True),
    )
    await database[collection].drop()
    await database[collection].insert_many([{"_id": key, "used": 0} for key in dict.fromkeys(keys)])
    waiting, began = iter(keys), time.perf_counter()
    await asyncio.gather(*(_lane(database[collection], waiting, len(keys)) for _ in range(LANES)))
    return time.perf_counter() - began


async def _lane(documents: Any, waiting: Any, limit: int) -> None:  # noqa: ANN401 - the driver's own
    for key in waiting:
        taken = await documents.find_one_and_update({"_id": key, "used": {"$lt": limit}}, {"$inc": {"used": 1}})
        assert taken is not None


CONTESTANTS: dict[str, Callable[[Task], Coroutine[Any, Any, float]]] = {
    "service": through_the_service,
    "floor of many": updating_many,
    "floor of one": updating_one,
}


def main() -> None:
    contestant, task = sys.argv[1], Task(**json.loads(sys.argv[2]))
    logs.configure("bench", "ERROR")
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)  # for every contestant alike
    print("ready", flush=True)
    sys.stdin.readline()
    seconds = asyncio.run(CONTESTANTS[contestant](task))
    print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
