"""The broker's committed definitions and the code agree, and each service may do no more than it needs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from messages.catalogue import EVENTS

from deploy.generate import broker_definitions
from deploy.services import SERVICES, Service


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    return broker_definitions.committed()


def test_no_password_is_committed(committed: dict[str, Any]) -> None:
    assert "password" not in json.dumps(committed)


def test_every_event_reaches_at_least_one_queue(committed: dict[str, Any]) -> None:
    routed = {binding["routing_key"] for binding in committed["bindings"]}

    assert EVENTS.keys() - routed == set()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_writes_its_own_events_and_reads_its_own_queues(service: Service, committed: dict[str, Any]) -> None:
    (permission,) = [each for each in committed["permissions"] if each["user"] == service.name]
    (topics,) = [each for each in committed["topic_permissions"] if each["user"] == service.name]
    readable = {queue["name"] for queue in committed["queues"] if re.search(permission["read"], queue["name"])}
    sayable = {event.owner for event in EVENTS.values() if re.search(topics["write"], event.type)}

    assert {name.split(".")[0] for name in readable} == {service.name}
    assert sayable == {service.name}
    assert not re.search(permission["configure"], "anything")
