"""Subscriptions: which event goes to which handler. A service's bus.py is a table of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from messages.event import Event

from chassis.handling import Handler, HandlerResult
from chassis.persistence.unit_of_work import HandlerCall, Key, RelatedKeys, UnitOfWork

E = TypeVar("E", bound=Event)
S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


def no_prefetch(_event: Event) -> Iterable[Key]:
    return ()


@dataclass(frozen=True, slots=True)
class Subscription(Generic[S_contra]):
    """One event type and its handler; made by ``subscribe``, which checks that the types fit."""

    event_type: type[Event]
    handler: Callable[[Any, S_contra, datetime], Awaitable[HandlerResult]]
    prefetch: Callable[[Any], Iterable[Key]] = no_prefetch
    prefetch_related: Callable[[Any, S_contra], Awaitable[Iterable[Key]]] | None = None

    def call(self, event: Event, store: Callable[[UnitOfWork], S_contra]) -> HandlerCall:
        """Return the handling of one event, on a store that each unit of work opens."""
        return lambda unit, now: self.handler(event, store(unit), now)

    def related_keys(self, event: Event, store: Callable[[UnitOfWork], S_contra]) -> RelatedKeys | None:
        """Return the question for the keys to load next, found in the documents loaded so far."""
        related = self.prefetch_related
        return None if related is None else lambda unit: related(event, store(unit))


def subscribe(
    event_type: type[E],
    handler: Handler[E, S],
    prefetch: Callable[[E], Iterable[Key]] = no_prefetch,
    *,
    prefetch_related: Callable[[E, S], Awaitable[Iterable[Key]]] | None = None,
) -> Subscription[S]:
    """Bind an event to its handler; the store is the service's own (``ServiceDefinition.store``).

    ``prefetch`` names the keys that a whole batch loads first, ``prefetch_related`` those it loads next, found in the
    documents of the first: one query for all messages of the batch in place of one for each (speed only).
    """
    return Subscription(event_type, handler, prefetch, prefetch_related)
