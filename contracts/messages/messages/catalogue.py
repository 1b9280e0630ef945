"""All events by type: the closed vocabulary of the bus."""

from __future__ import annotations

from types import MappingProxyType

from messages import applications, assessor_quota, notify, registry, review
from messages.event import Event

OWNERS = ("applications", "assessor-quota", "notify", "registry", "review")


def _concrete_events(*modules: object) -> dict[str, type[Event]]:
    found = {
        each.type: each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Event) and each is not Event
    }
    return dict(sorted(found.items()))


EVENTS = MappingProxyType(_concrete_events(applications, assessor_quota, notify, registry, review))
"""Event type → class."""
