"""Facts under Art. 12(5) that are recorded before the submission and after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from applications.domain.facts import FactKind
from applications.handlers import quota, records, submission
from applications.handlers.records import EndFact
from applications.handlers.submission import Withdraw
from chassis.handling import Refusal
from messages.applications import (
    ApplicationRefused,
    EligibilityLost,
)

from .builders import NOW, PARK, TODAY
from .builders_events import (
    KEY,
    abnormal_operations,
    item_reserved,
)
from .harness import ApplicationsHarness


@pytest.mark.rule("E4")
async def test_a_fact_recorded_before_the_submission_is_seen_and_one_that_has_ended_is_not(
    handlers: ApplicationsHarness,
) -> None:
    await handlers.perform(records.record_fact, abnormal_operations(), NOW)
    await handlers.draft()
    outcome = await handlers.submit(KEY)
    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E4", "abnormal-operations")]

    await handlers.perform(records.end_fact, EndFact("f-1", TODAY), NOW)

    assert (await handlers.submit(KEY)).refusal is None


@pytest.mark.rule("V10")
@pytest.mark.rule("E4")
async def test_a_fact_that_becomes_known_in_review_ends_the_application_once(in_review: ApplicationsHarness) -> None:
    events = await in_review.handle(records.record_fact, abnormal_operations(), NOW)

    assert isinstance(events[0], EligibilityLost)
    assert [(each.rule, each.code) for each in events[0].reasons] == [("E4", "abnormal-operations")]
    assert (events[0].lost_on, events[0].rule_set) == (TODAY, "2024-01-19")
    found = await in_review.application(KEY)
    assert (found.stage, found.lost_on, found.refusals) == ("eligibility_lost", TODAY, events[0].reasons)
    assert (await in_review.standing()).open == ()
    again = replace(abnormal_operations(), fact_id="f-2", kind=FactKind.FRAUD)
    assert await in_review.handle(records.record_fact, again, NOW) == []
    with pytest.raises(Refusal, match="not-withdrawable"):
        await in_review.perform(submission.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("V10")
async def test_a_fact_of_the_years_before_the_submission_counts_though_it_is_recorded_late(
    in_review: ApplicationsHarness,
) -> None:
    old = replace(abnormal_operations(), kind=FactKind.FRAUD, happened_on=date(2023, 4, 20))

    events = await in_review.handle(records.record_fact, old, datetime(2026, 9, 1, 2, 0, tzinfo=UTC))

    assert [type(each) for each in events] == [EligibilityLost]


@pytest.mark.rule("V10")
async def test_a_corrected_end_weighs_on_what_is_in_review(handlers: ApplicationsHarness) -> None:
    over = replace(
        abnormal_operations(), kind=FactKind.DISHONESTY_LIST, happened_on=date(2020, 1, 1), ended_on=date(2023, 1, 1)
    )
    await handlers.perform(records.record_fact, over, NOW)
    await handlers.draft()
    assert (await handlers.submit(KEY)).refusal is None

    events = await handlers.handle(records.end_fact, EndFact("f-1", date(2025, 1, 1)), NOW)

    assert [type(each) for each in events] == [EligibilityLost]


@pytest.mark.rule("V10")
@pytest.mark.parametrize(
    "harmless",
    [
        {"happened_on": date(2019, 1, 1), "kind": FactKind.FRAUD},
        {"uscc": PARK.uscc},
    ],
    ids=["long ago", "of another organisation"],
)
async def test_a_fact_that_does_not_weigh_on_it_leaves_the_application_alone(
    in_review: ApplicationsHarness, harmless: dict[str, Any]
) -> None:
    assert await in_review.handle(records.record_fact, replace(abnormal_operations(), **harmless), NOW) == []
    assert (await in_review.application(KEY)).is_open


@pytest.mark.rule("V10")
async def test_what_waits_for_its_item_is_returned_when_a_fact_becomes_known(
    awaiting_item: ApplicationsHarness,
) -> None:
    events = await awaiting_item.handle(records.record_fact, abnormal_operations(), NOW)

    assert [type(each) for each in events] == [ApplicationRefused]
    assert await awaiting_item.handle(quota.accept_with_item, item_reserved(), NOW) == []
    assert (await awaiting_item.standing()).open == ()


@pytest.mark.rule("V10")
@pytest.mark.rule("E6")
async def test_a_park_stands_by_its_undertaking() -> None:
    handlers = await ApplicationsHarness().prepare(PARK)
    await handlers.draft(PARK)
    await handlers.submit(KEY)

    assert await handlers.handle(records.record_fact, replace(abnormal_operations(), uscc=PARK.uscc), NOW) == []


@pytest.mark.rule("E4")
async def test_what_has_not_happened_yet_is_no_fact(handlers: ApplicationsHarness) -> None:
    with pytest.raises(Refusal, match="fact-malformed"):
        await handlers.perform(records.record_fact, replace(abnormal_operations(), happened_on=date(2026, 4, 21)), NOW)


async def test_a_fact_does_not_end_before_it_began(handlers: ApplicationsHarness) -> None:
    await handlers.perform(records.record_fact, abnormal_operations(), NOW)

    with pytest.raises(Refusal, match="fact-malformed"):
        await handlers.perform(records.end_fact, EndFact("f-1", date(2020, 1, 1)), NOW)
