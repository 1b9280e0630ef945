"""Counts and logs stored documents that cannot be read, wherever one is met."""

from __future__ import annotations

from chassis.observability.log_rate import ThrottledLog
from chassis.observability.metrics import Metrics
from chassis.persistence.unreadable import UnreadableDocumentError

LOG_INTERVAL = 60.0
"""Seconds: a job meets the same document at every poll."""
log = ThrottledLog(__name__, LOG_INTERVAL)


def record_unreadable(metrics: Metrics, problem: UnreadableDocumentError) -> None:
    metrics.unreadable_documents.labels(problem.collection).inc()
    log.error("document unreadable", collection=problem.collection, key=problem.key, faults=problem.faults)
