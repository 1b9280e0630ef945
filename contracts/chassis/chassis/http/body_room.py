"""Room for the bodies that a process holds in memory while it receives and answers them: for all callers, and for each.

Without a bound one caller needs a few hundred connections that send all of a megabyte but its last byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from chassis.handling import Refusal
from chassis.http.problems import RETRY_AFTER
from chassis.settings import MIB

ROOM, ROOM_OF_ONE_CALLER = 64 * MIB, 8 * MIB


class BodyRoomFullError(Refusal):
    """As many bytes of bodies are held as may be."""

    def __init__(self) -> None:
        super().__init__("overloaded", status=503, title="Too many bodies at this moment")
        self.headers = {"Retry-After": str(RETRY_AFTER)}


class BodyRoom:
    """Counts the bytes of the bodies that are held."""

    def __init__(self, room: int = ROOM, of_one_caller: int = ROOM_OF_ONE_CALLER) -> None:
        self._room = room
        self._of_one_caller = of_one_caller
        self._held: Counter[str] = Counter()
        self.total = 0

    @contextmanager
    def hold(self, caller: str) -> Iterator[Callable[[int], None]]:
        """Yield the function that takes room for so many bytes more; all of it is free again afterwards."""
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if self.total + size > self._room or self._held[caller] + size > self._of_one_caller:
                raise BodyRoomFullError
            taken += size
            self._held[caller] += size
            self.total += size

        try:
            yield take
        finally:
            self.total -= taken
            self._held[caller] -= taken
            if not self._held[caller]:
                del self._held[caller]
