from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from random import Random

import pytest
from assessor_quota.domain.rates import Count, Figures, GroupBy, success_rates
from assessor_quota.handlers.rates import CountApplications, PublishRates, count_applications, publish_rates
from assessor_quota.store import AGGREGATES, Store
from chassis.handling import HandlerResult
from chassis.persistence import UnitOfWork
from chassis.persistence.errors import WriteConflictError
from chassis.persistence.unit_of_work import ChangeSet, IdentityMap
from devkit import HandlerHarness
from messages.assessor_quota import SuccessRateComputed
from messages.event import Event
from messages.values import Prefecture, UnitType

from .builders import (
    END_OF_JANUARY,
    NEW_YEAR,
    NORTH,
    NOW,
    OTHER,
    SOUTH,
    failing,
    listed,
    submission,
    succeeding,
    turned_down,
    withdrawn_before_review,
)
from .harness import deliver, handler_harness, run_job

HISTORY: list[Event] = [
    *succeeding("n-1", NORTH),
    *succeeding("n-2", NORTH, Prefecture.WUHAI),
    *failing("n-3", NORTH, Prefecture.CHIFENG, UnitType.PARK),
    *turned_down("n-4", NORTH),
    *withdrawn_before_review("n-5", NORTH),
    *failing("s-1", SOUTH),
    *withdrawn_before_review("o-1", OTHER),
    submission("s-2", SOUTH),
]


async def count(handlers: HandlerHarness[Store], events: list[Event], now: datetime) -> None:
    """Deliver events and let the job count them."""
    await deliver(handlers, events, now)
    await run_job(handlers, "count-applications", now)


async def counts(handlers: HandlerHarness[Store]) -> list[Count]:
    return [count for each in await handlers.store().rates.find() for count in each.counts()]


async def totals(handlers: HandlerHarness[Store]) -> list[Count]:
    return [each.count() for each in await handlers.store().rate_totals.find()]


def published_rates(events: list[Event]) -> list[tuple[str, int, int, Decimal | None]]:
    rates = [each for each in events if isinstance(each, SuccessRateComputed)]
    assert len(rates) == len(events)
    return [(each.assessor.uscc, each.listed, each.concluded, each.rate) for each in rates]


@pytest.mark.rule("S6")
async def test_listed_over_concluded_is_told_with_its_counts_by_each_of_the_four(
    handlers: HandlerHarness[Store],
) -> None:
    await count(handlers, HISTORY, NOW)
    found = await counts(handlers)
    assert [(each.parts, each.figures) for each in success_rates(found, [GroupBy.ASSESSOR, GroupBy.YEAR])] == [
        ((NORTH, 2026), Figures(2, 4, 5)),
        ((SOUTH, 2026), Figures(0, 1, 2)),
        ((OTHER, 2026), Figures(0, 0, 1)),
    ]
    by_unit_type = {each.parts: each.figures for each in success_rates(found, [GroupBy.UNIT_TYPE])}
    assert by_unit_type == {("factory",): Figures(2, 4, 7), ("park",): Figures(0, 1, 1)}
    by_prefecture = {each.parts: each.figures.rate for each in success_rates(found, [GroupBy.PREFECTURE])}
    assert by_prefecture == {("150300",): Decimal("100.00"), ("150400",): Decimal("25.00")}


@pytest.mark.rule("S6")
def test_with_nothing_concluded_the_rate_is_none_and_not_zero_percent() -> None:
    assert Figures().rate is None
    assert Figures(applications=1).rate is None
    assert Figures(0, 2).rate == 0


@pytest.mark.rule("S6")
def test_a_rate_is_rounded_to_two_decimals_half_up() -> None:
    assert (Figures(1, 3).rate, Figures(2, 3).rate, Figures(1, 800).rate) == (
        Decimal("33.33"),
        Decimal("66.67"),
        Decimal("0.13"),
    )


