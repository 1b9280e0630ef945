"""Subscribes to every event of the other services; events without a template notify nobody.

The anchors of the others' records are kept here: notify has no record of its own and hears everybody.
"""

from __future__ import annotations

from typing import Any

from chassis.anchoring import compare_anchor, keys_of_anchor
from chassis.inbox import Subscription, subscribe
from messages.catalogue import EVENTS
from messages.duties import Duty
from messages.records import RecordHeads

from notify.handlers import duties, notifications

SUBSCRIPTIONS: tuple[Subscription[Any], ...] = tuple(
    subscribe(event, compare_anchor, prefetch=keys_of_anchor)
    if issubclass(event, RecordHeads)
    else subscribe(
        event,
        duties.track_duty if issubclass(event, Duty) else notifications.notify,
        prefetch=duties.keys_of_duty,
        prefetch_related=notifications.prefetch_keys,
    )
    for event in EVENTS.values()
    if event.owner != "notify"
)
