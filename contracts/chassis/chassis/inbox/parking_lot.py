"""Parked messages: what could not be handled, kept with its reason until somebody replays or discards it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from messages.envelope import OutgoingMessage

from chassis.clock import Clock, SystemClock
from chassis.handling import Filter
from chassis.inbox.delivery import Delivery
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import Document

COLLECTION = "parked"
PARKED = "parked"
REPLAY_REQUESTED = "replay"
REPLAYED = "replayed"
DISCARDED = "discarded"
WAITING = (PARKED, REPLAY_REQUESTED)
"""For an operator, and for another try."""
STATES = (*WAITING, REPLAYED, DISCARDED)
SERVICE = "service"
"""Who replays: the service, when an operator has asked."""


class NotParkedError(LookupError):
    """No such message is parked, or it is past that step."""


class ParkingLot:
    """One service's parked messages; every step is recorded with the message, in real time."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def park(self, consumer: str, message: Delivery, reason: str, attempts: int, *, replay: bool = False) -> None:
        """Keep a message; parked again, it is the same entry with its new reason and a later time.

        With ``replay`` it is only put aside and is taken again by the service itself.
        """
        state, now, said = REPLAY_REQUESTED if replay else PARKED, self._clock.now(), message.to_envelope()
        first = {
            "consumer": consumer,
            "event_id": said.id,
            "type": said.type,
            "body": said.body,
            "headers": said.headers,
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
        await self._database.update(COLLECTION, {"_id": fingerprint(consumer, said)}, change, upsert=True)

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
        """Ask the service to take the message again; it goes the same road as if it had just come."""
        await self._step(key, (PARKED, DISCARDED), REPLAY_REQUESTED, {"by": who})

    async def discard(self, key: str, who: str, why: str) -> None:
        await self._step(key, WAITING, DISCARDED, {"by": who, "why": why})

    async def to_replay(self, limit: int = 100) -> Sequence[Document]:
        """Give those that have waited longest for another try: each try sends a message to the end of the line."""
        return await self._database.find(COLLECTION, {"state": REPLAY_REQUESTED}, (("last_at", 1), ("_id", 1)), limit)

    async def replayed(self, key: str) -> None:
        await self._step(key, (REPLAY_REQUESTED,), REPLAYED, {"by": SERVICE, "why": "handled"})

    async def record_deferral(self, key: str, reason: str) -> None:
        """A message put aside is still not ready."""
        change = {"$set": {"reason": reason, "last_at": self._clock.now()}}
        await self._database.update(COLLECTION, {"_id": key, "state": REPLAY_REQUESTED}, change)

    async def park_again(self, key: str, reason: str, attempts: int) -> None:
        await self._step(key, (REPLAY_REQUESTED,), PARKED, {"by": SERVICE, "reason": reason}, attempts)

    def waiting_time(self, document: Mapping[str, Any]) -> timedelta:
        """Time since the message was first parked or put aside."""
        first: datetime = document["first_at"]
        return self._clock.now() - first

    async def count(self) -> int:
        """How many are neither handled nor discarded."""
        return await self._database.count(COLLECTION, {"state": {"$in": list(WAITING)}})

    async def _step(
        self, key: str, before: Sequence[str], after: str, told: Mapping[str, str], attempts: int = 0
    ) -> None:
        """Go on to another state; a step that tells a reason gives the message that reason."""
        now = self._clock.now()
        reason = {name: text for name, text in told.items() if name == "reason"}
        change = {
            "$set": {"state": after, "last_at": now, **reason},
            "$inc": {"attempts": attempts},
            "$push": {"history": {"at": now, "step": after, **told}},
        }
        if not await self._database.update(COLLECTION, {"_id": key, "state": {"$in": list(before)}}, change):
            raise NotParkedError(f"{key} is not {' or '.join(before)}")


def fingerprint(consumer: str, message: OutgoingMessage) -> str:
    """Name a message by what it is: the same message parked twice is one entry."""
    told = f"{consumer}|{message.id}|{message.type}|".encode()
    return sha256(told + message.body).hexdigest()[:24]


def as_delivery(document: Mapping[str, Any]) -> Delivery:
    """Give a kept message as it came."""
    return Delivery(
        dict(document["headers"]), bytes(document["body"]), document["content_type"], document["type"], document["user"]
    )
