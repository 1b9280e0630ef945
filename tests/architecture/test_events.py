"""Every event has a publisher and a consumer, and only its owner publishes it."""

from __future__ import annotations

import importlib
import re

import pytest
from messages.catalogue import EVENTS
from messages.event import Event
from messages.records import RecordHeads

from tests.architecture.sources import ROOT, SERVICES, package

FOR_OPERATORS = {"notify.notice.delivered.v1", "notify.notice.failed.v1"}
"""Events that no service consumes: operators read them from the deliveries and the metrics."""


def subscribed_types(service: str) -> set[str]:
    bus = importlib.import_module(f"{SERVICES[service]}.bus")
    return {each.event_type.type for each in bus.SUBSCRIPTIONS}


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_published_by_its_owner_and_by_nobody_else(name: str) -> None:
    event = EVENTS[name]
    publishers = {
        service
        for service in SERVICES
        for path in package(service).rglob("*.py")
        if _publishes(path.read_text(), event)
    }

    assert publishers == {event.owner}


def _publishes(text: str, event: type[Event]) -> bool:
    if issubclass(event, RecordHeads):  # its owner hands the class to the chassis
        return re.search(rf"^from messages\.\S+ import (.*\W)?{event.__name__}\b", text, re.MULTILINE) is not None
    return re.search(rf"\b{event.__name__}\((?!\):)", text) is not None  # not a pattern ``Name():``


@pytest.mark.parametrize("name", sorted(set(EVENTS) - FOR_OPERATORS))
def test_an_event_has_a_consumer(name: str) -> None:
    assert any(name in subscribed_types(service) for service in SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_subscribes_to_its_own_events(service: str) -> None:
    assert {name for name in subscribed_types(service) if EVENTS[name].owner == service} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_readme_names_the_events_of_the_service(service: str) -> None:
    readme = (ROOT / "services" / service / "README.md").read_text()
    named = {EVENTS[name].__name__ for name in subscribed_types(service)}
    published = {event.__name__ for event in EVENTS.values() if event.owner == service}

    assert {name for name in published if name not in readme} == set()
    assert "every event" in readme or {name for name in named if name not in readme} == set()
