"""The outbox: what a transaction has to say, in one document, until the broker has confirmed all of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from messages.envelope import OutgoingMessage, encode
from messages.event import Event

from chassis.persistence.unit_of_work import Document

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Causation(NamedTuple):
    """What made a work say something: for the envelope."""

    correlation_id: str
    causation_id: str = ""


def event_id(event: Event) -> str:
    """The same fact said again has the same identifier: a body run twice or a replay makes no new event."""
    return f"{event.owner}:{event.aggregate}:{event.subject}:{event.sequence}:{event.fact}"


def entry(event: Event, cause: Causation, now: datetime, headers: Mapping[str, str] = _NO_HEADERS) -> Document:
    """One event of an outbox document: routing key, aggregate, headers and body as they go on the wire.

    ``headers`` go along with the event's own, whenever it is sent.
    """
    said = to_envelope(event, cause, now)
    own = {**said.headers, **headers}
    return {"t": said.type, "a": f"{event.aggregate}:{event.subject}", "h": own, "b": said.body}


def to_envelope(event: Event, cause: Causation, now: datetime) -> OutgoingMessage:
    return encode(
        event,
        event_id=event_id(event),
        time=now,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
    )


def document(entries: Iterable[Document], token: str) -> Document:
    """One document for a whole batch, leased from the start to the relay of the process that commits it."""
    events = list(entries)
    return {"events": events, "count": len(events), "token": token, "sent": False}
