"""An outbox entry as the message it becomes: its id, properties and routing key."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from messages.envelope import CONTENT_TYPE
from pamqp import commands as spec

from chassis.handling import Document

PERSISTENT = 2
MAX_SHORT_STRING = 255
"""Bytes of an AMQP short string, which message ids are."""


class Publication(NamedTuple):
    """One message to be published, persistent and mandatory."""

    message_id: str
    exchange: str
    routing_key: str
    properties: spec.Basic.Properties
    body: bytes


def message_id_of(entry: Document) -> str:
    return _shorten(entry["headers"]["ce-id"])


def publication_of(entry: Document, exchange: str, user: str | None) -> Publication:
    """Return the message of an entry; the broker verifies that ``user`` publishes it."""
    message_id = message_id_of(entry)
    properties = spec.Basic.Properties(
        content_type=CONTENT_TYPE,
        headers=entry["headers"],
        delivery_mode=PERSISTENT,
        message_id=message_id,
        correlation_id=_shorten(entry["headers"].get("ce-correlationid", "")) or None,
        message_type=entry["type"],
        timestamp=entry.get("at"),
        user_id=user,
    )
    return Publication(message_id, exchange, entry["type"], properties, entry["body"])


def _shorten(identifier: str) -> str:
    """Return an id that fits into a short string: itself, or its digest when it is too long."""
    encoded = identifier.encode(errors="surrogatepass")
    return identifier if len(encoded) <= MAX_SHORT_STRING else f"sha256:{sha256(encoded).hexdigest()}"
