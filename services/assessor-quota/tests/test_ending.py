from __future__ import annotations

import pytest
from assessor_quota.domain.item import ApplicationEnd, CaseEnd, ItemState
from assessor_quota.handlers.items import confirm_item, release_closed, release_item
from assessor_quota.store import Store
from chassis.handling import TransientError
from devkit import HandlerHarness
from messages.assessor_quota import (
    QuotaItemConfirmed,
    QuotaItemReleased,
    QuotaItemReserved,
)
from messages.review import Outcome

from .builders import LIMIT, NOW, OTHER, accepted, closed, event_types, refused, review_refused, submitted, withdrawn
from .harness import fill, state, used
from .words import reserve_confirmed


@pytest.mark.rule("Q5")
async def test_a_place_given_back_is_granted_to_the_next(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT)
    (released,) = await handlers.handle(release_item, withdrawn("full-3"), NOW)
    assert isinstance(released, QuotaItemReleased)
    (said,) = await handlers.handle(reserve_confirmed, submitted("app-16"), NOW)
    assert isinstance(said, QuotaItemReserved)
    assert said.used == LIMIT


@pytest.mark.rule("Q5")
async def test_after_initial_review_accepted_the_item_stays_used_whatever_the_outcome(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert event_types(await handlers.handle(confirm_item, accepted(), NOW)) == [QuotaItemConfirmed]
    assert await handlers.handle(release_item, withdrawn(), NOW) == []
    assert await handlers.handle(release_closed, closed("withdrawn"), NOW) == []
    assert await state(handlers) is ItemState.CONFIRMED
    assert await used(handlers) == 1


@pytest.mark.rule("Q5")
async def test_refused_by_initial_review_the_item_is_given_back_once(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert event_types(await handlers.handle(release_closed, review_refused(), NOW)) == [QuotaItemReleased]
    assert await handlers.handle(release_closed, closed("initial_review_refused"), NOW) == []
    assert await used(handlers) == 0


@pytest.mark.rule("Q5")
async def test_refused_by_applications_after_the_reservation_the_item_is_given_back(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert event_types(await handlers.handle(release_item, refused(), NOW)) == [QuotaItemReleased]
    assert await used(handlers) == 0


@pytest.mark.rule("Q5")
@pytest.mark.parametrize(
    "outcome", ["late", "mandatory_item_failed", "below_pass_mark", "beyond_cap", "objection_upheld"]
)
async def test_an_outcome_after_initial_review_gives_nothing_back_though_the_acceptance_is_heard_later(
    handlers: HandlerHarness[Store], outcome: Outcome
) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert event_types(await handlers.handle(release_closed, closed(outcome), NOW)) == [QuotaItemConfirmed]
    assert await handlers.handle(confirm_item, accepted(), NOW) == []


@pytest.mark.rule("Q5")
async def test_a_withdrawal_after_initial_review_confirms_the_item_though_the_acceptance_is_heard_later(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    end = withdrawn(after_initial_review=True)
    assert event_types(await handlers.handle(release_item, end, NOW)) == [QuotaItemConfirmed]
    assert await handlers.handle(confirm_item, accepted(), NOW) == []
    assert (await state(handlers), await used(handlers)) == (ItemState.CONFIRMED, 1)


@pytest.mark.rule("Q5")
async def test_a_case_closed_by_withdrawal_releases_the_item_only_before_initial_review_accepted_it(
    handlers: HandlerHarness[Store],
) -> None:
    for application, accepted_before in (("before", False), ("after", True)):
        await handlers.handle(reserve_confirmed, submitted(application), NOW)
        end = closed("withdrawn", application, accepted_before=accepted_before)
        answer = await handlers.handle(release_closed, end, NOW)
        assert event_types(answer) == [QuotaItemConfirmed if accepted_before else QuotaItemReleased]
    assert await handlers.handle(release_item, withdrawn("before"), NOW) == []
    assert await handlers.handle(confirm_item, accepted("after"), NOW) == []
    assert await state(handlers, "before") is ItemState.RELEASED
    assert await state(handlers, "after") is ItemState.CONFIRMED


@pytest.mark.rule("Q6")
async def test_a_withdrawal_after_initial_review_heard_before_the_reservation_waits_for_it(
    handlers: HandlerHarness[Store],
) -> None:
    end = withdrawn(after_initial_review=True)
    with pytest.raises(TransientError):
        await handlers.handle(release_item, end, NOW)
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert event_types(await handlers.handle(release_item, end, NOW)) == [QuotaItemConfirmed]


@pytest.mark.rule("Q6")
async def test_a_report_by_another_assessor_gives_the_first_place_back(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted(sequence=1), NOW)
    said = await handlers.handle(reserve_confirmed, submitted(by=OTHER, sequence=3), NOW)
    assert event_types(said) == [QuotaItemReleased, QuotaItemReserved]
    assert await used(handlers) == 0


@pytest.mark.rule("Q6")
@pytest.mark.parametrize("end", [withdrawn(), refused()])
async def test_a_release_that_overtakes_its_reservation_wins(
    handlers: HandlerHarness[Store], end: ApplicationEnd
) -> None:
    assert await handlers.handle(release_item, end, NOW) == []
    assert await handlers.handle(reserve_confirmed, submitted(), NOW) == []
    assert await state(handlers) is ItemState.RELEASED
    assert await used(handlers) == 0


@pytest.mark.rule("Q6")
async def test_the_end_of_an_earlier_submission_heard_late_takes_nothing_from_the_later_one(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(reserve_confirmed, submitted(sequence=3), NOW)
    assert await handlers.handle(release_item, refused(sequence=2), NOW) == []
    assert await state(handlers) is ItemState.RESERVED


@pytest.mark.rule("Q6")
@pytest.mark.parametrize("end", [review_refused(), closed("ineligible")])
async def test_a_case_closed_before_its_reservation_is_heard_leaves_no_item(
    handlers: HandlerHarness[Store], end: CaseEnd
) -> None:
    assert await handlers.handle(release_closed, end, NOW) == []
    assert await handlers.handle(reserve_confirmed, submitted(sequence=9), NOW) == []
    assert await used(handlers) == 0


@pytest.mark.rule("Q5")
async def test_an_acceptance_heard_after_the_release_takes_the_place_back(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    await handlers.handle(release_item, withdrawn(), NOW)
    assert event_types(await handlers.handle(confirm_item, accepted(), NOW)) == [QuotaItemConfirmed]
    assert (await state(handlers), await used(handlers)) == (ItemState.CONFIRMED, 1)


@pytest.mark.rule("Q2")
async def test_an_acceptance_heard_after_the_release_takes_no_place_that_another_has_got(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    await handlers.handle(release_item, withdrawn("full-3"), NOW)
    await handlers.handle(reserve_confirmed, submitted("app-16"), NOW)
    assert await handlers.handle(confirm_item, accepted("full-3"), NOW) == []
    assert await state(handlers, "full-3") is ItemState.RELEASED
    assert await used(handlers) == LIMIT


@pytest.mark.rule("Q5")
@pytest.mark.parametrize("outcome", ["late", "ineligible", "withdrawn"])
async def test_a_case_that_review_says_it_had_not_accepted_gives_its_item_back_whatever_the_outcome(
    handlers: HandlerHarness[Store], outcome: Outcome
) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    end = closed(outcome, accepted_before=False)
    assert event_types(await handlers.handle(release_closed, end, NOW)) == [QuotaItemReleased]
    assert await used(handlers) == 0


@pytest.mark.rule("Q6")
async def test_an_accepted_case_closed_before_its_reservation_is_heard_waits_for_it(
    handlers: HandlerHarness[Store],
) -> None:
    with pytest.raises(TransientError):
        await handlers.handle(release_closed, closed("ineligible", accepted_before=True), NOW)


@pytest.mark.rule("Q6")
async def test_a_confirmation_heard_before_its_reservation_waits_for_it(handlers: HandlerHarness[Store]) -> None:
    with pytest.raises(TransientError):
        await handlers.handle(confirm_item, accepted(), NOW)
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    assert event_types(await handlers.handle(confirm_item, accepted(), NOW)) == [QuotaItemConfirmed]
