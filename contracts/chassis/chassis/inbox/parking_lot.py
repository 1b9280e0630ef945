"""The parking lot: messages that were not handled, each with its reason, until they are replayed or discarded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from messages.envelope import OutgoingMessage

from chassis.clock import Clock, SystemClock
from chassis.handling import Document, Filter
from chassis.inbox.delivery import Delivery
from chassis.persistence.mongo import Database
from chassis.persistence.system_collections import PARKED as COLLECTION

PARKED = "parked"
"""Waits for an operator."""
DEFERRED = "deferred"
"""Waits for an event it builds on; the service tries it again by itself."""
REPLAY_REQUESTED = "replay_requested"
"""An operator has asked the service to try it again."""
REPLAYED = "replayed"
DISCARDED = "discarded"
TO_REPLAY = (DEFERRED, REPLAY_REQUESTED)
WAITING = (PARKED, *TO_REPLAY)
STATES = (*WAITING, REPLAYED, DISCARDED)
SERVICE = "service"
"""The name in the history for steps that the service takes by itself."""


class NotParkedError(LookupError):
    """No such message is in the parking lot, or it is past that step."""


class ParkingLot:
    """One service's parked messages; every step is recorded with the message, in real time."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def park(
        self, consumer: str, message: Delivery, reason: str, attempts: int, *, deferred: bool = False
    ) -> None:
        """Store a message; parked again, it is the same entry with its new reason and a later time.

        ``deferred``: the service tries it again by itself.
        """
        state, now, envelope = DEFERRED if deferred else PARKED, self._clock.now(), message.to_envelope()
        first = {
            "consumer": consumer,
            "event_id": envelope.id,
            "type": envelope.type,
            "body": envelope.body,
            "headers": envelope.headers,
            "content_type": message.content_type,
            "user": message.user,
            "first_at": now,
        }
        step = {"at": now, "step": state, "reason": reason}
        change = {
            "$setOnInsert": first,
            "$set": {"state": state, "reason": reason, "last_at": now},
            "$inc": {"attempts": attempts},
            "$push": {"history": step},
        }
        await self._database.update(COLLECTION, {"_id": fingerprint(consumer, envelope)}, change, upsert=True)

    async def list(self, states: Sequence[str] = WAITING, limit: int = 100) -> Sequence[Document]:
        where: Filter = {"state": {"$in": list(states)}}
        shown = ("consumer", "event_id", "type", "reason", "state", "attempts", "first_at", "last_at")
        return await self._database.find(COLLECTION, where, (("first_at", 1), ("_id", 1)), limit, shown)

    async def get(self, key: str) -> Document:
        found = await self._database.load(COLLECTION, [key])
        if not found:
            raise NotParkedError(f"{key} is not parked here")
        return found[0]

    async def request_replay(self, key: str, who: str) -> None:
        """Ask the service to try the message again, as if it had just come."""
        await self._step(key, (PARKED, DEFERRED, DISCARDED), REPLAY_REQUESTED, {"by": who})

    async def discard(self, key: str, who: str, why: str) -> None:
        await self._step(key, WAITING, DISCARDED, {"by": who, "why": why})

    async def list_due(self, limit: int = 100) -> Sequence[Document]:
        """List messages due for another try, longest waiting first; each try moves a message to the end."""
        where: Filter = {"state": {"$in": list(TO_REPLAY)}}
        return await self._database.find(COLLECTION, where, (("last_at", 1), ("_id", 1)), limit)

    async def mark_replayed(self, key: str) -> None:
        await self._step(key, TO_REPLAY, REPLAYED, {"by": SERVICE, "why": "handled"})

    async def record_deferral(self, key: str, reason: str) -> None:
        """Note that a message is still not ready; one that an operator asked for is deferred from now on."""
        change = {"$set": {"state": DEFERRED, "reason": reason, "last_at": self._clock.now()}}
        await self._database.update(COLLECTION, {"_id": key, "state": {"$in": list(TO_REPLAY)}}, change)

    async def park_again(self, key: str, reason: str, attempts: int) -> None:
        await self._step(key, TO_REPLAY, PARKED, {"by": SERVICE, "reason": reason}, attempts)

    def waiting_time(self, document: Mapping[str, Any]) -> timedelta:
        """Time since the message was first parked or deferred."""
        first: datetime = document["first_at"]
        return self._clock.now() - first

    async def count(self) -> int:
        """Count messages that are neither handled nor discarded."""
        return await self._database.count(COLLECTION, {"state": {"$in": list(WAITING)}})

    async def _step(
        self, key: str, before: Sequence[str], after: str, details: Mapping[str, str], attempts: int = 0
    ) -> None:
        """Move to another state; a step with a reason gives the message that reason."""
        now = self._clock.now()
        reason = {name: text for name, text in details.items() if name == "reason"}
        change = {
            "$set": {"state": after, "last_at": now, **reason},
            "$inc": {"attempts": attempts},
            "$push": {"history": {"at": now, "step": after, **details}},
        }
        if not await self._database.update(COLLECTION, {"_id": key, "state": {"$in": list(before)}}, change):
            raise NotParkedError(f"{key} is not {' or '.join(before)}")


def fingerprint(consumer: str, message: OutgoingMessage) -> str:
    """Name a message by its content: the same message parked twice is one entry."""
    prefix = f"{consumer}|{message.id}|{message.type}|".encode()
    return sha256(prefix + message.body).hexdigest()[:24]


def as_delivery(document: Mapping[str, Any]) -> Delivery:
    """Return a stored message as it came."""
    return Delivery(
        dict(document["headers"]), bytes(document["body"]), document["content_type"], document["type"], document["user"]
    )
