"""Subscriptions: the handler of each event. A service's bus.py is a table of them."""

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
    """One event type and its handler; create it with ``subscribe``, which checks the types."""

    event_type: type[Event]
    handler: Callable[[Any, S_contra, datetime], Awaitable[HandlerResult]]
    prefetch: Callable[[Any], Iterable[Key]] = no_prefetch
    prefetch_related: Callable[[Any, S_contra], Awaitable[Iterable[Key]]] | None = None
    queue: str | None = None
    """None: the queue of the event's owner. A name: one queue with a single active consumer."""

    def call(self, event: Event, store: Callable[[UnitOfWork], S_contra]) -> HandlerCall:
        """Return the handler call for one event, on a store over the unit of work that it gets."""
        return lambda unit, now: self.handler(event, store(unit), now)

    def related_keys(self, event: Event, store: Callable[[UnitOfWork], S_contra]) -> RelatedKeys | None:
        """Return the lookup of further keys to load, by the documents loaded so far."""
        related = self.prefetch_related
        return None if related is None else lambda unit: related(event, store(unit))


def subscribe(
    event_type: type[E],
    handler: Handler[E, S],
    prefetch: Callable[[E], Iterable[Key]] = no_prefetch,
    *,
    prefetch_related: Callable[[E, S], Awaitable[Iterable[Key]]] | None = None,
    queue: str | None = None,
) -> Subscription[S]:
    """Bind an event to its handler; the store is the service's own (``ServiceDefinition.store``).

    ``prefetch`` returns the keys that a batch loads first, ``prefetch_related`` those it loads next, found in the
    documents of the first: one query for all messages of a batch instead of one each (speed only). Events with the same
    ``queue`` share a queue that one process at a time consumes, others standing by: for handlers whose shared document
    is the rule itself.
    """
    return Subscription(event_type, handler, prefetch, prefetch_related, queue)
