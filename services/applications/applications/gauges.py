"""Domain gauges of applications; labels are closed vocabularies of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chassis.anchoring import recorder_gauges
from chassis.observability import DomainGauge
from messages.values import Prefecture
from rulebook import shanghai_date

from applications.domain.application import State
from applications.store import Store


async def applications_by_state(store: Store, now: datetime) -> Mapping[tuple[str, ...], float]:
    """Return the applications of this batch year and the next; those of earlier years do not change any more."""
    years = {"$gte": shanghai_date(now).year}
    return {
        (state, prefecture): await store.applications.count(
            {"state": state, "unit.prefecture": prefecture, "batch_year": years}
        )
        for state in State
        for prefecture in Prefecture
    }


GAUGES = (
    *recorder_gauges("applications"),
    DomainGauge(
        "applications",
        "Applications of this batch year and later, by state and prefecture",
        applications_by_state,
        ("state", "prefecture"),
    ),
)
