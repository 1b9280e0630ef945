"""The entries of the register, anchored outside the service's database."""

from __future__ import annotations

from chassis.anchoring import Documents, Recorder
from messages.assessor_quota import AssessorRecordHeadsPublished

RECORDER = Recorder(
    "assessor-quota", (Documents("entries", lambda store: store.entries),), AssessorRecordHeadsPublished
)
