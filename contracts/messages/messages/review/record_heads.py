"""Event of the anchor of review's records."""

from __future__ import annotations

from messages.event import Event
from messages.records import RecordHeads


class CaseRecordHeadsPublished(
    RecordHeads, Event, type="review.record.heads-published.v1", subject="service", sharing="internal"
):
    """The heads of this service's records are anchored; another service keeps the digest (V14)."""
