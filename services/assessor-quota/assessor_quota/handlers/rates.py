"""Success rates: applications counted a page at a time, and rates published whenever they changed (S6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from messages.assessor_quota import SuccessRateComputed
from messages.event import Event
from rulebook import RuleSet, rules_on, shanghai_date

from assessor_quota.domain.application_progress import ApplicationProgress, CountedApplication, counted_application
from assessor_quota.domain.rates import RateTotal, YearlyRate, new_rate, rate_key, total_key
from assessor_quota.handlers.lookup import by_keys
from assessor_quota.handlers.ports import Store


@dataclass(frozen=True)
class CountApplications:
    """The next applications whose part in the rates has changed."""

    application_ids: tuple[str, ...]
    version: int
    """Of the first of them: with its id it names the page."""


@dataclass(frozen=True)
class PublishRates:
    """The next rates to be published, each with its revision."""

    revisions: tuple[tuple[str, int], ...]


async def count_applications(command: CountApplications, store: Store, now: datetime) -> list[Event]:
    """Bring the rates and totals of a page of applications to their present part; what was counted is taken out.

    The progress of an application says what of it is counted and changes in the same commit, so that nothing is
    counted twice or forgotten. The handlers of events write no rate: all applications of an assessor share it.
    """
    found = await by_keys(store.progress, command.application_ids, lambda each: each.application_id)
    changed = [each for each in found.values() if each.uncounted]
    moves = [move for each in changed for move in _moves(each)]
    await _count_by_assessor(moves, store, rules_on(shanghai_date(now)))
    await _count_totals(moves, store)
    for each in changed:
        store.progress.save(each.application_id, each.with_counted())
    return []


async def publish_rates(command: PublishRates, store: Store, now: datetime) -> list[Event]:
    """Publish the rates of a page that differ from those last published."""
    today = shanghai_date(now)
    found = await by_keys(store.rates, [key for key, _ in command.revisions], lambda each: each.rate_id)
    published: list[Event] = []
    for key, _ in command.revisions:
        rate = found[key]
        if not rate.pending:
            continue
        store.rates.save(key, rate.with_publication(today))
        if rate.publishable != rate.published:
            published.append(_computed_event(rate, today))
    return published


def _moves(progress: ApplicationProgress) -> Sequence[tuple[CountedApplication, int]]:
    """Return what is taken out (-1) and what is added (1)."""
    both = (progress.counted, -1), (counted_application(progress), 1)
    return [(part, times) for part, times in both if part is not None]


async def _count_by_assessor(moves: Sequence[tuple[CountedApplication, int]], store: Store, rules: RuleSet) -> None:
    keys = {rate_key(part.assessor.uscc, part.year): part for part, _ in moves}
    rates = await by_keys(store.rates, keys, lambda each: each.rate_id)
    for part, times in moves:
        key = rate_key(part.assessor.uscc, part.year)
        known = rates.get(key) or new_rate(part.assessor, part.year, rules)
        rates[key] = known.counting(part, times)
    for key in keys:
        store.rates.save(key, rates[key])


async def _count_totals(moves: Sequence[tuple[CountedApplication, int]], store: Store) -> None:
    keys = dict.fromkeys(total_key(part.year, part.prefecture, part.unit_type) for part, _ in moves)
    totals = await by_keys(store.rate_totals, keys, lambda each: each.key)
    for part, times in moves:
        empty = RateTotal(part.year, part.prefecture, part.unit_type)
        totals[empty.key] = totals.get(empty.key, empty).counting(part, times)
    for key in keys:
        store.rate_totals.save(key, totals[key])


def _computed_event(rate: YearlyRate, today: date) -> SuccessRateComputed:
    figures = rate.publishable
    return SuccessRateComputed(
        rate_id=rate.rate_id,
        assessor=rate.assessor,
        year=rate.year,
        listed=figures.listed,
        concluded=figures.concluded,
        rate=figures.rate,
        computed_on=today,
    )
