"""What the chassis itself keeps in the database of each service, and for how long."""

from __future__ import annotations

from chassis.persistence.collections import Index

DAY = 24 * 3600
OUTBOX_RETENTION = 30 * DAY
INBOX_RETENTION = 90 * DAY

SYSTEM_COLLECTIONS = ("inbox", "outbox", "parked", "leases", "latest", "access_reads", "access_refusals")
OWN_INDEXES = (
    Index("inbox", (("at", 1),), ttl_seconds=INBOX_RETENTION),
    Index("outbox", (("sent", 1), ("_id", 1)), partial={"sent": False}),
    Index("outbox", (("sent_at", 1),), ttl_seconds=OUTBOX_RETENTION),
    Index("parked", (("state", 1), ("first_at", 1))),
    Index("parked", (("state", 1), ("last_at", 1))),
)
