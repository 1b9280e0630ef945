"""Leases: one holder at a time, by the server's clock, so that skewed clocks do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from chassis.handling import TransientError
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import WriteConflictError
from chassis.tasks import cancel_all

COLLECTION = "leases"
T = TypeVar("T")
RENEWALS = 3
"""Times that a lease is renewed within its length."""


class LeaseLostError(TransientError):
    """A lease could not be renewed in time: another may hold it."""


class Leases:
    """The leases of one process, held under its own token."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    async def acquire(self, name: str, seconds: float) -> bool:
        """Take or renew a lease; False while another holds it."""
        await self._exists(name)
        free = {"$or": [{"holder": self._holder}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        until = {"$add": ["$$NOW", int(seconds * 1000)]}
        change = [{"$set": {"holder": self._holder, "until": until}}]
        return await self._database.find_one_and_update(COLLECTION, {"_id": name, **free}, change) is not None

    async def run_under_lease(self, name: str, seconds: float, work: Callable[[], Awaitable[T]]) -> T | None:
        """Work under a lease that is renewed as long as the work goes on; None while another holds it.

        Work whose lease cannot be told to be ours any more is cancelled before another can take it, and LeaseLostError
        raised. Afterwards the lease is kept for the rest of its time.
        """
        asked = monotonic()
        if not await self.acquire(name, seconds):
            return None
        working, keeping = asyncio.ensure_future(work()), asyncio.ensure_future(self._renew(name, seconds, asked))
        try:
            await asyncio.wait({working, keeping}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise LeaseLostError(f"{name}: not renewed in time")
            return await working
        finally:
            await cancel_all((working, keeping))

    async def _renew(self, name: str, seconds: float, asked: float) -> None:
        """Renew a lease again and again; return when it is lost. ``asked`` is when it was last asked for."""
        while (left := asked + seconds - monotonic()) > 0:
            await asyncio.sleep(min(seconds / RENEWALS, left))
            asking = monotonic()
            try:
                async with asyncio.timeout(max(0.0, asked + seconds - asking)):
                    if not await self.acquire(name, seconds):
                        return
            except (TransientError, TimeoutError):
                continue
            asked = asking

    async def _exists(self, name: str) -> None:
        """Make the row first: $expr is not allowed in the filter of an upsert."""
        if await self._database.load(COLLECTION, [name]):
            return
        try:
            await self._database.insert(COLLECTION, {"_id": name, "holder": "", "until": None})
        except WriteConflictError:
            return
