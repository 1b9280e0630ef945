"""Everything that is said is heard here: what nobody need be told of has no template."""

from __future__ import annotations

from chassis.bus import Hears, hears
from messages.catalogue import EVENTS
from messages.duties import Duty

from notify import handlers
from notify.store import Store

HEARS: tuple[Hears, ...] = tuple(
    hears(event, handlers.follow_duty if issubclass(event, Duty) else handlers.tell, Store)
    for event in EVENTS.values()
    if event.owner != "notify"
)
