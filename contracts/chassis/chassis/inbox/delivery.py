"""A message as it came: from a queue, or from where it was kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from messages.envelope import OutgoingMessage


class Delivery(NamedTuple):
    """``user`` is the broker's word on who published it; ``at`` the real time of the event's commit, where told."""

    headers: Mapping[str, Any]
    body: bytes
    content_type: str | None
    routing_key: str
    user: str | None = None
    at: datetime | None = None

    def to_envelope(self) -> OutgoingMessage:
        """Give the message as it can be kept."""
        headers = {str(name): str(value) for name, value in self.headers.items() if str(name).startswith("ce-")}
        event_id = headers.get("ce-id") or f"unnamed:{sha256(self.body).hexdigest()[:16]}"
        return OutgoingMessage(event_id, self.routing_key, headers, self.body)
