"""Collections of the chassis in each service's database, their indexes and retention."""

from __future__ import annotations

from chassis.persistence.collections import Index

DAY = 24 * 3600
OUTBOX_RETENTION = 30 * DAY
INBOX_RETENTION = 90 * DAY

INBOX, OUTBOX, PARKED, LEASES = "inbox", "outbox", "parked", "leases"
AUDIT_READS, AUDIT_DENIALS = "audit_reads", "audit_denials"
SYSTEM_COLLECTIONS = (INBOX, OUTBOX, PARKED, LEASES, AUDIT_READS, AUDIT_DENIALS)
SYSTEM_INDEXES = (
    Index(INBOX, (("at", 1),), ttl_seconds=INBOX_RETENTION),
    Index(OUTBOX, (("sent", 1), ("_id", 1)), partial={"sent": False}),
    Index(OUTBOX, (("sent_at", 1),), ttl_seconds=OUTBOX_RETENTION),
    Index(PARKED, (("state", 1), ("first_at", 1), ("_id", 1))),
    Index(PARKED, (("state", 1), ("last_at", 1), ("_id", 1))),
)
