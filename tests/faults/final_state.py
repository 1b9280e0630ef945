"""What is left when the storm is over: every database as it stands, and what is still under way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, TypeAlias

from chassis.broker.topology import UNHEARD_QUEUE
from chassis.inbox.parking_lot import REPLAY_REQUESTED
from chassis.persistence.mongo import Database, open_database

from deploy.services import SERVICES
from tests.faults.cluster import Cluster
from tests.support.fault_injection import EFFECTS

Documents: TypeAlias = list[dict[str, Any]]
Remains: TypeAlias = Mapping[str, Mapping[str, Documents]]
"""Service → collection → what it holds."""
OF_ALL = (EFFECTS, "inbox", "outbox", "parked")
OF_ONE = {"applications": ("applications",), "assessor-quota": ("ledgers", "items"), "review": ("cases", "records")}
SETTLE_SECONDS = 60
GLANCES = 2
"""Times that nothing must be under way: counts of the broker are up to a second old."""


class StateReader:
    """Reads the databases and the broker of a town."""

    def __init__(self, town: Cluster) -> None:
        self._town = town
        self._databases: dict[str, Database] = {
            service.name: open_database(town.mongod.admin_url, town.databases[service.name].name, "pymongo")
            for service in SERVICES
        }

    async def close(self) -> None:
        await asyncio.gather(*(database.close() for database in self._databases.values()))

    async def decided(self) -> int:
        """Submissions that have their outcome."""
        return await self._databases["applications"].count(
            "applications", {"state": {"$in": ["accepted", "refused", "withdrawn"]}}
        )

    async def settled(self) -> tuple[float, dict[str, int]]:
        """Wait until nothing is under way; gives the seconds it took, and what still was when patience was over."""
        began, quiet, left = time.monotonic(), 0, await self.under_way()
        while quiet < GLANCES and time.monotonic() - began < SETTLE_SECONDS:
            left = await self.under_way()
            quiet = 0 if left else quiet + 1
            await asyncio.sleep(1)
        return time.monotonic() - began, left

    async def under_way(self) -> dict[str, int]:
        queues = await self._town.broker.queue_counts(self._town.vhost)
        waiting = {name: count for name, count in queues.items() if name != UNHEARD_QUEUE}
        kept = {f"outbox of {name}": await each.count("outbox", {"sent": False}) for name, each in self._named()}
        aside = {
            f"put aside by {name}": await each.count("parked", {"state": REPLAY_REQUESTED})
            for name, each in self._named()
        }
        held = await self._databases["applications"].count("applications", {"state": "submitted"})
        every = {**waiting, **kept, **aside, "waiting for an item": held}
        return {name: count for name, count in every.items() if count}

    async def remains(self) -> Remains:
        return {name: await self._held(name, database) for name, database in self._named()}

    @staticmethod
    async def _held(name: str, database: Database) -> dict[str, Documents]:
        return {each: list(await database.find(each, {})) for each in (*OF_ALL, *OF_ONE.get(name, ()))}

    def _named(self) -> list[tuple[str, Database]]:
        return list(self._databases.items())
