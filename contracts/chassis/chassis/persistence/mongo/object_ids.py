"""Identifiers of the outbox, which hold the real time at which they were made."""

from __future__ import annotations

from datetime import UTC, datetime

from bson import ObjectId


def created_at_of(identifier: object) -> datetime | None:
    """Real time at which an identifier of the outbox was made."""
    return identifier.generation_time.astimezone(UTC) if isinstance(identifier, ObjectId) else None


def first_object_id_at(instant: datetime) -> object:
    """Give the smallest identifier of the outbox made at that real time or later."""
    return ObjectId.from_datetime(instant)
