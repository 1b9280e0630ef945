"""Outbox ids, which encode the real time of their creation."""

from __future__ import annotations

from datetime import UTC, datetime

from bson import ObjectId


def created_at_of(identifier: object) -> datetime | None:
    """Return the creation time encoded in an outbox id; None for another type of id."""
    return identifier.generation_time.astimezone(UTC) if isinstance(identifier, ObjectId) else None


def first_object_id_at(instant: datetime) -> object:
    """Return the smallest outbox id of that real time or later."""
    return ObjectId.from_datetime(instant)
