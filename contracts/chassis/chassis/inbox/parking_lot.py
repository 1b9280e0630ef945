"""The parking lot: messages that were not handled, each with its reason, until replayed or discarded."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from messages.envelope import OutgoingMessage

from chassis.broker.limits import MESSAGE_MAX_BYTES
from chassis.clock import Clock, SystemClock
from chassis.handling import Document, Filter
from chassis.inbox.delivery import Delivery
from chassis.persistence.mongo import Database
from chassis.persistence.query import ranges_after
from chassis.persistence.system_collections import PARKED as COLLECTION

PARKED = "parked"
"""Waits for an operator."""
DEFERRED = "deferred"
"""Waits for an event on which it depends; the service retries it."""
REPLAY_REQUESTED = "replay_requested"
"""An operator asked the service to retry it."""
REPLAYED = "replayed"
DISCARDED = "discarded"
TO_REPLAY = (DEFERRED, REPLAY_REQUESTED)
REPLAYABLE = (PARKED, DEFERRED)
"""States from which an operator sends many back at once; a discarded message is replayed by name."""
WAITING = (PARKED, *TO_REPLAY)
STATES = (*WAITING, REPLAYED, DISCARDED)
SERVICE = "service"
"""The actor in the history where the service itself acted."""
OLDEST_FIRST = (("first_at", 1), ("_id", 1))
LISTED = ("consumer", "queue", "event_id", "type", "reason", "state", "attempts", "first_at", "last_at")
ROWS = 500
"""Messages read at a time for a command on many."""
STORED_BYTES = 64 * 1024
"""Of a body that is larger than any message may be; its digest and size tell which it was."""
STORED_STEPS = 200
"""Steps of a history that are kept: a message that keeps coming back must not outgrow its document."""


class NotParkedError(LookupError):
    """The parking lot has no such message, or its state does not allow the step."""


class ParkingLot:
    """The parked messages of one service, each with the history of its steps in real time."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def park(
        self, consumer: str, message: Delivery, reason: str, attempts: int, *, deferred: bool = False
    ) -> None:
        """Store a message; one parked before keeps its entry and gets the new reason and time.

        ``deferred``: the service retries it without an operator.
        """
        state, now, envelope = DEFERRED if deferred else PARKED, self._clock.now(), message.to_envelope()
        first = {
            "consumer": consumer,
            "event_id": envelope.id,
            "type": envelope.type,
            "queue": message.queue,
            **_stored_body(envelope.body),
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
            "$push": {"history": {"$each": [step], "$slice": -STORED_STEPS}},
        }
        await self._database.update(COLLECTION, {"_id": fingerprint(consumer, envelope)}, change, upsert=True)

    async def list(self, states: Sequence[str] = WAITING, limit: int = 100) -> Sequence[Document]:
        where: Filter = {"state": {"$in": list(states)}}
        return await self._database.find(COLLECTION, where, OLDEST_FIRST, limit, LISTED)

    async def rows(self, states: Sequence[str] = WAITING, since: datetime | None = None) -> AsyncIterator[Document]:
        """Yield what is listed of every message, state by state, without bodies and a page at a time."""
        for state in states:
            ranges: Sequence[Filter] = [{} if since is None else {"first_at": {"$gte": since}}]
            while ranges:
                page: builtins.list[Document] = []
                for each in ranges:
                    where = {"state": state, **each}
                    page += await self._database.find(COLLECTION, where, OLDEST_FIRST, ROWS - len(page), LISTED)
                    if len(page) == ROWS:
                        break
                for row in page:
                    yield row
                last = [page[-1][name] for name, _ in OLDEST_FIRST] if len(page) == ROWS else None
                ranges = ranges_after(OLDEST_FIRST, last) if last else []

    async def get(self, key: str) -> Document:
        found = await self._database.load(COLLECTION, [key])
        if not found:
            raise NotParkedError(f"{key} is not parked")
        return found[0]

    async def request_replay(self, key: str, who: str) -> None:
        """Ask the service to dispatch the message again; one that was cut cannot be."""
        if (await self.get(key)).get("cut"):
            raise NotParkedError(f"{key} was larger than a message may be and was cut: discard it")
        await self._step(key, (PARKED, DEFERRED, DISCARDED), REPLAY_REQUESTED, {"by": who})

    async def discard(self, key: str, who: str, why: str) -> None:
        await self._step(key, WAITING, DISCARDED, {"by": who, "why": why})

    async def list_due(self, limit: int = 100) -> Sequence[Document]:
        """List messages due for another attempt, longest waiting first; each attempt moves a message to the end."""
        where: Filter = {"state": {"$in": list(TO_REPLAY)}}
        return await self._database.find(COLLECTION, where, (("last_at", 1), ("_id", 1)), limit)

    async def mark_replayed(self, key: str) -> None:
        await self._step(key, TO_REPLAY, REPLAYED, {"by": SERVICE, "why": "handled"})

    async def record_deferral(self, key: str, reason: str) -> None:
        """Record that a message is still not ready; a replay that an operator requested becomes a deferral."""
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
        """Move to another state and record the step; a reason among ``details`` becomes the message's."""
        now = self._clock.now()
        reason = {name: text for name, text in details.items() if name == "reason"}
        change = {
            "$set": {"state": after, "last_at": now, **reason},
            "$inc": {"attempts": attempts},
            "$push": {"history": {"$each": [{"at": now, "step": after, **details}], "$slice": -STORED_STEPS}},
        }
        if not await self._database.update(COLLECTION, {"_id": key, "state": {"$in": list(before)}}, change):
            raise NotParkedError(f"{key} is not {' or '.join(before)}")


def _stored_body(body: bytes) -> Document:
    """Return the body as it is stored: whole, or the beginning of one that no document would hold."""
    if len(body) <= MESSAGE_MAX_BYTES:
        return {"body": body}
    return {"body": body[:STORED_BYTES], "cut": {"size": len(body), "sha256": sha256(body).hexdigest()}}


def fingerprint(consumer: str, message: OutgoingMessage) -> str:
    """Return an id derived from the content, so that the same message parked twice is one entry."""
    prefix = f"{consumer}|{message.id}|{message.type}|".encode()
    return sha256(prefix + message.body).hexdigest()[:24]


def as_delivery(document: Mapping[str, Any]) -> Delivery:
    """Return a stored message as it was received."""
    return Delivery(
        dict(document["headers"]),
        bytes(document["body"]),
        document["content_type"],
        document["type"],
        document["user"],
        queue=document["queue"],
    )
