"""The broker's definitions for all five services, composed from what each hears: `python -m deploy.topology`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis.topology import definitions
from messages.catalogue import EVENTS

from deploy.services import SERVICES

VHOST = "green"
COMMITTED = Path(__file__).parent / "rabbitmq" / "definitions.json"


def composed(vhost: str = VHOST) -> dict[str, Any]:
    """Give everything but the users' passwords, which are made where the broker runs."""
    heard = {service.name: [each.event_type for each in service.hears()] for service in SERVICES}
    listened = {event_type for types in heard.values() for event_type in types}
    return definitions(heard, vhost, [event for event in EVENTS.values() if event not in listened])


def with_passwords(definitions: Mapping[str, Any], passwords: Mapping[str, str]) -> dict[str, Any]:
    return {**definitions, "users": [{**user, "password": passwords[user["name"]]} for user in definitions["users"]]}


def as_text(definitions: Mapping[str, Any]) -> str:
    return json.dumps(definitions, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COMMITTED.parent.mkdir(exist_ok=True)
    COMMITTED.write_text(as_text(composed()), encoding="utf-8")
    print(COMMITTED)
