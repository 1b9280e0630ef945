"""Republishing: marks sent outbox documents as unpublished, for the relays to send again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chassis.clock import SystemClock
from chassis.persistence.mongo import Database, first_object_id_at
from chassis.persistence.system_collections import OUTBOX


async def republish_since(database: Database, since: datetime, who: str) -> int:
    """Mark the documents sent since then as unpublished and return their number.

    The relays take them like those of a lost process; consumers drop by their inbox the events they have handled.
    """
    instant = since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)
    where: dict[str, Any] = {"_id": {"$gte": first_object_id_at(instant)}, "sent": True}
    record = {"at": SystemClock().now(), "by": who}
    change = {
        "$set": {"sent": False},
        "$unset": {"lease_until": "", "unpublished": "", "sent_at": ""},
        "$push": {"republished": record},
    }
    return await database.update_all(OUTBOX, where, change)
