"""CloudEvents 1.0 in binary mode, after the RabbitMQ binding: attributes in ``ce-*`` headers, the fact as body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloudevents.core.base import EventFactory
from cloudevents.core.bindings import rabbitmq
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from pydantic import ValidationError

from messages.catalogue import EVENTS
from messages.event import Event

CONTENT_TYPE = "application/json"
SCHEMA_BASE = "urn:green:schema:"
PREFIX = "ce-"
SPECVERSION = "1.0"
REQUIRED = ("id", "source", "type", "specversion", "time")
MAX_PROBLEMS = 1000
"""Problems of one body that are named."""


class UndecodableMessageError(ValueError):
    """A message that no consumer can ever read; the text gives the reason."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """An event as it goes on the wire."""

    id: str
    type: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """An event as it came off the wire."""

    id: str
    source: str
    type: str
    time: datetime
    correlation_id: str
    event: Event


class _JsonBytes(JSONFormat):
    """Leaves the body alone: pydantic has written it."""

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:  # noqa: ANN401, ARG002 - the library's signature
        return bytes(data)


_FORMAT = _JsonBytes()


def encode(
    event: Event, *, event_id: str, time: datetime, correlation_id: str, causation_id: str = ""
) -> OutgoingMessage:
    """Wrap a fact; ``time`` is the instant of its commit, UTC."""
    attributes: dict[str, Any] = {
        "id": event_id,
        "source": f"/green/{event.owner}",
        "type": event.type,
        "specversion": SPECVERSION,
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
    return OutgoingMessage(event_id, event.type, message.headers, message.body)


def decode(headers: Mapping[str, Any], body: bytes, content_type: str | None = CONTENT_TYPE) -> IncomingMessage:
    """Read a message in binary or structured mode.

    Raises UndecodableMessageError when it is no CloudEvent, of an unknown type, from a source that does not own
    the type, or when its body does not validate. Fields this version does not know are ignored.
    """
    structured = (content_type or "").lower().startswith("application/cloudevents")
    attributes, data = _structured(body, content_type) if structured else (_binary(headers), body)
    known = EVENTS.get(attributes["type"])
    if known is None:
        raise UndecodableMessageError(f"unknown event type {attributes['type']!r}")
    if attributes["source"] != f"/green/{known.owner}":
        raise UndecodableMessageError(f"{known.type!r} is said by {known.owner!r}, not by {attributes['source']!r}")
    return IncomingMessage(
        id=attributes["id"],
        source=attributes["source"],
        type=known.type,
        time=_in_utc(attributes["time"]),
        correlation_id=str(attributes.get("correlationid") or attributes["id"]),
        event=read_body(known, data),
    )


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as problem:
        raise UndecodableMessageError(f"no CloudEvent: time {time} lies outside the calendar") from problem


def read_body(known: type[Event], data: Any) -> Event:  # noqa: ANN401 - bytes in binary mode, a mapping in structured mode
    """Tolerant reading: unknown fields are ignored.

    UndecodableMessageError names what is missing or wrong, all at once.
    """
    try:
        if isinstance(data, bytes):
            return known.model_validate_json(data, extra="ignore")
        return known.model_validate(data, extra="ignore")
    except ValidationError as problem:
        raise UndecodableMessageError(f"{known.type} does not validate: {_wrong(problem)}") from problem


def _wrong(problem: ValidationError) -> str:
    """Name what is wrong; so many problems that naming them would cost more than the message are only counted."""
    if problem.error_count() > MAX_PROBLEMS:
        return f"{problem.error_count()} problems"
    errors = problem.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'/'.join(map(str, each['loc']))}: {each['msg']}" for each in errors)


def _binary(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of the binary mode.

    Read here and not by the library, which takes three times as long for every message as all the rest of hearing it;
    a test holds both to the same answer.
    """
    attributes: dict[str, Any] = {
        name[3:].lower(): str(value) for name, value in headers.items() if name[:3].lower() == PREFIX
    }
    missing = [name for name in REQUIRED if not attributes.get(name)]
    if missing:
        raise UndecodableMessageError(f"no CloudEvent: {', '.join(missing)} missing")
    if attributes["specversion"] != SPECVERSION:
        raise UndecodableMessageError(f"no CloudEvent of version {SPECVERSION}: {attributes['specversion']!r}")
    try:
        attributes["time"] = datetime.fromisoformat(attributes["time"])
    except ValueError as problem:
        raise UndecodableMessageError(f"no CloudEvent: time {attributes['time']!r}") from problem
    if attributes["time"].tzinfo is None:
        raise UndecodableMessageError(f"no CloudEvent: time {attributes['time']} names no zone")
    return attributes


def _structured(body: bytes, content_type: str | None) -> tuple[Mapping[str, Any], Any]:
    message = rabbitmq.RabbitMQMessage({}, content_type, body)
    factory: EventFactory = CloudEvent
    try:
        event = rabbitmq.from_rabbitmq(message, JSONFormat(), factory)
    except Exception as problem:  # the library raises its own, json's and dateutil's errors for a bad message
        raise UndecodableMessageError(f"no CloudEvent: {problem}") from problem
    if event.get_attributes().get("time") is None:
        raise UndecodableMessageError("no CloudEvent: time missing")
    return event.get_attributes(), event.get_data()
