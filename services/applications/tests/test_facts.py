"""Facts under Art. 12(5) that are recorded before the submission and after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from applications import handlers
from applications.domain.facts import FactKind
from applications.handlers import EndFact, Withdraw
from chassis.handling import Refusal
from messages.applications import (
    ApplicationRefused,
    EligibilityLost,
)

from .neighbours import (
    KEY,
    abnormal,
    reserved,
)
from .story import (
    NOW,
    PARK,
    TODAY,
    Desk,
)


@pytest.mark.rule("E4")
async def test_a_fact_recorded_before_the_submission_is_seen_and_one_that_has_ended_is_not(desk: Desk) -> None:
    await desk.bench.perform(handlers.record_fact, abnormal(), NOW)
    await desk.drafted()
    outcome = await desk.submitted(KEY)
    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E4", "abnormal-operations")]

    await desk.bench.perform(handlers.end_fact, EndFact("f-1", TODAY), NOW)

    assert (await desk.submitted(KEY)).refusal is None


@pytest.mark.rule("V10")
@pytest.mark.rule("E4")
async def test_a_fact_that_becomes_known_in_review_ends_the_application_once(accepted: Desk) -> None:
    said = await accepted.bench.handle(handlers.record_fact, abnormal(), NOW)

    assert isinstance(said[0], EligibilityLost)
    assert [(each.rule, each.code) for each in said[0].reasons] == [("E4", "abnormal-operations")]
    assert (said[0].lost_on, said[0].rule_set) == (TODAY, "2024-01-19")
    found = await accepted.application(KEY)
    assert (found.stage, found.lost_on, found.refusals) == ("eligibility_lost", TODAY, said[0].reasons)
    assert (await accepted.standing()).open == ()
    again = replace(abnormal(), fact_id="f-2", kind=FactKind.FRAUD)
    assert await accepted.bench.handle(handlers.record_fact, again, NOW) == []
    with pytest.raises(Refusal, match="not-withdrawable"):
        await accepted.bench.perform(handlers.withdraw_application, Withdraw(KEY), NOW)


@pytest.mark.rule("V10")
async def test_a_fact_of_the_years_before_the_submission_counts_though_it_is_recorded_late(accepted: Desk) -> None:
    old = replace(abnormal(), kind=FactKind.FRAUD, happened_on=date(2023, 4, 20))

    said = await accepted.bench.handle(handlers.record_fact, old, datetime(2026, 9, 1, 2, 0, tzinfo=UTC))

    assert [type(each) for each in said] == [EligibilityLost]


@pytest.mark.rule("V10")
async def test_a_corrected_end_weighs_on_what_is_in_review(desk: Desk) -> None:
    over = replace(abnormal(), kind=FactKind.DISHONESTY_LIST, happened_on=date(2020, 1, 1), ended_on=date(2023, 1, 1))
    await desk.bench.perform(handlers.record_fact, over, NOW)
    await desk.drafted()
    assert (await desk.submitted(KEY)).refusal is None

    said = await desk.bench.handle(handlers.end_fact, EndFact("f-1", date(2025, 1, 1)), NOW)

    assert [type(each) for each in said] == [EligibilityLost]


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
    accepted: Desk, harmless: dict[str, Any]
) -> None:
    assert await accepted.bench.handle(handlers.record_fact, replace(abnormal(), **harmless), NOW) == []
    assert (await accepted.application(KEY)).is_open


@pytest.mark.rule("V10")
async def test_what_waits_for_its_item_is_returned_when_a_fact_becomes_known(waiting: Desk) -> None:
    said = await waiting.bench.handle(handlers.record_fact, abnormal(), NOW)

    assert [type(each) for each in said] == [ApplicationRefused]
    assert await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW) == []
    assert (await waiting.standing()).open == ()


@pytest.mark.rule("V10")
@pytest.mark.rule("E6")
async def test_a_park_stands_by_its_undertaking() -> None:
    desk = await Desk().prepared(PARK)
    await desk.drafted(PARK)
    await desk.submitted(KEY)

    assert await desk.bench.handle(handlers.record_fact, replace(abnormal(), uscc=PARK.uscc), NOW) == []


@pytest.mark.rule("E4")
async def test_what_has_not_happened_yet_is_no_fact(desk: Desk) -> None:
    with pytest.raises(Refusal, match="fact-malformed"):
        await desk.bench.perform(handlers.record_fact, replace(abnormal(), happened_on=date(2026, 4, 21)), NOW)


async def test_a_fact_does_not_end_before_it_began(desk: Desk) -> None:
    await desk.bench.perform(handlers.record_fact, abnormal(), NOW)

    with pytest.raises(Refusal, match="fact-malformed"):
        await desk.bench.perform(handlers.end_fact, EndFact("f-1", date(2020, 1, 1)), NOW)
