"""The competitors of the reservations: the service, and bare conditional updates.

python -m tests.bench.reservation_competitors COMPETITOR '{"messages": …, "limit": …}', with the service's environment
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cache
from typing import Any

import rulebook.rulesets.load as packaged
from assessor_quota.main import service
from chassis.runtime.process import Process
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern
from rulebook import RuleSets

from tests.bench.competitor import begin, drain, end, run
from tests.bench.workload import MANY

CONCURRENCY = 200
"""Updates at the same time, as many as the items of two batches."""
UPDATED_BY_MANY, UPDATED_BY_ONE = "updated_by_many", "updated_by_one"
"""Collections of the baselines."""


@dataclass(frozen=True)
class Task:
    messages: int
    limit: int | None = None
    """Items a year, where a measurement raises the limit."""


async def run_service(task: Task) -> None:
    """Drain the queue."""
    if task.limit is not None:
        raise_the_limit(task.limit)
    await drain(Process(service()), task.messages)


def raise_the_limit(limit: int) -> None:
    """Raise the yearly limit in this process, so that many grants of one ledger can be measured."""
    rule_sets = packaged.load_rule_sets().all
    raised = RuleSets(
        tuple(
            rules.model_copy(update={"quota": rules.quota.model_copy(update={"items_per_year": limit})})
            for rules in rule_sets
        )
    )
    packaged._packaged = cache(lambda: raised)


async def update_many(task: Task) -> None:
    """Take an item in the document of each representative in turn."""
    await _run_updates(UPDATED_BY_MANY, [MANY[number % len(MANY)].digest for number in range(task.messages)])


async def update_one(task: Task) -> None:
    """Take an item in the same document each time."""
    await _run_updates(UPDATED_BY_ONE, [MANY[0].digest] * task.messages)


async def _run_updates(collection: str, keys: list[str]) -> None:
    client: Any = AsyncIOMotorClient(os.environ["GREEN_MONGO_URL"])
    database = client.get_database(
        os.environ["GREEN_DATABASE"],
        read_concern=ReadConcern("majority"),
        write_concern=WriteConcern("majority", j=True),
    )
    await database[collection].drop()
    await database[collection].insert_many([{"_id": key, "used": 0} for key in dict.fromkeys(keys)])
    waiting, began = iter(keys), begin()
    await asyncio.gather(*(_update_each(database[collection], waiting, len(keys)) for _ in range(CONCURRENCY)))
    end(began)


async def _update_each(documents: Any, waiting: Any, limit: int) -> None:  # noqa: ANN401 - the driver's own
    for key in waiting:
        taken = await documents.find_one_and_update({"_id": key, "used": {"$lt": limit}}, {"$inc": {"used": 1}})
        assert taken is not None


COMPETITORS: dict[str, Callable[[Task], Coroutine[Any, Any, None]]] = {
    "service": run_service,
    "baseline of many": update_many,
    "baseline of one": update_one,
}


if __name__ == "__main__":
    run(COMPETITORS, Task)
