"""Gauges of the verification, for each service with records, and of what is kept of the others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.anchoring.state import AnchoredStore, Anchoring
from chassis.observability import DomainGauge

Values = Mapping[tuple[str, ...], float]


def recorder_gauges(service: str) -> tuple[DomainGauge, ...]:
    """Return the gauges of a service with records."""

    async def faults(store: AnchoredStore, _now: datetime) -> Values:
        return {(): (await store.anchoring.get(service) or Anchoring()).faults}

    async def age(store: AnchoredStore, now: datetime) -> Values:
        report = (await store.anchoring.get(service) or Anchoring()).report
        return {} if report is None else {(): max(0.0, (now - report.finished_at).total_seconds())}

    return (
        DomainGauge("record_faults", "Places at which a record is not what was written; must be 0", faults),
        DomainGauge("record_verified_age_seconds", "Age of the last complete verification of all records", age),
    )


async def _anchor_faults(store: Any, _now: datetime) -> Values:  # noqa: ANN401 - the store of whoever receives them
    return {(each.service,): float(each.fault is not None) for each in await store.received_anchors.find()}


async def _anchor_age(store: Any, now: datetime) -> Values:  # noqa: ANN401
    return {(each.service,): max(0.0, (now - each.at).total_seconds()) for each in await store.received_anchors.find()}


RECEIVED_ANCHOR_GAUGES = (
    DomainGauge(
        "record_anchor_faults",
        "Services whose records do not go on from what they published before; must be 0",
        _anchor_faults,
        ("service",),
    ),
    DomainGauge(
        "record_anchor_age_seconds", "Age of the last anchor that a service published", _anchor_age, ("service",)
    ),
)
