"""Items that were never granted, or given back: what they count for, and where the assessor is said to work."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from assessor_quota.domain.application_progress import ApplicationProgress, ProgressStatus, apply_event
from assessor_quota.domain.item import ItemState
from assessor_quota.handlers.items import confirm_item, release_closed, release_item
from assessor_quota.store import Store
from devkit import HandlerHarness
from messages.assessor_quota import DutyOpened, QuotaItemConfirmed, QuotaItemReserved
from messages.values import Prefecture

from .builders import (
    LIMIT,
    NEW_YEAR,
    NORTH,
    NOW,
    accepted,
    case_closed,
    closed,
    event_types,
    review_refused,
    submission,
    submitted,
    withdrawn,
)
from .harness import deliver, fill, run_job, state, used
from .words import reserve_confirmed

HOUR = timedelta(hours=1)


@pytest.mark.rule("Q5", "Q6")
async def test_an_application_that_ended_before_it_was_heard_takes_no_place_by_its_acceptance(
    handlers: HandlerHarness[Store],
) -> None:
    assert await handlers.handle(release_item, withdrawn(sequence=2), NOW) == []
    assert await handlers.handle(reserve_confirmed, submitted(sequence=1), NOW) == []

    assert await handlers.handle(confirm_item, accepted(), NOW) == []

    item = await handlers.store().items.require("app-1")
    assert (item.state, item.ledgers, await used(handlers)) == (ItemState.RELEASED, (), 0)


@pytest.mark.rule("Q5", "Q6")
async def test_a_case_closed_before_its_submission_was_heard_takes_no_place_by_its_acceptance(
    handlers: HandlerHarness[Store],
) -> None:
    assert await handlers.handle(release_closed, closed("withdrawn", accepted_before=False), NOW) == []

    assert await handlers.handle(confirm_item, accepted(), NOW) == []

    assert (await state(handlers), await used(handlers)) == (ItemState.RELEASED, 0)


@pytest.mark.rule("Q5")
async def test_a_refused_item_takes_no_place_by_an_acceptance(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT)
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert await state(handlers) is ItemState.REFUSED

    assert await handlers.handle(confirm_item, accepted(), NOW) == []

    assert (await state(handlers), await used(handlers)) == (ItemState.REFUSED, LIMIT)


@pytest.mark.rule("Q5")
async def test_a_place_taken_back_by_the_acceptance_waits_since_it_was_first_reserved(
    handlers: HandlerHarness[Store],
) -> None:
    (reserved,) = await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert isinstance(reserved, QuotaItemReserved)
    await handlers.handle(release_item, withdrawn(), NOW + HOUR)
    assert (await state(handlers), await used(handlers)) == (ItemState.RELEASED, 0)

    assert event_types(await handlers.handle(confirm_item, accepted(), NOW + 2 * HOUR)) == [QuotaItemConfirmed]

    item = await handlers.store().items.require("app-1")
    assert (item.state, item.reserved_at, await used(handlers)) == (ItemState.CONFIRMED, NOW, 1)


@pytest.mark.rule("Q2", "Q5")
async def test_a_place_that_another_has_taken_since_is_not_taken_back(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    await handlers.handle(release_item, withdrawn(), NOW)
    await fill(handlers, LIMIT)

    assert await handlers.handle(confirm_item, accepted(), NOW) == []

    assert (await state(handlers), await used(handlers)) == (ItemState.RELEASED, LIMIT)


@pytest.mark.rule("P2", "S5")
async def test_a_duty_names_the_prefectures_of_items_in_use_and_of_no_others(handlers: HandlerHarness[Store]) -> None:
    confirmed = submission("app-confirmed", NORTH, Prefecture.CHIFENG)
    reserved = submission("app-reserved", NORTH, Prefecture.HOHHOT)
    released = submission("app-released", NORTH, Prefecture.WUHAI)
    await deliver(handlers, [confirmed, accepted("app-confirmed"), reserved, released, withdrawn("app-released")], NOW)
    await fill(handlers, LIMIT - 2)
    await deliver(handlers, [submission("app-refused", NORTH, Prefecture.ALXA)], NOW)
    assert [await state(handlers, f"app-{each}") for each in ("confirmed", "reserved", "released", "refused")] == [
        ItemState.CONFIRMED,
        ItemState.RESERVED,
        ItemState.RELEASED,
        ItemState.REFUSED,
    ]

    said = await run_job(handlers, "open-duties", NEW_YEAR)

    (duty,) = [each for each in said if isinstance(each, DutyOpened) and each.holder == NORTH]
    kept = await handlers.store().duties.require(duty.duty_id)
    assert set(kept.prefectures) == {Prefecture.CHIFENG, Prefecture.HOHHOT}


def progress(*events: object) -> ApplicationProgress:
    found = ApplicationProgress("app-1")
    for each in events:
        found = apply_event(found, each)  # type: ignore[arg-type]
    return found


@pytest.mark.rule("Q5", "Q6")
@pytest.mark.parametrize(
    "order", list(permutations([submitted(sequence=1), withdrawn(sequence=2), submitted(sequence=3)]))
)
def test_an_end_before_the_newest_submission_releases_nothing_in_whatever_order(order: tuple[object, ...]) -> None:
    assert not progress(*order).releases_item
    assert progress(*order, withdrawn(sequence=4)).releases_item


@pytest.mark.rule("Q5")
@pytest.mark.parametrize(
    ("events", "releases"),
    [
        ([submitted()], False),
        ([submitted(), withdrawn()], True),
        ([withdrawn()], True),
        ([submitted(), withdrawn(after_initial_review=True)], False),
        ([submitted(), review_refused()], True),
        ([submitted(), case_closed("withdrawn", "app-1", after_acceptance=False)], True),
        ([submitted(), case_closed("below_pass_mark", "app-1")], False),
    ],
)
def test_what_ends_before_the_acceptance_releases_the_item_and_nothing_else(
    events: list[object], *, releases: bool
) -> None:
    assert progress(*events).releases_item is releases


@pytest.mark.rule("Q6")
async def test_an_older_end_heard_later_does_not_let_an_ended_submission_in(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted(sequence=1), NOW)
    for sequence in (5, 3):
        await handlers.handle(release_item, withdrawn(sequence=sequence), NOW)

    assert (await handlers.store().items.require("app-1")).last_end_sequence == 5
    assert await handlers.handle(reserve_confirmed, submitted(sequence=4), NOW) == []
    (said,) = await handlers.handle(reserve_confirmed, submitted(sequence=6), NOW)
    assert isinstance(said, QuotaItemReserved)


@pytest.mark.rule("S6")
@pytest.mark.parametrize("order", list(permutations([submitted(), accepted(), withdrawn()])))
def test_an_acceptance_once_heard_is_not_forgotten_by_an_end_that_does_not_know_it(order: tuple[object, ...]) -> None:
    assert progress(*order).status is ProgressStatus.FAILED


@pytest.mark.rule("S6")
def test_an_application_that_ended_without_an_acceptance_is_dropped_and_one_refused_by_review_has_failed() -> None:
    assert progress(submitted(), withdrawn()).status is ProgressStatus.DROPPED
    assert progress(submitted(), withdrawn(after_initial_review=True)).status is ProgressStatus.FAILED
    assert progress(submitted(), review_refused()).status is ProgressStatus.FAILED
    assert progress(submitted(), accepted()).status is ProgressStatus.UNDER_REVIEW
    assert progress(submitted()).status is ProgressStatus.WAITING
    assert progress(accepted()).status is ProgressStatus.NOT_RECEIVED
