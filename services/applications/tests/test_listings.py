"""Events of the registry and lists of prefectures: titles held, titles lost, and bans."""

from __future__ import annotations

from datetime import date

import pytest
from applications.domain.application import State
from applications.handlers import listings, progress, quota, records
from messages import review
from messages.applications import (
    ApplicationRefused,
)
from messages.values import Ban, Level, UnitType

from .builders import CASE, NOW, PARK, STEEL, TODAY
from .builders_events import (
    KEY,
    OTHER,
    REASON,
    item_reserved,
    prefecture_list,
    unit_listed,
    unit_removed,
)
from .harness import ApplicationsHarness


@pytest.mark.rule("B2")
@pytest.mark.rule("E11")
async def test_a_removal_stops_what_waits_for_its_item(awaiting_item: ApplicationsHarness) -> None:
    events = await awaiting_item.handle(listings.record_removal, unit_removed(), NOW)

    assert isinstance(events[0], ApplicationRefused)
    assert events[0].reasons[0].rule == "B2"
    assert await awaiting_item.handle(quota.accept_with_item, item_reserved(), NOW) == []
    outcome = await awaiting_item.submit(KEY)
    assert "E11" in [each.rule for each in outcome.refusal.reasons]


@pytest.mark.rule("B2")
async def test_what_review_has_taken_in_is_for_review_to_close(in_review: ApplicationsHarness) -> None:
    assert await in_review.handle(listings.record_removal, unit_removed(), NOW) == []

    closed = review.CaseClosed(
        **CASE, outcome="ineligible", reasons=(REASON,), closed_on=TODAY, initial_review_accepted=True, sequence=3
    )
    await in_review.handle(progress.follow_closing, closed, NOW)

    found = await in_review.application(KEY)
    assert (found.outcome, found.stage, found.refusals) == ("ineligible", "closed", (REASON,))
    assert (await in_review.standing()).open == ()


@pytest.mark.rule("B2")
async def test_a_removal_whose_ban_is_over_is_history_and_stops_nothing(awaiting_item: ApplicationsHarness) -> None:
    over = Ban(first_day=date(2022, 4, 19), last_day=date(2026, 4, 19))

    assert await awaiting_item.handle(listings.record_removal, unit_removed(ban=over), NOW) == []

    assert (await awaiting_item.application(KEY)).state is State.SUBMITTED
    assert [each.ban for each in (await awaiting_item.standing()).removals] == [over]


@pytest.mark.rule("E13")
@pytest.mark.parametrize(("ground", "left"), [("D1", [UnitType.SUPPLY_CHAIN]), ("D2", [UnitType.SUPPLY_CHAIN])])
async def test_a_removal_ends_the_titles_of_its_own_type(
    ground: str, left: list[UnitType], in_review: ApplicationsHarness
) -> None:
    assert await _titles_left_after(ground, in_review) == left


@pytest.mark.rule("D5")
@pytest.mark.parametrize("ground", ["D3", "D5"])
async def test_an_accident_and_the_end_of_the_enterprise_end_every_title(
    ground: str, in_review: ApplicationsHarness
) -> None:
    assert await _titles_left_after(ground, in_review) == []


async def _titles_left_after(ground: str, handlers: ApplicationsHarness) -> list[UnitType]:
    """Return the titles that the unit keeps, whether the second listing arrives before or after the removal."""
    chain = STEEL.model_copy(update={"unit_type": UnitType.SUPPLY_CHAIN})
    also = unit_listed(sequence=2).model_copy(update={"unit": chain, "case_id": OTHER})
    removal = unit_removed(sequence=3).model_copy(update={"reasons": (REASON.model_copy(update={"rule": ground}),)})
    late = ApplicationsHarness()
    for handler, event in ((listings.record_listing, also), (listings.record_removal, removal)):
        await handlers.handle(handler, event, NOW)
    for handler, event in ((listings.record_removal, removal), (listings.record_listing, also)):
        await late.handle(handler, event, NOW)
    left, left_late = (await handlers.standing()).listings, (await late.standing()).listings
    assert [each.unit_type for each in left] == [each.unit_type for each in left_late]
    return [each.unit_type for each in left]


@pytest.mark.rule("E13")
async def test_a_listing_ends_the_application_and_keeps_the_title(in_review: ApplicationsHarness) -> None:
    await in_review.handle(listings.record_listing, unit_listed(), NOW)

    assert (await in_review.application(KEY)).stage == "listed"
    await in_review.draft(key=OTHER)
    outcome = await in_review.submit(OTHER)
    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "already-listed")]


async def test_a_listing_heard_after_the_removal_that_ended_it_gives_no_title(in_review: ApplicationsHarness) -> None:
    await in_review.handle(listings.record_removal, unit_removed(sequence=2), NOW)

    await in_review.handle(listings.record_listing, unit_listed(sequence=1), NOW)

    assert (await in_review.standing()).listing_at(STEEL, Level.REGION) is None


async def test_a_title_gained_again_after_a_removal_counts(in_review: ApplicationsHarness) -> None:
    await in_review.handle(listings.record_removal, unit_removed(sequence=2, ban=None), NOW)

    await in_review.handle(listings.record_listing, unit_listed(sequence=3), NOW)

    assert (await in_review.standing()).listing_at(STEEL, Level.REGION) is not None


@pytest.mark.rule("E10")
async def test_a_recorded_prefecture_list_opens_the_way_to_the_region() -> None:
    handlers = await ApplicationsHarness().prepare(PARK)
    await handlers.perform(records.record_prefecture_list, prefecture_list(), NOW)

    assert (await handlers.standing()).listing_at(STEEL, Level.PREFECTURE) is not None
