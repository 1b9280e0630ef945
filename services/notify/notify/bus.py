"""Subscribes to every event of the other services; events without a template notify nobody."""

from __future__ import annotations

from typing import Any

from chassis.inbox import Subscription, subscribe
from messages.catalogue import EVENTS
from messages.duties import Duty

from notify.handlers import duties, notifications

SUBSCRIPTIONS: tuple[Subscription[Any], ...] = tuple(
    subscribe(
        event,
        duties.track_duty if issubclass(event, Duty) else notifications.notify,
        prefetch=duties.keys_of_duty,
        prefetch_related=notifications.prefetch_keys,
    )
    for event in EVENTS.values()
    if event.owner != "notify"
)