@pytest.mark.rule("S6")
@pytest.mark.parametrize("seed", range(5))
async def test_the_same_events_in_another_order_and_twice_give_the_same_figures(
    handlers: HandlerHarness[Store], seed: int
) -> None:
    await count(handlers, HISTORY, NOW)
    again = await handler_harness()
    shuffled = [*HISTORY, *HISTORY]
    Random(seed).shuffle(shuffled)  # noqa: S311 - a repeatable disorder
    await count(again, shuffled, NOW)
    by = [GroupBy.ASSESSOR, GroupBy.PREFECTURE, GroupBy.UNIT_TYPE, GroupBy.YEAR]
    assert success_rates(await counts(again), by) == success_rates(await counts(handlers), by)
    assert success_rates(await totals(again), by) == success_rates(await totals(handlers), by)
    assert again.documents("progress").keys() == handlers.documents("progress").keys()


@pytest.mark.rule("S6")
async def test_a_years_rates_are_said_on_31_january_once_for_each_assessor(handlers: HandlerHarness[Store]) -> None:
    await count(handlers, HISTORY, NOW)
    await run_job(handlers, "open-duties", NEW_YEAR)
    assert await run_job(handlers, "publish-rates", NEW_YEAR) == []
    assert published_rates(await run_job(handlers, "publish-rates", END_OF_JANUARY)) == [
        (NORTH, 2, 4, Decimal("50.00")),
        (SOUTH, 0, 1, Decimal("0.00")),
        (OTHER, 0, 0, None),
    ]
    assert await run_job(handlers, "publish-rates", END_OF_JANUARY) == []


@pytest.mark.rule("S6")
async def test_a_rate_is_said_again_only_when_its_figures_have_changed(handlers: HandlerHarness[Store]) -> None:
    await count(handlers, HISTORY, NOW)
    await run_job(handlers, "publish-rates", END_OF_JANUARY)
    await count(handlers, HISTORY, END_OF_JANUARY)
    assert await run_job(handlers, "publish-rates", END_OF_JANUARY) == []
    await count(handlers, [listed("s-2")], END_OF_JANUARY)
    assert published_rates(await run_job(handlers, "publish-rates", END_OF_JANUARY)) == [
        (SOUTH, 1, 2, Decimal("50.00"))
    ]


@pytest.mark.rule("S6")
async def test_figures_that_changed_there_and_back_are_not_said_again(handlers: HandlerHarness[Store]) -> None:
    await count(handlers, HISTORY, NOW)
    await run_job(handlers, "publish-rates", END_OF_JANUARY)
    lost, won = failing("s-3", SOUTH), submission("s-3", OTHER, sequence=5)
    await count(handlers, lost, END_OF_JANUARY)
    await count(handlers, [won], END_OF_JANUARY)
    found = published_rates(await run_job(handlers, "publish-rates", END_OF_JANUARY))
    assert found == [(OTHER, 0, 1, Decimal("0.00"))]


@pytest.mark.rule("S6")
async def test_a_rate_that_is_published_while_one_more_is_counted_is_published_again(
    handlers: HandlerHarness[Store],
) -> None:
    await count(handlers, HISTORY, NOW)
    await deliver(handlers, [listed("s-2")], END_OF_JANUARY)
    publishing, counting = IdentityMap(handlers.memory, AGGREGATES), IdentityMap(handlers.memory, AGGREGATES)
    await settle(publishing, lambda store: publish_rates(PublishRates(((f"{SOUTH}:2026", 1),)), store, END_OF_JANUARY))
    await settle(counting, lambda store: count_applications(CountApplications(("s-2",), 2), store, END_OF_JANUARY))
    await handlers.memory.commit(ChangeSet([], counting.writes(), None))
    with pytest.raises(WriteConflictError):
        await handlers.memory.commit(ChangeSet([], publishing.writes(), None))
    assert (SOUTH, 1, 2, Decimal("50.00")) in published_rates(await run_job(handlers, "publish-rates", END_OF_JANUARY))


async def settle(batch: IdentityMap, handle: Callable[[Store], Awaitable[HandlerResult]]) -> None:
    """As one process does: all is read and decided, nothing committed yet."""
    unit = UnitOfWork(batch)
    await unit.finish(await handle(Store(unit)))
    unit.flush()
