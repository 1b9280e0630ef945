"""What the registry says, and what a prefecture lists: titles held, titles lost, and bans."""

from __future__ import annotations

from datetime import date

import pytest
from applications import handlers
from applications.domain.application import State
from messages import review
from messages.applications import (
    ApplicationRefused,
)
from messages.values import Ban, Level, UnitType

from .neighbours import (
    KEY,
    OTHER,
    REASON,
    list_of_steel,
    listed,
    removed,
    reserved,
)
from .story import (
    CASE,
    NOW,
    PARK,
    STEEL,
    TODAY,
    Desk,
)


@pytest.mark.rule("B2")
@pytest.mark.rule("E11")
async def test_a_removal_stops_what_waits_for_its_item(waiting: Desk) -> None:
    said = await waiting.bench.handle(handlers.record_removal, removed(), NOW)

    assert isinstance(said[0], ApplicationRefused)
    assert said[0].reasons[0].rule == "B2"
    assert await waiting.bench.handle(handlers.accept_reserved, reserved(), NOW) == []
    outcome = await waiting.submitted(KEY)
    assert "E11" in [each.rule for each in outcome.refusal.reasons]


@pytest.mark.rule("B2")
async def test_what_review_has_taken_in_is_for_review_to_close(accepted: Desk) -> None:
    assert await accepted.bench.handle(handlers.record_removal, removed(), NOW) == []

    closed = review.CaseClosed(
        **CASE, outcome="ineligible", reasons=(REASON,), closed_on=TODAY, initial_review_accepted=True, sequence=3
    )
    await accepted.bench.handle(handlers.follow_closing, closed, NOW)

    found = await accepted.application(KEY)
    assert (found.outcome, found.stage, found.refusals) == ("ineligible", "closed", (REASON,))
    assert (await accepted.standing()).open == ()


@pytest.mark.rule("B2")
async def test_a_removal_whose_ban_is_over_is_history_and_stops_nothing(waiting: Desk) -> None:
    over = Ban(first_day=date(2022, 4, 19), last_day=date(2026, 4, 19))

    assert await waiting.bench.handle(handlers.record_removal, removed(ban=over), NOW) == []

    assert (await waiting.application(KEY)).state is State.SUBMITTED
    assert [each.ban for each in (await waiting.standing()).removals] == [over]


@pytest.mark.rule("E13")
@pytest.mark.parametrize(("ground", "left"), [("D1", [UnitType.SUPPLY_CHAIN]), ("D2", [UnitType.SUPPLY_CHAIN])])
async def test_a_removal_ends_the_titles_of_its_own_type(ground: str, left: list[UnitType], accepted: Desk) -> None:
    assert await _left_after(ground, accepted) == left


@pytest.mark.rule("D5")
@pytest.mark.parametrize("ground", ["D3", "D5"])
async def test_an_accident_and_the_end_of_the_enterprise_end_every_title(ground: str, accepted: Desk) -> None:
    assert await _left_after(ground, accepted) == []


async def _left_after(ground: str, desk: Desk) -> list[UnitType]:
    """Which of its two titles the unit keeps, whether the second listing was heard before the removal or after it."""
    chain = STEEL.model_copy(update={"unit_type": UnitType.SUPPLY_CHAIN})
    also = listed(sequence=2).model_copy(update={"unit": chain, "case_id": OTHER})
    removal = removed(sequence=3).model_copy(update={"reasons": (REASON.model_copy(update={"rule": ground}),)})
    late = Desk()
    for handler, event in ((handlers.record_listing, also), (handlers.record_removal, removal)):
        await desk.bench.handle(handler, event, NOW)
    for handler, event in ((handlers.record_removal, removal), (handlers.record_listing, also)):
        await late.bench.handle(handler, event, NOW)
    kept, heard_late = (await desk.standing()).listings, (await late.standing()).listings
    assert [each.unit_type for each in kept] == [each.unit_type for each in heard_late]
    return [each.unit_type for each in kept]


@pytest.mark.rule("E13")
async def test_a_listing_ends_the_application_and_keeps_the_title(accepted: Desk) -> None:
    await accepted.bench.handle(handlers.record_listing, listed(), NOW)

    assert (await accepted.application(KEY)).stage == "listed"
    await accepted.drafted(key=OTHER)
    outcome = await accepted.submitted(OTHER)
    assert [(each.rule, each.code) for each in outcome.refusal.reasons] == [("E13", "already-listed")]


async def test_a_listing_heard_after_the_removal_that_ended_it_gives_no_title(accepted: Desk) -> None:
    await accepted.bench.handle(handlers.record_removal, removed(sequence=2), NOW)

    await accepted.bench.handle(handlers.record_listing, listed(sequence=1), NOW)

    assert (await accepted.standing()).listed_at(STEEL, Level.REGION) is None


async def test_a_title_gained_again_after_a_removal_counts(accepted: Desk) -> None:
    await accepted.bench.handle(handlers.record_removal, removed(sequence=2, ban=None), NOW)

    await accepted.bench.handle(handlers.record_listing, listed(sequence=3), NOW)

    assert (await accepted.standing()).listed_at(STEEL, Level.REGION) is not None


@pytest.mark.rule("E10")
async def test_a_recorded_prefecture_list_opens_the_way_to_the_region() -> None:
    desk = await Desk().prepared(PARK)
    await desk.bench.perform(handlers.record_prefecture_list, list_of_steel(), NOW)

    assert (await desk.standing()).listed_at(STEEL, Level.PREFECTURE) is not None
