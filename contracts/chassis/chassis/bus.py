"""What a service's bus.py is made of: which event goes to which handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from messages.event import Event

from chassis.handling import Handler, Result
from chassis.unit import Key, Unit

E = TypeVar("E", bound=Event)
S = TypeVar("S")

Run: TypeAlias = Callable[[Unit, datetime], Awaitable[Result]]


def no_reads(_event: Event) -> Iterable[Key]:
    return ()


@dataclass(frozen=True, slots=True)
class Hears:
    """One event type and what is done on it; made by ``hears``, which checks that the types fit."""

    event_type: type[Event]
    handler: Callable[[Any, Any, datetime], Awaitable[Result]]
    store: Callable[[Unit], Any]
    reads: Callable[[Any], Iterable[Key]]

    def run(self, event: Event) -> Run:
        return lambda unit, now: self.handler(event, self.store(unit), now)


def hears(
    event_type: type[E],
    handler: Handler[E, S],
    store: Callable[[Unit], S],
    reads: Callable[[E], Iterable[Key]] = no_reads,
) -> Hears:
    """Bind an event to its handler; ``reads`` names what a whole batch loads ahead (speed only)."""
    return Hears(event_type, handler, store, reads)
