"""Exchanges, queues, bindings, policies and permissions; the consumers and definitions.json are built from here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from faststream.rabbit import QueueType, RabbitQueue
from messages.event import Event

EVENTS_EXCHANGE = "green.events"
DEAD_EXCHANGE = "green.dlx"
UNROUTED_QUEUE = "green.unrouted"
"""Receives events that no service consumes, so that the broker can confirm them; the oldest are dropped first."""
UNROUTED_MAX_LENGTH = 10_000
DELIVERY_LIMIT = 200
"""High, because it counts crashes too, and a few kills must not dead-letter messages. Handler failures count apart."""
DEAD_DELIVERY_LIMIT = 1_000_000
"""For dead-letter queues, which have none of their own: without a policy RabbitMQ 4 drops after 20 deliveries."""


@dataclass(frozen=True, slots=True)
class ServiceQueue:
    """One queue of a service, with the events it holds in the order they were published.

    The queue of an owner holds the events of that owner and is consumed by every worker. A named one holds those of
    several owners and has a single active consumer; when that one goes the broker gives the queue to another.
    """

    service: str
    name: str
    types: tuple[str, ...]
    single_active_consumer: bool = False

    @property
    def queue(self) -> str:
        return f"{self.service}.{self.name}"


class SubscribedEvent(Protocol):
    """A subscription as far as the topology needs it."""

    @property
    def event_type(self) -> type[Event]: ...
    @property
    def queue(self) -> str | None: ...


Consumed: TypeAlias = type[Event] | SubscribedEvent
"""An event type goes to the queue of its owner; a subscription may name another queue."""


def service_queues(service: str, subscribed: Iterable[Consumed]) -> tuple[ServiceQueue, ...]:
    """Group the events a service consumes into one queue for each owner, and one for each name given."""
    queues: dict[tuple[str, bool], set[str]] = {}
    for each in subscribed:
        event, name = (each, None) if isinstance(each, type) else (each.event_type, each.queue)
        queues.setdefault((name or event.owner, name is not None), set()).add(event.type)
    return tuple(
        ServiceQueue(service, name, tuple(sorted(types)), single) for (name, single), types in sorted(queues.items())
    )


def dead_letter_queue(service: str) -> str:
    return f"{service}.dlq"


def rabbit_queue(name: str) -> RabbitQueue:
    """Describe a queue for consuming; deployment declares it."""
    return RabbitQueue(name, queue_type=QueueType.QUORUM, durable=True, declare=False)


def definitions(
    subscribed: Mapping[str, Iterable[Consumed]], vhost: str = "green", unrouted: Iterable[type[Event]] = ()
) -> dict[str, Any]:
    """Return RabbitMQ's definitions for service → events consumed; deployment adds the users' passwords.

    ``unrouted`` are events that no service consumes.
    """
    all_queues = [each for service, types in subscribed.items() for each in service_queues(service, types)]
    return {
        "vhosts": [{"name": vhost}],
        "users": [{"name": service, "tags": ""} for service in subscribed],
        "exchanges": [_exchange(vhost, EVENTS_EXCHANGE, "topic"), _exchange(vhost, DEAD_EXCHANGE, "direct")],
        "queues": [
            *(_queue(vhost, each.queue, single=each.single_active_consumer) for each in all_queues),
            *(_queue(vhost, dead_letter_queue(service)) for service in subscribed),
            _queue(vhost, UNROUTED_QUEUE),
        ],
        "bindings": [
            *(_binding(vhost, EVENTS_EXCHANGE, each.queue, key) for each in all_queues for key in each.types),
            *(_binding(vhost, DEAD_EXCHANGE, dead_letter_queue(service), service) for service in subscribed),
            *(_binding(vhost, EVENTS_EXCHANGE, UNROUTED_QUEUE, event.type) for event in unrouted),
        ],
        "policies": [
            *(_policy(vhost, service) for service in subscribed),
            _dead_policy(vhost),
            _unrouted_policy(vhost),
        ],
        "permissions": [_permission(vhost, service) for service in subscribed],
        "topic_permissions": [_topic_permission(vhost, service) for service in subscribed],
    }


def _exchange(vhost: str, name: str, kind: str) -> dict[str, Any]:
    return {
        "vhost": vhost,
        "name": name,
        "type": kind,
        "durable": True,
        "auto_delete": False,
        "internal": False,
        "arguments": {},
    }


def _queue(vhost: str, name: str, *, single: bool = False) -> dict[str, Any]:
    arguments: dict[str, Any] = {"x-queue-type": "quorum"}
    if single:
        arguments["x-single-active-consumer"] = True
    return {
        "vhost": vhost,
        "name": name,
        "durable": True,
        "auto_delete": False,
        "arguments": arguments,
    }


def _binding(vhost: str, source: str, queue: str, key: str) -> dict[str, Any]:
    return {
        "vhost": vhost,
        "source": source,
        "destination": queue,
        "destination_type": "queue",
        "routing_key": key,
        "arguments": {},
    }


def _policy(vhost: str, service: str) -> dict[str, Any]:
    """Return the policy with everything that may change: RabbitMQ refuses a queue whose arguments differ."""
    return {
        "vhost": vhost,
        "name": f"{service}-queues",
        "pattern": f"^{service}\\.(?!dlq$)",
        "apply-to": "queues",
        "priority": 1,
        "definition": {
            "delivery-limit": DELIVERY_LIMIT,
            "dead-letter-exchange": DEAD_EXCHANGE,
            "dead-letter-routing-key": service,
            "dead-letter-strategy": "at-least-once",
            "overflow": "reject-publish",
        },
    }


def _dead_policy(vhost: str) -> dict[str, Any]:
    return {
        "vhost": vhost,
        "name": "dead-letter-queues",
        "pattern": "\\.dlq$",
        "apply-to": "queues",
        "priority": 1,
        "definition": {"delivery-limit": DEAD_DELIVERY_LIMIT},
    }


def _unrouted_policy(vhost: str) -> dict[str, Any]:
    return {
        "vhost": vhost,
        "name": "unrouted",
        "pattern": f"^{_exact(UNROUTED_QUEUE)}$",
        "apply-to": "queues",
        "priority": 1,
        "definition": {"max-length": UNROUTED_MAX_LENGTH, "overflow": "drop-head"},
    }


def _permission(vhost: str, service: str) -> dict[str, Any]:
    return {
        "vhost": vhost,
        "user": service,
        "configure": "^$",
        "write": f"^{_exact(EVENTS_EXCHANGE)}$",
        "read": f"^{service}\\.",
    }


def _topic_permission(vhost: str, service: str) -> dict[str, Any]:
    return {
        "vhost": vhost,
        "user": service,
        "exchange": EVENTS_EXCHANGE,
        "write": f"^{service}\\.",
        "read": "^$",
    }


def _exact(name: str) -> str:
    return name.replace(".", "\\.")
