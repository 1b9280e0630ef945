"""Lanes: in which order documents go out, one lane for each aggregate, and which lanes are stuck."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from chassis.unit import Document

HELD_MAX = 2_000
"""Documents held in memory; what comes beyond is left to the sweep."""
STUCK_MAX = 2_000
"""Stuck lanes remembered; with more, everything that is committed is left to the sweep."""


@dataclass(slots=True, eq=False)
class Held:
    """A document in hand, and the lanes on which it may say nothing now."""

    document: Document
    lanes: frozenset[str]
    ahead: list[asyncio.Future[frozenset[str]]]
    ended: asyncio.Future[frozenset[str]]
    stuck: set[str]

    async def turn(self) -> None:
        """Wait for those ahead on the same lanes, and learn which of them they left stuck."""
        if self.ahead:
            await asyncio.wait(self.ahead)
            self.stuck |= self.lanes & frozenset().union(*(each.result() for each in self.ahead))


class Lanes:
    """The order of one process's documents on the lanes of their aggregates.

    What does not go out is left, and its lane is stuck: whatever is committed on it afterwards is left behind it, until
    a sweep has all of that in hand again, in order. The other lanes of the same documents go on. Memory is bounded:
    beyond its bounds the entrance is shut as a whole, and all goes by the sweep until that has everything in hand.
    """

    def __init__(self, held_max: int = HELD_MAX, stuck_max: int = STUCK_MAX) -> None:
        self.held: dict[object, Held] = {}
        self._held_max = held_max
        self._stuck_max = stuck_max
        self._tails: dict[str, asyncio.Future[frozenset[str]]] = {}
        self._stuck: set[str] = set()
        self._shut = False
        self._left: set[str] = set()
        self._left_outside = False

    @property
    def behind(self) -> bool:
        """Whether documents have been left that only a sweep can bring back."""
        return self._shut or bool(self._stuck)

    def enter(self, document: Document) -> Held | None:
        """Take a document just committed; None when it is in hand already or left to the sweep."""
        if document["_id"] in self.held:
            return None
        if self._shut or len(self.held) >= self._held_max:
            self._shut = self._left_outside = True
            return None
        return self._hold(document, self._stuck)

    def look(self) -> None:
        """Begin a sweep: from here on it is remembered what is left meanwhile."""
        self._left.clear()
        self._left_outside = False

    def take_up(self, found: Iterable[tuple[Document, bool]], *, whole: bool) -> list[Held]:
        """Take what a sweep found, oldest first, each with whether it is ours; ``whole``: there was no more.

        What is not ours, or in hand already, leaves its lanes stuck for those behind it.
        """
        missing: set[str] = set()
        taken: list[Held] = []
        for document, ours in found:
            if ours and document["_id"] not in self.held and len(self.held) < self._held_max:
                taken.append(self._hold(document, missing))
            else:
                missing |= _lanes(document)
        if whole:
            self._open(missing.union(self._left, *(each.stuck for each in self.held.values())))
        return taken

    def stick(self, held: Held, lane: str) -> None:
        """The broker has not taken what this document says on a lane."""
        held.stuck.add(lane)
        if len(self._stuck) < self._stuck_max:
            self._stuck.add(lane)
        self._shut |= lane not in self._stuck

    def end(self, held: Held, *, sent: bool) -> None:
        """Let those behind go on; a document that was sent stays in hand until it is marked so."""
        if not sent:
            for lane in set(held.stuck or held.lanes):
                self.stick(held, lane)
            self._left |= held.stuck
            del self.held[held.document["_id"]]
        held.ended.set_result(frozenset(held.stuck))
        for lane in held.lanes:
            if self._tails.get(lane) is held.ended:
                del self._tails[lane]

    def forget(self, marked: Iterable[object]) -> None:
        for identifier in marked:
            self.held.pop(identifier, None)

    def _hold(self, document: Document, stuck: set[str]) -> Held:
        """Put a document on the end of those of its lanes on which it may go."""
        lanes = _lanes(document)
        free = lanes - stuck
        ahead = {self._tails[lane] for lane in free if lane in self._tails}
        ended: asyncio.Future[frozenset[str]] = asyncio.get_running_loop().create_future()
        self._tails.update(dict.fromkeys(free, ended))
        held = self.held[document["_id"]] = Held(document, lanes, list(ahead), ended, set(lanes & stuck))
        return held

    def _open(self, still: set[str]) -> None:
        """Let lanes go again of which nothing is left outside."""
        if not self._shut:
            self._stuck &= still
        elif not still and not self._left_outside:
            self._shut = False
            self._stuck.clear()


def _lanes(document: Document) -> frozenset[str]:
    events = document["events"]
    return frozenset(events[place]["a"] for place in document.get("left") or range(len(events)))
