from __future__ import annotations

import pytest
from assessor_quota import handlers
from assessor_quota.domain.item import ApplicationEnd, CaseEnd, ItemState
from assessor_quota.store import Store
from chassis.handling import TransientError
from devkit import HandlerHarness
from messages.assessor_quota import (
    QuotaItemConfirmed,
    QuotaItemReleased,
    QuotaItemReserved,
)
from messages.review import Outcome

from .kit import (
    LIMIT,
    NOW,
    OTHER,
    accepted,
    closed,
    fill,
    kinds,
    refused,
    review_refused,
    state,
    submitted,
    used,
    withdrawn,
)


@pytest.mark.rule("Q5")
async def test_a_place_given_back_is_granted_to_the_next(bench: HandlerHarness[Store]) -> None:
    await fill(bench, LIMIT)
    (released,) = await bench.handle(handlers.release_item, withdrawn("full-3"), NOW)
    assert isinstance(released, QuotaItemReleased)
    (said,) = await bench.handle(handlers.reserve_item, submitted("app-16"), NOW)
    assert isinstance(said, QuotaItemReserved)
    assert said.used == LIMIT


@pytest.mark.rule("Q5")
async def test_after_initial_review_accepted_the_item_stays_used_whatever_the_outcome(
    bench: HandlerHarness[Store],
) -> None:
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    assert kinds(await bench.handle(handlers.confirm_item, accepted(), NOW)) == [QuotaItemConfirmed]
    assert await bench.handle(handlers.release_item, withdrawn(), NOW) == []
    assert await bench.handle(handlers.release_closed, closed("withdrawn"), NOW) == []
    assert await state(bench) is ItemState.CONFIRMED
    assert await used(bench) == 1


@pytest.mark.rule("Q5")
async def test_refused_by_initial_review_the_item_is_given_back_once(bench: HandlerHarness[Store]) -> None:
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    assert kinds(await bench.handle(handlers.release_closed, review_refused(), NOW)) == [QuotaItemReleased]
    assert await bench.handle(handlers.release_closed, closed("initial_review_refused"), NOW) == []
    assert await used(bench) == 0


@pytest.mark.rule("Q5")
async def test_refused_by_applications_after_the_reservation_the_item_is_given_back(
    bench: HandlerHarness[Store],
) -> None:
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    assert kinds(await bench.handle(handlers.release_item, refused(), NOW)) == [QuotaItemReleased]
    assert await used(bench) == 0


@pytest.mark.rule("Q5")
@pytest.mark.parametrize(
    "outcome", ["late", "mandatory_item_failed", "below_pass_mark", "beyond_cap", "objection_upheld"]
)
async def test_an_outcome_after_initial_review_gives_nothing_back_though_the_acceptance_is_heard_later(
    bench: HandlerHarness[Store], outcome: Outcome
) -> None:
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    assert kinds(await bench.handle(handlers.release_closed, closed(outcome), NOW)) == [QuotaItemConfirmed]
    assert await bench.handle(handlers.confirm_item, accepted(), NOW) == []


@pytest.mark.rule("Q5")
async def test_a_withdrawal_after_initial_review_confirms_the_item_though_the_acceptance_is_heard_later(
    bench: HandlerHarness[Store],
) -> None:
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    end = withdrawn(after_initial_review=True)
    assert kinds(await bench.handle(handlers.release_item, end, NOW)) == [QuotaItemConfirmed]
    assert await bench.handle(handlers.confirm_item, accepted(), NOW) == []
    assert (await state(bench), await used(bench)) == (ItemState.CONFIRMED, 1)


@pytest.mark.rule("Q5")
async def test_a_case_closed_by_withdrawal_releases_the_item_only_before_initial_review_accepted_it(
    bench: HandlerHarness[Store],
) -> None:
    for application, accepted_before in (("before", False), ("after", True)):
        await bench.handle(handlers.reserve_item, submitted(application), NOW)
        end = closed("withdrawn", application, accepted_before=accepted_before)
        answer = await bench.handle(handlers.release_closed, end, NOW)
        assert kinds(answer) == [QuotaItemConfirmed if accepted_before else QuotaItemReleased]
    assert await bench.handle(handlers.release_item, withdrawn("before"), NOW) == []
    assert await bench.handle(handlers.confirm_item, accepted("after"), NOW) == []
    assert await state(bench, "before") is ItemState.RELEASED
    assert await state(bench, "after") is ItemState.CONFIRMED


