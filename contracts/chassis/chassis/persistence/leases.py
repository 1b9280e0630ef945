"""Leases: one holder at a time, by the server's clock, so that clock skew does no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from chassis.handling import TransientError
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.mongo import Database
from chassis.persistence.system_collections import LEASES
from chassis.tasks import cancel_all

T = TypeVar("T")
RENEWALS = 3
"""Renewals of a lease within its duration."""


class LeaseLostError(TransientError):
    """A lease could not be renewed in time; another process may hold it."""


class Leases:
    """The leases of one process, under its own holder id."""

    def __init__(self, database: Database, holder: str) -> None:
        self._database = database
        self._holder = holder

    async def acquire(self, name: str, seconds: float) -> bool:
        """Take or renew a lease; False while another holds it."""
        await self._ensure_row(name)
        free = {"$or": [{"holder": self._holder}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        until = {"$add": ["$$NOW", int(seconds * 1000)]}
        change = [{"$set": {"holder": self._holder, "until": until}}]
        return await self._database.find_one_and_update(LEASES, {"_id": name, **free}, change) is not None

    async def run_under_lease(self, name: str, seconds: float, work: Callable[[], Awaitable[T]]) -> T | None:
        """Run ``work`` under a lease that is renewed meanwhile; return None while another process holds it.

        When the lease cannot be renewed in time, cancel the work before another process can take the lease, and raise
        LeaseLostError. After the work the lease stays until it expires.
        """
        acquired_at = monotonic()
        if not await self.acquire(name, seconds):
            return None
        working = asyncio.ensure_future(work())
        renewing = asyncio.ensure_future(self._renew(name, seconds, acquired_at))
        try:
            await asyncio.wait({working, renewing}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise LeaseLostError(f"{name}: not renewed in time")
            return await working
        finally:
            await cancel_all((working, renewing))

    async def _renew(self, name: str, seconds: float, acquired_at: float) -> None:
        """Renew a lease until it is lost; ``acquired_at`` is the time of the request that acquired it."""
        while (remaining := acquired_at + seconds - monotonic()) > 0:
            await asyncio.sleep(min(seconds / RENEWALS, remaining))
            requested_at = monotonic()
            try:
                async with asyncio.timeout(max(0.0, acquired_at + seconds - requested_at)):
                    if not await self.acquire(name, seconds):
                        return
            except (TransientError, TimeoutError):
                continue
            acquired_at = requested_at

    async def _ensure_row(self, name: str) -> None:
        """Insert the row first: the filter of an upsert must not contain $expr."""
        if await self._database.load(LEASES, [name]):
            return
        try:
            await self._database.insert(LEASES, {"_id": name, "holder": "", "until": None})
        except WriteConflictError:
            return
