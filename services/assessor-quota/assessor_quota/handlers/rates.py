"""Success rates computed from the courses and said, once for each assessor and year and whenever they changed (S6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.handling import Collection
from messages.assessor_quota import SuccessRateComputed
from messages.event import Event
from rulebook import shanghai_date

from assessor_quota.domain.application_progress import ApplicationProgress, counted_application
from assessor_quota.domain.rates import Figures, YearlyRate, figures


class Rates(Protocol):
    @property
    def courses(self) -> Collection[ApplicationProgress]: ...

    @property
    def rates(self) -> Collection[YearlyRate]: ...


@dataclass(frozen=True)
class ComputeRate:
    rate_id: str
    turn: int


async def compute_rate(command: ComputeRate, store: Rates, now: datetime) -> list[Event]:
    """Say the figures of one assessor and year, if they are not those last said."""
    rate = await store.rates.require(command.rate_id)
    if not rate.pending:
        return []
    today = shanghai_date(now)
    found = await _figures(rate, store)
    store.rates.save(rate.rate_id, rate.computed(found, today))
    if found == rate.said:
        return []
    return [
        SuccessRateComputed(
            rate_id=rate.rate_id,
            assessor=rate.assessor,
            year=rate.year,
            listed=found.listed,
            concluded=found.concluded,
            rate=found.rate,
            computed_on=today,
        )
    ]


async def _figures(rate: YearlyRate, store: Rates) -> Figures:
    """The items of one assessor and year are few: the quota sees to that."""
    theirs = {"submission.year": rate.year, "submission.assessor.uscc": rate.assessor.uscc}
    found = [counted_application(each) for each in await store.courses.find(theirs)]
    return figures(each for each in found if each is not None)
