"""Domain gauges of the registry; labels are closed vocabularies of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from chassis.observability import DomainGauge

from registry.domain.reconciliation import Reconciliation
from registry.handlers.reconciliation import RECONCILIATION
from registry.store import Store

REPORT_VALID_FOR = timedelta(hours=1)
"""Older reports are not shown: a reconciler that no longer finishes must not look like a register without fault."""


async def clearance_differences(store: Store, now: datetime) -> Mapping[tuple[str, ...], float]:
    """Return the counts of the last complete sweep; none before the first one, and none when it is too old."""
    report = (await store.reconciliations.get(RECONCILIATION) or Reconciliation()).report
    if report is None or now - report.finished_at > REPORT_VALID_FOR:
        return {}
    return {(kind,): count for kind, count in report.summary.counts.items()}


GAUGES = (
    DomainGauge(
        "registry_clearance_differences",
        "Differences between the clearances for a list and what review said of its notices; must be 0",
        clearance_differences,
        ("kind",),
    ),
)
