"""Domain gauges of review; labels are closed vocabularies of the domain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from chassis.anchoring import recorder_gauges
from chassis.observability import DomainGauge
from messages.review import Stage
from rulebook import rules_on, shanghai_date

from review.domain.act import UNFINISHED
from review.domain.case import ENDED
from review.domain.forwarding import last_day
from review.store import Store

Values = Mapping[tuple[str, ...], float]
OPEN = tuple(stage for stage in Stage if stage not in ENDED)
"""Stages at which somebody has to act."""


async def acts_halted(store: Store, _now: datetime) -> Values:
    return {(): await store.acts.count({"state": {"$in": [*UNFINISHED]}, "halted": True})}


async def cases_by_stage(store: Store, _now: datetime) -> Values:
    return {(stage,): await store.cases.count({"state": stage}) for stage in OPEN}


async def oldest_case_age(store: Store, now: datetime) -> Values:
    """Return the age of the case opened first among those at each stage; none for a stage without cases."""
    today, ages = shanghai_date(now), dict[tuple[str, ...], float]()
    for stage in OPEN:
        for case in await store.cases.find({"state": stage}, sort=[("opened_on", 1)], limit=1):
            ages[stage,] = (today - case.opened_on) / timedelta(seconds=1)
    return ages


async def days_to_forward(_store: Store, now: datetime) -> Values:
    """Return the days until the last day of forwarding (31 May, Art. 14(2)): of this year, or after it of the next."""
    today, rules = shanghai_date(now), rules_on(shanghai_date(now))
    ends = (last_day(year, rules).last_day for year in (today.year, today.year + 1))
    return {(): next((each - today).days for each in ends if each >= today)}


GAUGES = (
    *recorder_gauges("review"),
    DomainGauge(
        "review_acts_halted", "Acts on a batch that stopped and wait for somebody to continue them", acts_halted
    ),
    DomainGauge("review_cases", "Cases at each stage that is not an end", cases_by_stage, ("stage",)),
    DomainGauge(
        "review_oldest_case_age_seconds", "Age of the case opened first at each stage", oldest_case_age, ("stage",)
    ),
    DomainGauge("review_days_to_forward", "Days until cases can no longer be forwarded (31 May)", days_to_forward),
)
