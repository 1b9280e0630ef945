"""Leases: one holder at a time, by the server's clock, so that skewed clocks do no harm."""

from __future__ import annotations

from chassis.mongo import Database
from chassis.unit import Conflict

COLLECTION = "leases"


class Leases:
    """The leases of one process, held under its own token."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    async def take(self, name: str, seconds: float) -> bool:
        """Take or renew a lease; False while another holds it."""
        await self._exists(name)
        free = {"$or": [{"holder": self._holder}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        until = {"$add": ["$$NOW", int(seconds * 1000)]}
        change = [{"$set": {"holder": self._holder, "until": until}}]
        return await self._database.take(COLLECTION, {"_id": name, **free}, change) is not None

    async def release(self, name: str) -> None:
        """Let another take it at once."""
        await self._database.update(
            COLLECTION, {"_id": name, "holder": self._holder}, [{"$set": {"holder": "", "until": "$$NOW"}}]
        )

    async def _exists(self, name: str) -> None:
        """Make the row first: $expr is not allowed in the filter of an upsert."""
        if await self._database.load(COLLECTION, [name]):
            return
        try:
            await self._database.insert(COLLECTION, {"_id": name, "holder": "", "until": None})
        except Conflict:
            return
