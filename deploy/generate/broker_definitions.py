"""The broker's definitions, composed from the subscriptions, and the configuration that every node needs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chassis.broker.limits import MESSAGE_MAX_BYTES
from chassis.broker.topology import definitions
from messages.catalogue import EVENTS

from deploy.services import SERVICES

VHOST = "green"
FOLDER = Path(__file__).parent.parent / "rabbitmq"
COMMITTED = FOLDER / "definitions.json"
CONFIGURATION = f"""\
# For every node of the broker, beside its own listeners and accounts.
# The largest body in bytes; publishers send no larger one, and consumers would park it cut.
max_message_size = {MESSAGE_MAX_BYTES}
"""


def composed(vhost: str = VHOST) -> dict[str, Any]:
    """Compose everything but the users' passwords, which are made where the broker runs; imports every service."""
    subscribed = {service.name: service.subscriptions() for service in SERVICES}
    consumed = {each.event_type for subscriptions in subscribed.values() for each in subscriptions}
    return definitions(subscribed, vhost, [event for event in EVENTS.values() if event not in consumed])


def generate() -> dict[Path, str]:
    """Return file → text."""
    return {
        COMMITTED: json.dumps(composed(), indent=2, ensure_ascii=False) + "\n",
        FOLDER / "rabbitmq.conf": CONFIGURATION,
    }


def committed() -> dict[str, Any]:
    """Read the committed definitions, without importing a service."""
    read: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return read


def with_passwords(without: Mapping[str, Any], passwords: Mapping[str, str]) -> dict[str, Any]:
    users = [{**user, "password": passwords[user["name"]]} for user in without["users"]]
    return {**without, "users": users}
