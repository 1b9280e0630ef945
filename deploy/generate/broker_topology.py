"""Composes the broker's definitions from the subscriptions: `python -m deploy.generate.broker_topology`."""

import json
from typing import Any

from chassis.broker.topology import definitions
from messages.catalogue import EVENTS

from deploy.generate.broker_definitions import COMMITTED, VHOST
from deploy.services import SERVICES


def composed(vhost: str = VHOST) -> dict[str, Any]:
    """Give everything but the users' passwords, which are made where the broker runs."""
    heard = {service.name: [each.event_type for each in service.subscriptions()] for service in SERVICES}
    listened = {event_type for types in heard.values() for event_type in types}
    return definitions(heard, vhost, [event for event in EVENTS.values() if event not in listened])


def main() -> None:
    text = json.dumps(composed(), indent=2, ensure_ascii=False)
    COMMITTED.write_text(f"{text}\n", encoding="utf-8")
    print(COMMITTED)


if __name__ == "__main__":
    main()
