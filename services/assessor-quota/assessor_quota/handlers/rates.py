"""Success rates, computed and published for each assessor and year, and again whenever they changed (S6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from messages.assessor_quota import SuccessRateComputed
from messages.event import Event
from rulebook import shanghai_date

from assessor_quota.domain.application_progress import counted_application
from assessor_quota.domain.rates import Figures, YearlyRate, figures
from assessor_quota.handlers.ports import Store


@dataclass(frozen=True)
class ComputeRate:
    rate_id: str
    revision: int


async def compute_rate(command: ComputeRate, store: Store, now: datetime) -> list[Event]:
    """Compute the figures of one assessor and year; publish them if they differ from those last published."""
    rate = await store.rates.require(command.rate_id)
    if not rate.pending:
        return []
    today = shanghai_date(now)
    found = await _figures(rate, store)
    store.rates.save(rate.rate_id, rate.computed(found, today))
    if found == rate.published:
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


async def _figures(rate: YearlyRate, store: Store) -> Figures:
    """Return the figures; the items of one assessor and year are few, by the quota."""
    theirs = {"submission.year": rate.year, "submission.assessor.uscc": rate.assessor.uscc}
    found = [counted_application(each) for each in await store.progress.find(theirs)]
    return figures(each for each in found if each is not None)
