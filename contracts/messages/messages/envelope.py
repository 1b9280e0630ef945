"""CloudEvents 1.0 in binary mode, after the RabbitMQ binding: attributes in ``ce-*`` headers, the fact as body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloudevents.core.base import BaseCloudEvent, EventFactory
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from messages.catalogue import EVENTS
from messages.event import Event

CONTENT_TYPE = "application/json"
SCHEMA_BASE = "urn:green:schema:"


class NotHeard(ValueError):  # noqa: N818 - the sentence reads: it was not heard
    """A message that no listener can ever understand; the text says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """An event as it goes on the wire."""

    id: str
    type: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it came off the wire."""

    id: str
    source: str
    type: str
    time: datetime
    correlation_id: str
    event: Event


class _JsonBytes(JSONFormat):
    """Leaves the body alone: pydantic has written it and will read it."""

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:  # noqa: ANN401, ARG002 - the library's signature
        return bytes(data)

    def read_data(self, body: bytes, datacontenttype: str | None) -> bytes:  # noqa: ARG002 - the library's signature
        return body


_FORMAT = _JsonBytes()


def say(event: Event, *, event_id: str, time: datetime, correlation_id: str, causation_id: str = "") -> Said:
    """Wrap a fact; ``time`` is the instant of its commit, UTC."""
    attributes: dict[str, Any] = {
        "id": event_id,
        "source": f"/green/{event.owner}",
        "type": event.type,
        "specversion": "1.0",
        "time": time,
        "subject": event.subject,
        "datacontenttype": CONTENT_TYPE,
        "dataschema": f"{SCHEMA_BASE}{event.type}",
        "sequence": str(event.sequence),
        "dataclassification": event.sharing,
        "correlationid": correlation_id,
    }
    if causation_id:
        attributes["causationid"] = causation_id
    message = rabbitmq.to_binary(CloudEvent(attributes, event.model_dump_json().encode()), _FORMAT)
    return Said(event_id, event.type, message.headers, message.body)


def hear(headers: Mapping[str, Any], body: bytes, content_type: str | None = CONTENT_TYPE) -> Heard:
    """Read a message in binary or structured mode.

    Raises NotHeard when it is no CloudEvent, of an unknown type, from a source that does not own the type, or when its
    body does not validate. Fields this version does not know are ignored.
    """
    cloud_event = _cloud_event(headers, body, content_type)
    event_type = cloud_event.get_type()
    known = EVENTS.get(event_type)
    if known is None:
        raise NotHeard(f"unknown event type {event_type!r}")
    if cloud_event.get_source() != f"/green/{known.owner}":
        raise NotHeard(f"{event_type!r} is said by {known.owner!r}, not by {cloud_event.get_source()!r}")
    attributes = cloud_event.get_attributes()
    if attributes.get("time") is None:
        raise NotHeard("the event has no time")
    return Heard(
        id=cloud_event.get_id(),
        source=cloud_event.get_source(),
        type=event_type,
        time=attributes["time"],
        correlation_id=str(attributes.get("correlationid") or cloud_event.get_id()),
        event=read_body(known, cloud_event.get_data()),
    )


def read_body(known: type[Event], data: Any) -> Event:  # noqa: ANN401 - bytes in binary mode, a mapping in structured mode
    """Tolerant reading: unknown fields are ignored; what is missing or wrong raises NotHeard, all at once."""
    try:
        if isinstance(data, bytes):
            return known.model_validate_json(data, extra="ignore")
        return known.model_validate(data, extra="ignore")
    except ValidationError as problem:
        wrong = "; ".join(f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in problem.errors())
        raise NotHeard(f"{known.type} does not validate: {wrong}") from problem


def _cloud_event(headers: Mapping[str, Any], body: bytes, content_type: str | None) -> BaseCloudEvent:
    texts = {str(name): str(value) for name, value in headers.items() if str(name).lower().startswith("ce-")}
    message = rabbitmq.RabbitMQMessage(texts, content_type, body)
    factory: EventFactory = CloudEvent
    structured = (content_type or "").lower().startswith("application/cloudevents")
    try:
        return rabbitmq.from_rabbitmq(message, JSONFormat() if structured else _FORMAT, factory)
    except Exception as problem:  # the library raises its own, json's and dateutil's errors for a bad message
        raise NotHeard(f"no CloudEvent: {problem}") from problem
