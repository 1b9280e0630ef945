"""The final state: the contents of every database, and the work still in progress."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

from chassis.broker.topology import UNROUTED_QUEUE
from chassis.inbox.parking_lot import TO_REPLAY
from chassis.persistence.mongo import Database, open_database

from deploy.services import SERVICES
from tests.faults.cluster import Cluster
from tests.support.fault_injection import EFFECTS

Documents: TypeAlias = list[dict[str, Any]]
FinalState: TypeAlias = Mapping[str, Mapping[str, Documents]]
"""Service → collection → documents."""
IN_EVERY_SERVICE = (EFFECTS, "inbox", "outbox", "parked")
IN_ONE_SERVICE = {
    "applications": ("applications",),
    "assessor-quota": ("ledgers", "items"),
    "review": ("cases", "records"),
}
SETTLE_SECONDS = 60
QUIET_POLLS = 2
"""Polls in a row that must find no work: the counts of the broker are up to a second old."""


class StateReader:
    """Reads the databases and the broker of a cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._databases: dict[str, Database] = {
            service.name: open_database(cluster.mongod.admin_url, cluster.databases[service.name].name, "pymongo")
            for service in SERVICES
        }

    async def close(self) -> None:
        await asyncio.gather(*(database.close() for database in self._databases.values()))

    async def count_decided(self) -> int:
        """Number of submissions that have their outcome."""
        return await self._databases["applications"].count(
            "applications", {"state": {"$in": ["accepted", "refused", "withdrawn"]}}
        )

    async def wait_until_settled(self) -> tuple[float, dict[str, int]]:
        """Wait until no work is in progress; return the seconds it took and the work left after ``SETTLE_SECONDS``."""
        began, quiet, left = time.monotonic(), 0, await self.in_progress()
        while quiet < QUIET_POLLS and time.monotonic() - began < SETTLE_SECONDS:
            left = await self.in_progress()
            quiet = 0 if left else quiet + 1
            await asyncio.sleep(1)
        return time.monotonic() - began, left

    async def in_progress(self) -> dict[str, int]:
        queues = await self._cluster.broker.queue_counts(self._cluster.vhost)
        waiting = {name: count for name, count in queues.items() if name != UNROUTED_QUEUE}
        unpublished = {f"outbox of {name}": await each.count("outbox", {"sent": False}) for name, each in self._items()}
        deferred = {
            f"deferred by {name}": await each.count("parked", {"state": {"$in": list(TO_REPLAY)}})
            for name, each in self._items()
        }
        submitted = await self._databases["applications"].count("applications", {"state": "submitted"})
        counts = {**waiting, **unpublished, **deferred, "waiting for an item": submitted}
        return {name: count for name, count in counts.items() if count}

    async def read(self) -> FinalState:
        return {name: await self._read_collections(name, database) for name, database in self._items()}

    @staticmethod
    async def _read_collections(name: str, database: Database) -> dict[str, Documents]:
        return {
            each: list(await database.find(each, {})) for each in (*IN_EVERY_SERVICE, *IN_ONE_SERVICE.get(name, ()))
        }

    def _items(self) -> list[tuple[str, Database]]:
        return list(self._databases.items())
