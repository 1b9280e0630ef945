"""The unsent part of the outbox in the database: whose each document is, and for how long."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from chassis.clock import SystemClock
from chassis.persistence.mongo import Database, created_at_of
from chassis.persistence.unit_of_work import Document

OUTBOX = "outbox"
UNSENT = {"sent": False}


class OutboxStore:
    """Leases run by the server's clock, so that skewed clocks do no harm; only the holder of one marks and leaves."""

    def __init__(self, database: Database, token: str, lease: float) -> None:
        self._database = database
        self._token = token
        self._lease_ms = int(lease * 1000)

    async def renew(self, in_hand: Collection[object]) -> None:
        """Begin the leases of new documents, and lengthen those of what this relay has in hand."""
        mine = {"_id": {"$in": list(in_hand)}, "token": self._token, **_run_out(self._lease_ms // 2)}
        await self._database.update_all(
            OUTBOX, {**UNSENT, "$or": [{"until": {"$exists": False}}, mine]}, self._leased()
        )

    async def find_expired(self, limit: int, left_but: Collection[object] | None) -> Sequence[Document]:
        """Find what nobody holds any more, oldest first.

        With ``left_but`` also what this relay has left: all of its own but these.
        """
        where = _run_out()
        if left_but is not None:
            where = {"$or": [where, {"token": self._token, "_id": {"$nin": list(left_but)}}]}
        return await self._database.find(OUTBOX, {**UNSENT, **where}, (("_id", 1),), limit)

    async def claim(self, found: Sequence[Document]) -> set[object]:
        """Lease what was found to this relay; return what is its own now."""
        own = {each["_id"] for each in found if each["token"] == self._token}
        if own:
            where = {**UNSENT, "_id": {"$in": list(own)}, "token": self._token}
            await self._database.update_all(OUTBOX, where, self._leased())
        for each in found:
            where = {**UNSENT, "_id": each["_id"], "token": each["token"], "until": each.get("until")}
            if each["_id"] not in own and await self._database.find_one_and_update(
                OUTBOX, where, self._leased(self._token)
            ):
                own.add(each["_id"])
        return own

    async def record_unpublished(self, document: Document, left: list[int]) -> None:
        """Remember which places of a document the broker has not taken."""
        if left != document.get("left"):
            mine = {**UNSENT, "_id": document["_id"], "token": self._token}
            await self._database.update(OUTBOX, mine, {"$set": {"left": left}})

    async def mark_sent(self, sent: Sequence[object]) -> None:
        where = {"_id": {"$in": list(sent)}, "token": self._token}
        await self._database.update_all(OUTBOX, where, {"$set": {"sent": True}, "$currentDate": {"sent_at": True}})

    async def count(self) -> int:
        """How many events wait."""
        return await self._database.total(OUTBOX, UNSENT, "count")

    async def oldest_age(self, *, untried: bool = False) -> float:
        """For how many seconds the oldest document has waited; ``untried``: the oldest that no relay has tried to send.

        What the broker would not take is a fault of the event or of a queue, and no other process would fare better.
        """
        where = {**UNSENT, "left": {"$exists": False}} if untried else UNSENT
        found = await self._database.find(OUTBOX, where, (("_id", 1),), 1, ("again",))
        return _waited(found[0]) if found else 0.0

    def _leased(self, token: str | None = None) -> list[Document]:
        until = {"until": {"$add": ["$$NOW", self._lease_ms]}}
        return [{"$set": until if token is None else {**until, "token": token}}]


def _run_out(within_ms: int = 0) -> Document:
    """The condition of a lease that ends before that many milliseconds are over."""
    return {"until": {"$exists": True}, "$expr": {"$lt": ["$until", {"$add": ["$$NOW", within_ms]}]}}


def _waited(document: Document) -> float:
    """Real seconds since a document was committed, or since somebody asked to say it again."""
    again = document.get("again")
    since = again[-1]["at"] if again else created_at_of(document["_id"])
    return max(0.0, (SystemClock().now() - since).total_seconds()) if since else 0.0
