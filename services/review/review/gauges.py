"""Domain gauges of review."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chassis.observability import DomainGauge

from review.domain.act import UNFINISHED
from review.store import Store


async def acts_halted(store: Store, _now: datetime) -> Mapping[tuple[str, ...], float]:
    return {(): await store.acts.count({"state": {"$in": [*UNFINISHED]}, "halted": True})}


GAUGES = (
    DomainGauge(
        "review_acts_halted", "Acts on a batch that stopped and wait for somebody to continue them", acts_halted
    ),
)
