"""The records of applications that are anchored outside its database: versions, lists of prefectures, facts."""

from __future__ import annotations

from chassis.anchoring import Documents, Recorder
from messages.applications import ApplicationRecordHeadsPublished

RECORDER = Recorder(
    "applications",
    (
        Documents("versions", lambda store: store.versions),
        Documents("prefecture-lists", lambda store: store.prefecture_lists),
        Documents(
            "facts", lambda store: store.facts, ("fact_id", "uscc", "kind", "happened_on", "source", "reference")
        ),
    ),
    ApplicationRecordHeadsPublished,
)
"""Of a fact, its words are anchored; its end and whose officers see it may change."""
