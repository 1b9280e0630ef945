"""What a service's bus.py is made of: which event goes to which handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from messages.event import Event

from chassis.handling import Handler, HandlerResult, Stale
from chassis.persistence.collections import DocumentCollection
from chassis.persistence.unit_of_work import HandlerCall, Key, RelatedKeys, UnitOfWork

E = TypeVar("E", bound=Event)
S = TypeVar("S")


def no_prefetch(_event: Event) -> Iterable[Key]:
    return ()


@dataclass(frozen=True, slots=True)
class Latest:
    """The last event a projection has taken of one aggregate."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Subscription:
    """One event type and what is done on it; made by ``hears``, which checks that the types fit."""

    event_type: type[Event]
    handler: Callable[[Any, Any, datetime], Awaitable[HandlerResult]]
    store: Callable[[UnitOfWork], Any]
    reads: Callable[[Any], Iterable[Key]]
    only_newer: bool = False
    then: Callable[[Any, Any], Awaitable[Iterable[Key]]] | None = None

    def run(self, event: Event) -> HandlerCall:
        if self.only_newer:
            return lambda unit, now: self._if_newer(event, unit, now)
        return lambda unit, now: self.handler(event, self.store(unit), now)

    def keys(self, event: Event) -> list[Key]:
        """Name what is loaded ahead for this event."""
        gate = [("latest", _aggregate(event))] if self.only_newer else []
        return [*gate, *self.reads(event)]

    def related_keys(self, event: Event) -> RelatedKeys | None:
        then = self.then
        return None if then is None else lambda unit: then(event, self.store(unit))

    async def _if_newer(self, event: Event, unit: UnitOfWork, now: datetime) -> HandlerResult:
        latest = DocumentCollection(unit, "latest", Latest)
        known = await latest.get(_aggregate(event))
        if known is not None and event.sequence <= known.sequence:
            return Stale()
        latest.save(_aggregate(event), Latest(event.sequence))
        return await self.handler(event, self.store(unit), now)


def subscribe(  # noqa: PLR0913 - the parts of a binding, each a word of its own
    event_type: type[E],
    handler: Handler[E, S],
    store: Callable[[UnitOfWork], S],
    reads: Callable[[E], Iterable[Key]] = no_prefetch,
    *,
    only_newer: bool = False,
    then: Callable[[E, S], Awaitable[Iterable[Key]]] | None = None,
) -> Subscription:
    """Bind an event to its handler.

    ``reads`` names what a whole batch loads ahead, and ``then`` what it loads next, found in what was loaded before:
    one question for all messages of the batch in place of one for each (speed only). With ``only_newer`` (a projection
    that keeps the last state) an event older than one already taken of the same aggregate is dropped and counted.
    """
    return Subscription(event_type, handler, store, reads, only_newer, then)


def _aggregate(event: Event) -> str:
    return f"{event.owner}:{event.aggregate}:{event.subject}"
