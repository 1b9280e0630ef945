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

UPLOADS, FILES, CHUNKS = "uploads", "fs.files", "fs.chunks"
"""Uploads that no commit has named yet, and the two collections of GridFS."""
FILE_COLLECTIONS = (UPLOADS, FILES, CHUNKS)
FILE_INDEXES = (
    Index(UPLOADS, (("begun_at", 1), ("_id", 1))),
    Index(FILES, (("filename", 1), ("uploadDate", 1))),
    Index(CHUNKS, (("files_id", 1), ("n", 1)), unique=True),
)
"""Belong to the ``INDEXES`` of a service that stores files; those of GridFS are the ones its other clients expect."""
