"""The numbers that the region steers by: cases by stage, the oldest's age, the days until 31 May."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from messages.review import Stage
from review.gauges import GAUGES, OPEN
from review.handlers.applications import close_withdrawn_case, open_case

from .builders import COPPER, OPENED, accepted, at, unit, withdrawn
from .harness import ReviewHarness

DAY = 86400.0


async def read(handlers: ReviewHarness, name: str) -> dict[tuple[str, ...], float]:
    gauge = next(each for each in GAUGES if each.name == name)
    return dict(await gauge.read(handlers.store(), handlers.now))


async def test_cases_are_counted_at_each_open_stage_with_the_age_of_the_oldest(handlers: ReviewHarness) -> None:
    await handlers.deliver(open_case, accepted("app-2"))
    handlers.today = OPENED + timedelta(days=3)
    await handlers.deliver(open_case, accepted("app-1", unit(COPPER)))

    counted = await read(handlers, "review_cases")
    assert counted[Stage.CONSULTING,] == 2
    assert sum(counted.values()) == 2
    assert {stage for (stage,) in counted} == set(OPEN)
    assert await read(handlers, "review_oldest_case_age_seconds") == {(Stage.CONSULTING,): 3 * DAY}


async def test_case_that_has_ended_is_counted_at_no_stage(handlers: ReviewHarness) -> None:
    await handlers.deliver(open_case, accepted("app-1"))
    await handlers.deliver(close_withdrawn_case, withdrawn("app-1"))

    assert sum((await read(handlers, "review_cases")).values()) == 0
    assert await read(handlers, "review_oldest_case_age_seconds") == {}


@pytest.mark.rule("V4")
@pytest.mark.parametrize(
    ("today", "days"),
    [(date(2026, 5, 20), 11), (date(2026, 5, 31), 0), (date(2026, 6, 2), 363)],
)
async def test_days_are_those_until_31_may_of_this_year_or_the_next(today: date, days: int) -> None:
    gauge = next(each for each in GAUGES if each.name == "review_days_to_forward")

    assert await gauge.read(ReviewHarness().store(), at(today)) == {(): days}