@pytest.mark.rule("Q6")
async def test_a_withdrawal_after_initial_review_heard_before_the_reservation_waits_for_it(
    bench: HandlerHarness[Store],
) -> None:
    end = withdrawn(after_initial_review=True)
    with pytest.raises(TransientError):
        await bench.handle(handlers.release_item, end, NOW)
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    assert kinds(await bench.handle(handlers.release_item, end, NOW)) == [QuotaItemConfirmed]


@pytest.mark.rule("Q6")
async def test_a_report_by_another_assessor_gives_the_first_place_back(bench: HandlerHarness[Store]) -> None:
    await bench.handle(handlers.reserve_item, submitted(sequence=1), NOW)
    said = await bench.handle(handlers.reserve_item, submitted(by=OTHER, sequence=3), NOW)
    assert kinds(said) == [QuotaItemReleased, QuotaItemReserved]
    assert await used(bench) == 0


@pytest.mark.rule("Q6")
@pytest.mark.parametrize("end", [withdrawn(), refused()])
async def test_a_release_that_overtakes_its_reservation_wins(bench: HandlerHarness[Store], end: ApplicationEnd) -> None:
    assert await bench.handle(handlers.release_item, end, NOW) == []
    assert await bench.handle(handlers.reserve_item, submitted(), NOW) == []
    assert await state(bench) is ItemState.RELEASED
    assert await used(bench) == 0


@pytest.mark.rule("Q6")
async def test_the_end_of_an_earlier_submission_heard_late_takes_nothing_from_the_later_one(
    bench: HandlerHarness[Store],
) -> None:
    await bench.handle(handlers.reserve_item, submitted(sequence=3), NOW)
    assert await bench.handle(handlers.release_item, refused(sequence=2), NOW) == []
    assert await state(bench) is ItemState.RESERVED


@pytest.mark.rule("Q6")
@pytest.mark.parametrize("end", [review_refused(), closed("ineligible")])
async def test_a_case_closed_before_its_reservation_is_heard_leaves_no_item(
    bench: HandlerHarness[Store], end: CaseEnd
) -> None:
    assert await bench.handle(handlers.release_closed, end, NOW) == []
    assert await bench.handle(handlers.reserve_item, submitted(sequence=9), NOW) == []
    assert await used(bench) == 0


@pytest.mark.rule("Q5")
async def test_an_acceptance_heard_after_the_release_takes_the_place_back(bench: HandlerHarness[Store]) -> None:
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    await bench.handle(handlers.release_item, withdrawn(), NOW)
    assert kinds(await bench.handle(handlers.confirm_item, accepted(), NOW)) == [QuotaItemConfirmed]
    assert (await state(bench), await used(bench)) == (ItemState.CONFIRMED, 1)


@pytest.mark.rule("Q2")
async def test_an_acceptance_heard_after_the_release_takes_no_place_that_another_has_got(
    bench: HandlerHarness[Store],
) -> None:
    await fill(bench, LIMIT)
    await bench.handle(handlers.release_item, withdrawn("full-3"), NOW)
    await bench.handle(handlers.reserve_item, submitted("app-16"), NOW)
    assert await bench.handle(handlers.confirm_item, accepted("full-3"), NOW) == []
    assert await state(bench, "full-3") is ItemState.RELEASED
    assert await used(bench) == LIMIT


@pytest.mark.rule("Q5")
@pytest.mark.parametrize("outcome", ["late", "ineligible", "withdrawn"])
async def test_a_case_that_review_says_it_had_not_accepted_gives_its_item_back_whatever_the_outcome(
    bench: HandlerHarness[Store], outcome: Outcome
) -> None:
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    end = closed(outcome, accepted_before=False)
    assert kinds(await bench.handle(handlers.release_closed, end, NOW)) == [QuotaItemReleased]
    assert await used(bench) == 0


@pytest.mark.rule("Q6")
async def test_an_accepted_case_closed_before_its_reservation_is_heard_waits_for_it(
    bench: HandlerHarness[Store],
) -> None:
    with pytest.raises(TransientError):
        await bench.handle(handlers.release_closed, closed("ineligible", accepted_before=True), NOW)


@pytest.mark.rule("Q6")
async def test_a_confirmation_heard_before_its_reservation_waits_for_it(bench: HandlerHarness[Store]) -> None:
    with pytest.raises(TransientError):
        await bench.handle(handlers.confirm_item, accepted(), NOW)
    await bench.handle(handlers.reserve_item, submitted(), NOW)
    assert kinds(await bench.handle(handlers.confirm_item, accepted(), NOW)) == [QuotaItemConfirmed]
