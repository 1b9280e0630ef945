"""Outbox documents: the events of one transaction, stored until the broker has confirmed all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from messages.envelope import OutgoingMessage, encode
from messages.event import Event

from chassis.handling import Document

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Causation(NamedTuple):
    """The request or message that caused an event, for the envelope."""

    correlation_id: str
    causation_id: str = ""


def event_id(event: Event) -> str:
    """Return the id of an event: the same for the same fact, so that a retry or a replay makes no new event."""
    return f"{event.owner}:{event.aggregate}:{event.subject}:{event.sequence}:{event.fact}"


def entry(event: Event, cause: Causation, now: datetime, headers: Mapping[str, str] = _NO_HEADERS) -> Document:
    """Return one event of an outbox document: routing key, aggregate, headers and body as sent.

    ``headers`` are added to the event's own.
    """
    envelope = to_envelope(event, cause, now)
    return {
        "type": envelope.type,
        "aggregate": f"{event.aggregate}:{event.subject}",
        "headers": {**envelope.headers, **headers},
        "body": envelope.body,
    }


def to_envelope(event: Event, cause: Causation, now: datetime) -> OutgoingMessage:
    return encode(
        event,
        event_id=event_id(event),
        time=now,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
    )


def document(entries: Iterable[Document], lease_holder: str) -> Document:
    """Return one document for a whole batch, leased to the relay of the process that commits it."""
    events = list(entries)
    return {"events": events, "count": len(events), "lease_holder": lease_holder, "sent": False}
