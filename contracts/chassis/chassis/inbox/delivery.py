"""A message as received: from a queue, or from the parking lot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from messages.envelope import PREFIX, OutgoingMessage

from chassis.broker.headers import UNDECODABLE

NUL = "\0"
"""No key of a stored document holds it."""


class Delivery(NamedTuple):
    """One delivery. ``user`` is the publisher, verified by the broker; ``at`` the real time of the commit, if sent.

    ``queue`` is the one it came from, a dead letter's the one that gave it up.
    """

    headers: Mapping[str, Any]
    body: bytes
    content_type: str | None
    routing_key: str
    user: str | None = None
    at: datetime | None = None
    queue: str | None = None

    def without_properties(self, why: str) -> Delivery:
        """Return the message with nothing of what its publisher wrote beside the body, and why that is left out."""
        key = self.routing_key.encode(errors="backslashreplace").decode()
        return Delivery({UNDECODABLE: why}, self.body, None, key)

    def to_envelope(self) -> OutgoingMessage:
        """Return the message in the form in which it is stored."""
        headers = {
            str(name).replace(NUL, "\ufffd"): str(value)
            for name, value in self.headers.items()
            if str(name).startswith((PREFIX, UNDECODABLE))
        }
        event_id = headers.get("ce-id") or f"unnamed:{sha256(self.body).hexdigest()[:16]}"
        return OutgoingMessage(event_id, self.routing_key, headers, self.body)
