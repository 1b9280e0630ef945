"""Domain gauges of the registry; labels are closed vocabularies of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from chassis.anchoring import recorder_gauges
from chassis.observability import DomainGauge
from messages.values import Level, UnitType
from rulebook import shanghai_date

from registry.domain.clearances import ClearanceState
from registry.domain.listings import FOREVER, facet
from registry.domain.reconciliation import Reconciliation
from registry.domain.removals import RemovalState
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


async def titles(store: Store, _now: datetime) -> Mapping[tuple[str, ...], float]:
    """Return the titles that the register shows today."""
    return {
        (unit_type,): await store.listings.count({"facets": facet(None, unit_type, None), "shown_until": FOREVER})
        for unit_type in UnitType
    }


async def list_lines(store: Store, now: datetime) -> Mapping[tuple[str, ...], float]:
    """Return the lines of this year's list: waiting on the draft, frozen by the closing, announced, dropped."""
    of_year = {"level": Level.REGION, "year": shanghai_date(now).year}
    return {(state,): await store.clearances.count({**of_year, "state": state}) for state in ClearanceState}


async def removals(store: Store, now: datetime) -> Mapping[tuple[str, ...], float]:
    year = shanghai_date(now).year
    return {(state,): await store.removals.count({"year": year, "state": state}) for state in RemovalState}


GAUGES = (
    DomainGauge("registry_titles", "Titles shown today, by type of unit", titles, ("unit_type",)),
    DomainGauge("registry_list_lines", "Lines of this year's list, by state", list_lines, ("state",)),
    DomainGauge("registry_removals", "Removals of this year, by state", removals, ("state",)),
    *recorder_gauges("registry"),
    DomainGauge(
        "registry_clearance_differences",
        "Differences between the clearances for a list and what review said of its notices; must be 0",
        clearance_differences,
        ("kind",),
    ),
)
