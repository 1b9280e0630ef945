"""Lanes: in which order documents go out, one lane for each aggregate, and which lanes are stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from chassis.handling import Document

MAX_IN_FLIGHT = 2_000
"""Documents held in memory; what comes beyond is left to the sweep."""
MAX_BLOCKED_KEYS = 2_000
"""Stuck lanes remembered; with more, everything that is committed is left to the sweep."""


@dataclass(slots=True, eq=False)
class InFlightDocument:
    """A document in hand, and the lanes on which it may say nothing now."""

    document: Document
    keys: frozenset[str]
    predecessors: list[asyncio.Future[frozenset[str]]]
    done: asyncio.Future[frozenset[str]]
    blocked: set[str]

    async def wait_for_predecessors(self) -> None:
        """Wait for those ahead on the same lanes, and learn which of them they left stuck."""
        if self.predecessors:
            await asyncio.wait(self.predecessors)
            self.blocked |= self.blocked_keys

    @property
    def blocked_keys(self) -> frozenset[str]:
        """The lanes on which it may say nothing, as far as those ahead have come to an end."""
        left = (each.result() for each in self.predecessors if each.done())
        return self.keys.intersection(self.blocked.union(*left))


class OrderedDispatch:
    """The order of one process's documents on the lanes of their aggregates.

    What does not go out is left, and its lane is stuck: whatever is committed on it afterwards is left behind it, until
    a sweep has all of that in hand again, in order. The other lanes of the same documents go on. The documents held and
    the lanes remembered are bounded: beyond that the entrance is shut as a whole and what comes is turned away, until a
    sweep has in hand all that was outside before it; what came meanwhile leaves its own lanes stuck and no others.

    Identifiers grow with the order of commits on a lane.
    """

    def __init__(self, held_max: int = MAX_IN_FLIGHT, stuck_max: int = MAX_BLOCKED_KEYS) -> None:
        self.held: dict[object, InFlightDocument] = {}
        self._held_max = held_max
        self._stuck_max = stuck_max
        self._tails: dict[str, asyncio.Future[frozenset[str]]] = {}
        self._stuck: set[str] = set()
        self._saturated = False
        self._left_to_sweep: dict[Any, frozenset[str]] = {}
        """Documents left, turned away or another's, on which lanes; as far as it happened since the sweep began."""

    @property
    def needs_sweep(self) -> bool:
        """Whether documents have been left that only a sweep can bring back."""
        return self._saturated or bool(self._stuck)

    @property
    def known_ids(self) -> list[object]:
        """The documents in hand, and those outside of which it is known that they must wait for the next sweep."""
        return [*self.held, *self._left_to_sweep]

    def room_for(self, count: int) -> bool:
        return len(self.held) + min(count, self._held_max) <= self._held_max

    def admit(self, document: Document) -> InFlightDocument | None:
        """Take a document just committed; None when it is in hand already or left to the sweep."""
        if document["_id"] in self.held:
            return None
        if self._saturated or not self.room_for(1):
            self._saturated = True
            self._left_to_sweep[document["_id"]] = _ordering_keys(document)
            return None
        return self._hold(document, self._stuck)

    def begin_sweep(self) -> None:
        """Begin a sweep: from here on it is remembered what is outside."""
        self._left_to_sweep.clear()

    def resume(self, found: Iterable[tuple[Document, bool]]) -> list[InFlightDocument]:
        """Take what a sweep found next, oldest first, each with whether it is ours.

        A document may say nothing on a lane on which an older one is outside, or is in hand and may say nothing itself.
        """
        found = list(found)
        for document, _ in found:
            self._left_to_sweep.pop(document["_id"], None)
        kept_back = self._oldest_blocked()
        taken: list[InFlightDocument] = []
        for document, ours in found:
            identifier, lanes = document["_id"], _ordering_keys(document)
            if identifier in self.held:
                continue
            if ours and self.room_for(1):
                lanes = frozenset(lane for lane in lanes if lane in kept_back and kept_back[lane] < identifier)
                taken.append(self._hold(document, lanes))
            else:
                self._left_to_sweep[identifier] = lanes
            kept_back |= {lane: min(identifier, kept_back.get(lane, identifier)) for lane in lanes}
        return taken

    def end_sweep(self) -> None:
        """End a sweep that has found all: let lanes go again of which nothing is left outside."""
        still = self._oldest_blocked().keys()
        if not self._saturated:
            self._stuck &= still
        elif len(still) <= self._stuck_max:
            self._saturated = False
            self._stuck = set(still)

    def block(self, held: InFlightDocument, lane: str) -> None:
        """The broker has not taken what this document says on a lane."""
        held.blocked.add(lane)
        if len(self._stuck) < self._stuck_max:
            self._stuck.add(lane)
        self._saturated |= lane not in self._stuck

    def complete(self, held: InFlightDocument, *, sent: bool) -> None:
        """Let those behind go on; a document that was sent stays in hand until it is marked so."""
        if not sent:
            for lane in set(held.blocked or held.keys):
                self.block(held, lane)
            self._left_to_sweep[held.document["_id"]] = frozenset(held.blocked)
            del self.held[held.document["_id"]]
        held.done.set_result(frozenset(held.blocked))
        for lane in held.keys:
            if self._tails.get(lane) is held.done:
                del self._tails[lane]

    def release(self, marked: Iterable[object]) -> None:
        for identifier in marked:
            self.held.pop(identifier, None)

    def _hold(self, document: Document, stuck: AbstractSet[str]) -> InFlightDocument:
        """Put a document on the end of those of its lanes on which it may go."""
        lanes = _ordering_keys(document)
        free = lanes - stuck
        ahead = {self._tails[lane] for lane in free if lane in self._tails}
        ended: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()
        self._tails.update(dict.fromkeys(free, ended))
        held = self.held[document["_id"]] = InFlightDocument(document, lanes, list(ahead), ended, set(lanes & stuck))
        return held

    def _oldest_blocked(self) -> dict[str, Any]:
        """By lane, the oldest document known that stays behind."""
        oldest: dict[str, Any] = {}
        in_hand = ((name, each.blocked_keys) for name, each in self.held.items() if each.blocked or each.predecessors)
        staying = [*self._left_to_sweep.items(), *in_hand]
        for identifier, lanes in staying:
            for lane in lanes:
                oldest[lane] = min(identifier, oldest.get(lane, identifier))
        return oldest


def _ordering_keys(document: Document) -> frozenset[str]:
    events = document["events"]
    return frozenset(events[place]["aggregate"] for place in document.get("unpublished") or range(len(events)))
