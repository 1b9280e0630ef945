"""Everything that is said is heard here: what nobody need be told of has no template."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chassis.inbox.subscriptions import Subscription, subscribe
from messages.catalogue import EVENTS
from messages.duties import Duty
from messages.event import Event

from notify import handlers
from notify.store import Store


async def _wanted(event: Event, _store: Store) -> Iterable[tuple[str, str]]:
    """Asked for a whole batch at once, and not declared ahead: an office's contact must not keep two batches apart."""
    return handlers.prefetch_keys(event)


SUBSCRIPTIONS: tuple[Subscription[Any], ...] = tuple(
    subscribe(event, handlers.track_duty if issubclass(event, Duty) else handlers.notify, prefetch_related=_wanted)
    for event in EVENTS.values()
    if event.owner != "notify"
)
