"""Publishing order: one ordering key for each aggregate, and the keys that are blocked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from chassis.handling import Document

MAX_IN_FLIGHT = 2_000
"""Documents in memory at most; further ones are left to the sweep."""
MAX_BLOCKED_KEYS = 2_000
"""Blocked keys remembered at most; with more, every new document is left to the sweep."""


@dataclass(slots=True, eq=False)
class InFlightDocument:
    """A document that this relay is to publish, and the ordering keys on which it must not publish now."""

    document: Document
    keys: frozenset[str]
    predecessors: list[asyncio.Future[frozenset[str]]]
    done: asyncio.Future[frozenset[str]]
    blocked: set[str]

    async def wait_for_predecessors(self) -> None:
        """Wait for earlier documents of the same keys, and add the keys that they left blocked."""
        if self.predecessors:
            await asyncio.wait(self.predecessors)
            self.blocked |= self.blocked_keys

    @property
    def blocked_keys(self) -> frozenset[str]:
        """The keys on which it must not publish, as far as its predecessors have completed."""
        blocked_before = (each.result() for each in self.predecessors if each.done())
        return self.keys.intersection(self.blocked.union(*blocked_before))


class OrderedDispatch:
    """Keeps the events of one aggregate in order.

    An event that could not be published blocks its ordering key: later events of that key stay in the outbox until a
    sweep resumes all of them in order. Other keys of the same documents continue. In-flight documents and blocked keys
    are bounded. Beyond the bound every new document is left to the sweep, until one sweep has admitted all that was
    left before it began; documents committed during that sweep block their own keys only.

    Document ids grow with the order of commits on a key.
    """

    def __init__(self, max_in_flight: int = MAX_IN_FLIGHT, max_blocked_keys: int = MAX_BLOCKED_KEYS) -> None:
        self.in_flight: dict[object, InFlightDocument] = {}
        self._max_in_flight = max_in_flight
        self._max_blocked_keys = max_blocked_keys
        self._tails: dict[str, asyncio.Future[frozenset[str]]] = {}
        self._blocked: set[str] = set()
        self._saturated = False
        self._left_to_sweep: dict[Any, frozenset[str]] = {}
        """Documents unpublished, not admitted or another relay's since the sweep began, with their keys."""

    @property
    def needs_sweep(self) -> bool:
        """Whether only a sweep can resume some documents."""
        return self._saturated or bool(self._blocked)

    @property
    def known_ids(self) -> list[object]:
        """The documents in flight, and those known to wait for the next sweep."""
        return [*self.in_flight, *self._left_to_sweep]

    def room_for(self, count: int) -> bool:
        return len(self.in_flight) + min(count, self._max_in_flight) <= self._max_in_flight

    def admit(self, document: Document) -> InFlightDocument | None:
        """Admit a document just committed; return None when it is in flight already or left to the sweep."""
        if document["_id"] in self.in_flight:
            return None
        if self._saturated or not self.room_for(1):
            self._saturated = True
            self._left_to_sweep[document["_id"]] = _ordering_keys(document)
            return None
        return self._append(document, self._blocked)

    def begin_sweep(self) -> None:
        """Begin to note the documents that are left to the next sweep."""
        self._left_to_sweep.clear()

    def resume(self, page: Iterable[tuple[Document, bool]]) -> list[InFlightDocument]:
        """Admit one page of a sweep, oldest first; the flag says whether this relay holds the lease.

        A document is blocked on each key on which an older one is left to the sweep or is blocked itself.
        """
        page = list(page)
        for document, _ in page:
            self._left_to_sweep.pop(document["_id"], None)
        oldest_blocked = self._oldest_blocked()
        admitted: list[InFlightDocument] = []
        for document, leased in page:
            identifier, keys = document["_id"], _ordering_keys(document)
            if identifier in self.in_flight:
                continue
            if leased and self.room_for(1):
                keys = frozenset(key for key in keys if key in oldest_blocked and oldest_blocked[key] < identifier)
                admitted.append(self._append(document, keys))
            else:
                self._left_to_sweep[identifier] = keys
            oldest_blocked |= {key: min(identifier, oldest_blocked.get(key, identifier)) for key in keys}
        return admitted

    def end_sweep(self) -> None:
        """End a sweep that has seen every document: unblock the keys of which none is left."""
        blocked = self._oldest_blocked().keys()
        if not self._saturated:
            self._blocked &= blocked
        elif len(blocked) <= self._max_blocked_keys:
            self._saturated = False
            self._blocked = set(blocked)

    def block(self, in_flight: InFlightDocument, key: str) -> None:
        """Block a key on which the broker did not take an event of this document."""
        in_flight.blocked.add(key)
        if len(self._blocked) < self._max_blocked_keys:
            self._blocked.add(key)
        self._saturated |= key not in self._blocked

    def complete(self, in_flight: InFlightDocument, *, sent: bool) -> None:
        """Let its successors go on; a sent document stays in flight until ``release``."""
        identifier = in_flight.document["_id"]
        if not sent:
            for key in set(in_flight.blocked or in_flight.keys):
                self.block(in_flight, key)
            self._left_to_sweep[identifier] = frozenset(in_flight.blocked)
            del self.in_flight[identifier]
        in_flight.done.set_result(frozenset(in_flight.blocked))
        for key in in_flight.keys:
            if self._tails.get(key) is in_flight.done:
                del self._tails[key]

    def release(self, marked: Iterable[object]) -> None:
        """Remove documents that are marked sent."""
        for identifier in marked:
            self.in_flight.pop(identifier, None)

    def _append(self, document: Document, blocked: AbstractSet[str]) -> InFlightDocument:
        """Put a document behind the last one of each of its keys that is not blocked."""
        keys = _ordering_keys(document)
        free = keys - blocked
        predecessors = {self._tails[key] for key in free if key in self._tails}
        done: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()
        self._tails.update(dict.fromkeys(free, done))
        in_flight = InFlightDocument(document, keys, list(predecessors), done, set(keys & blocked))
        self.in_flight[document["_id"]] = in_flight
        return in_flight

    def _oldest_blocked(self) -> dict[str, Any]:
        """Return by key the oldest document known that is not published."""
        oldest: dict[str, Any] = {}
        in_flight = (
            (identifier, each.blocked_keys)
            for identifier, each in self.in_flight.items()
            if each.blocked or each.predecessors
        )
        for identifier, keys in [*self._left_to_sweep.items(), *in_flight]:
            for key in keys:
                oldest[key] = min(identifier, oldest.get(key, identifier))
        return oldest


def _ordering_keys(document: Document) -> frozenset[str]:
    events = document["events"]
    return frozenset(events[position]["aggregate"] for position in document.get("unpublished") or range(len(events)))
