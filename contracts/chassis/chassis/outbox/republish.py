"""Saying again: documents of the outbox that were sent are given back to the relays."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chassis.clock import SystemClock
from chassis.persistence.mongo import Database, first_object_id_at


async def republish_since(database: Database, since: datetime, who: str) -> int:
    """Mark what was said since then as unsent and return how many documents that is.

    The relays take them as they take what a lost process left; listeners know by the inbox what they had already.
    """
    instant = since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)
    where: dict[str, Any] = {"_id": {"$gte": first_object_id_at(instant)}, "sent": True}
    record = {"at": SystemClock().now(), "by": who}
    change = {
        "$set": {"sent": False},
        "$unset": {"lease_until": "", "unpublished": "", "sent_at": ""},
        "$push": {"republished": record},
    }
    return await database.update_all("outbox", where, change)
