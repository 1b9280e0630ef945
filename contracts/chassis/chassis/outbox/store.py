"""Unpublished outbox documents in the database, and the lease on each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chassis.clock import SystemClock
from chassis.handling import Document
from chassis.persistence.mongo import Database, created_at_of
from chassis.persistence.system_collections import OUTBOX

UNPUBLISHED = {"sent": False}


class OutboxStore:
    """The outbox of one relay. Leases run by the server's clock, so clock skew does no harm; only the holder writes."""

    def __init__(self, database: Database, lease_holder: str, lease: float) -> None:
        self._database = database
        self._lease_holder = lease_holder
        self._lease_ms = int(lease * 1000)

    async def renew(self, in_flight: Collection[object]) -> None:
        """Begin the leases of new documents, and extend those of documents that this relay has in flight."""
        mine = {"_id": {"$in": list(in_flight)}, "lease_holder": self._lease_holder, **_expired(self._lease_ms // 2)}
        await self._database.update_all(
            OUTBOX, {**UNPUBLISHED, "$or": [{"lease_until": {"$exists": False}}, mine]}, self._lease_update()
        )

    async def find_expired(self, limit: int, known: Collection[object] | None) -> Sequence[Document]:
        """Find documents with an expired lease, oldest first; with ``known`` also this relay's own except ``known``."""
        where = _expired()
        if known is not None:
            where = {"$or": [where, {"lease_holder": self._lease_holder, "_id": {"$nin": list(known)}}]}
        return await self._database.find(OUTBOX, {**UNPUBLISHED, **where}, (("_id", 1),), limit)

    async def claim(self, found: Sequence[Document]) -> set[object]:
        """Lease the documents to this relay; return the ids of those that it holds now."""
        own = {each["_id"] for each in found if each["lease_holder"] == self._lease_holder}
        if own:
            where = {**UNPUBLISHED, "_id": {"$in": list(own)}, "lease_holder": self._lease_holder}
            await self._database.update_all(OUTBOX, where, self._lease_update())
        for each in found:
            where = {
                **UNPUBLISHED,
                "_id": each["_id"],
                "lease_holder": each["lease_holder"],
                "lease_until": each.get("lease_until"),
            }
            if each["_id"] not in own and await self._database.find_one_and_update(
                OUTBOX, where, self._lease_update(self._lease_holder)
            ):
                own.add(each["_id"])
        return own

    async def record_unpublished(self, document: Document, unpublished: list[int]) -> None:
        """Store the positions of the events that the broker did not take."""
        if unpublished != document.get("unpublished"):
            mine = {**UNPUBLISHED, "_id": document["_id"], "lease_holder": self._lease_holder}
            await self._database.update(OUTBOX, mine, {"$set": {"unpublished": unpublished}})

    async def mark_sent(self, sent: Sequence[object]) -> None:
        where = {"_id": {"$in": list(sent)}, "lease_holder": self._lease_holder}
        await self._database.update_all(OUTBOX, where, {"$set": {"sent": True}, "$currentDate": {"sent_at": True}})

    async def count(self) -> int:
        """Count the events that are not published."""
        return await self._database.total(OUTBOX, UNPUBLISHED, "count")

    async def oldest_age(self, *, untried: bool = False) -> float:
        """Return the age of the oldest document in seconds; ``untried``: of the oldest that no relay has tried.

        A tried event that the broker did not take is itself at fault, or its queue is; no other process could send it.
        """
        where = {**UNPUBLISHED, "unpublished": {"$exists": False}} if untried else UNPUBLISHED
        found = await self._database.find(OUTBOX, where, (("_id", 1),), 1, ("republished",))
        return _age_of(found[0]) if found else 0.0

    def _lease_update(self, holder: str | None = None) -> list[Document]:
        until = {"lease_until": {"$add": ["$$NOW", self._lease_ms]}}
        return [{"$set": until if holder is None else {**until, "lease_holder": holder}}]


def _expired(within_ms: int = 0) -> Document:
    """Return the filter of leases that expire within ``within_ms``."""
    return {"lease_until": {"$exists": True}, "$expr": {"$lt": ["$lease_until", {"$add": ["$$NOW", within_ms]}]}}


def _age_of(document: Document) -> float:
    """Return the real seconds since a document was committed, or since an operator asked to republish it."""
    republished = document.get("republished")
    since = republished[-1]["at"] if republished else created_at_of(document["_id"])
    return max(0.0, (SystemClock().now() - since).total_seconds()) if since else 0.0
