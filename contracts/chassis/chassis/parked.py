"""Parked messages: what could not be handled, kept with its reason until somebody replays or discards it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from messages.envelope import Said

from chassis.clock import Clock, SystemClock
from chassis.handling import Where
from chassis.mongo import Database
from chassis.unit import Document

COLLECTION = "parked"
PARKED = "parked"
REPLAY = "replay"
REPLAYED = "replayed"
DISCARDED = "discarded"
SERVICE = "service"
"""Who replays: the service, when an operator has asked."""


class NotParked(LookupError):  # noqa: N818 - the answer to an operator
    """No such message is parked, or it is past that step."""


class ParkedMessages:
    """One service's parked messages; every step is recorded with the message, in real time."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def park(self, consumer: str, message: Said, reason: str, attempts: int, *, replay: bool = False) -> None:
        """Keep a message; parked again, it is the same entry with its new reason and a later time.

        With ``replay`` it is only put aside and is taken again by the service itself.
        """
        state, now = REPLAY if replay else PARKED, self._clock.now()
        key = fingerprint(consumer, message)
        first = {
            "consumer": consumer,
            "event_id": message.id,
            "type": message.type,
            "body": message.body,
            "headers": dict(message.headers),
            "first_at": now,
        }
        step = {"at": now, "step": state, "reason": reason}
        change = {
            "$setOnInsert": first,
            "$set": {"state": state, "reason": reason, "last_at": now},
            "$inc": {"attempts": attempts},
            "$push": {"history": step},
        }
        await self._database.update(COLLECTION, {"_id": key}, change, upsert=True)

    async def listed(self, state: str | None = PARKED, limit: int = 100) -> Sequence[Document]:
        where: Where = {} if state is None else {"state": state}
        shown = ("consumer", "event_id", "type", "reason", "state", "attempts", "first_at", "last_at")
        return await self._database.find(COLLECTION, where, (("first_at", 1), ("_id", 1)), limit, shown)

    async def shown(self, key: str) -> Document:
        found = await self._database.load(COLLECTION, [key])
        if not found:
            raise NotParked(f"{key} is not parked here")
        return found[0]

    async def ask_replay(self, key: str, who: str) -> None:
        """Ask the service to take the message again; it goes the same road as if it had just come."""
        await self._step(key, (PARKED, DISCARDED), REPLAY, who)

    async def discard(self, key: str, who: str, why: str) -> None:
        await self._step(key, (PARKED,), DISCARDED, who, why)

    async def to_replay(self, limit: int = 100) -> Sequence[Document]:
        return await self._database.find(COLLECTION, {"state": REPLAY}, (("first_at", 1),), limit)

    async def replayed(self, key: str) -> None:
        await self._step(key, (REPLAY,), REPLAYED, SERVICE, "handled")

    async def park_again(self, key: str, reason: str) -> None:
        await self._step(key, (REPLAY,), PARKED, SERVICE, reason)

    def waited(self, document: Mapping[str, Any]) -> timedelta:
        """Time since the message was first parked or put aside."""
        first: datetime = document["first_at"]
        return self._clock.now() - first

    async def count(self) -> int:
        """How many wait for an operator."""
        return await self._database.count(COLLECTION, {"state": PARKED})

    async def _step(self, key: str, before: Sequence[str], after: str, who: str, why: str = "") -> None:
        now = self._clock.now()
        step = {"at": now, "step": after, "by": who, "why": why}
        change = {"$set": {"state": after, "last_at": now}, "$push": {"history": step}}
        if not await self._database.update(COLLECTION, {"_id": key, "state": {"$in": list(before)}}, change):
            raise NotParked(f"{key} is not {' or '.join(before)}")


def fingerprint(consumer: str, message: Said) -> str:
    """Name a message by what it is: the same message parked twice is one entry."""
    told = f"{consumer}|{message.id}|{message.type}|".encode()
    return sha256(told + message.body).hexdigest()[:24]


def as_said(document: Mapping[str, Any]) -> Said:
    return Said(document["event_id"], document["type"], dict(document["headers"]), bytes(document["body"]))
