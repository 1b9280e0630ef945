"""No item is taken without the assessor's own word; who was named falsely says so, and the place comes back (Q5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from assessor_quota.domain.item import ItemState
from assessor_quota.domain.naming import Word
from assessor_quota.domain.reconciliation import DiscrepancyKind, Reconciliation
from assessor_quota.handlers.items import confirm_item, release_closed, release_item, reserve_item
from assessor_quota.handlers.namings import NamingReply, confirm_namings, deny_naming
from assessor_quota.handlers.reconciliation import RECONCILIATION
from assessor_quota.handlers.representatives import change_representative
from assessor_quota.handlers.sanctions import sanction_assessor
from assessor_quota.store import Store
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.assessor_quota import (
    NamingConfirmed,
    NamingDenied,
    NamingReminded,
    NamingRequested,
    QuotaItemConfirmed,
    QuotaItemRefused,
    QuotaItemReleased,
    QuotaItemReserved,
)
from rulebook import add_working_days

from .builders import (
    LI,
    LIMIT,
    NORTH,
    NOW,
    OTHER,
    RULES,
    SOUTH,
    STEEL,
    TODAY,
    WANG,
    accepted,
    change,
    closed,
    decision,
    event_types,
    refused,
    submitted,
    withdrawn,
)
from .harness import deliver, fill, run_job, state, used
from .words import REASON, confirmation, denial, give_word

LAST_DAY = add_working_days(TODAY, RULES.naming.due_working_days).last_day
REMINDED_ON = add_working_days(TODAY, RULES.naming.reminder_working_days).last_day


async def awaiting(handlers: HandlerHarness[Store], application_id: str = "app-1", by: str = NORTH) -> None:
    """A submission without the assessor's word, as the subscription handles it."""
    (said,) = await handlers.handle(reserve_item, submitted(application_id, by), NOW)
    assert isinstance(said, NamingRequested)


@pytest.mark.rule("Q5")
async def test_without_the_assessors_word_a_submission_waits_and_takes_no_place(
    handlers: HandlerHarness[Store],
) -> None:
    (said,) = await handlers.handle(reserve_item, submitted(), NOW)

    assert isinstance(said, NamingRequested)
    assert (said.answer_by, said.submission, said.unit.uscc) == (LAST_DAY, 1, STEEL)
    assert await state(handlers) is ItemState.AWAITING
    assert await used(handlers) == 0


@pytest.mark.rule("Q5", "E12")
async def test_a_word_given_before_the_submission_reserves_at_once(handlers: HandlerHarness[Store]) -> None:
    confirmed = await handlers.handle(confirm_namings, confirmation("app-1"), NOW)
    assert event_types(confirmed) == [NamingConfirmed]
    assert event_types(await handlers.handle(reserve_item, submitted(), NOW)) == [QuotaItemReserved]


@pytest.mark.rule("Q5", "E12")
async def test_a_word_given_afterwards_answers_each_application_that_waits(handlers: HandlerHarness[Store]) -> None:
    for application in ("app-1", "app-2"):
        await awaiting(handlers, application)

    done = await handlers.perform(confirm_namings, confirmation("app-1", "app-2", "later"), NOW)

    assert event_types(done.events) == [
        NamingConfirmed,
        QuotaItemReserved,
        NamingConfirmed,
        QuotaItemReserved,
        NamingConfirmed,
    ]
    assert [(each.application_id, each.state) for each in done.value.namings] == [
        ("app-1", ItemState.RESERVED),
        ("app-2", ItemState.RESERVED),
        ("later", None),
    ]
    assert await used(handlers) == 2
    assert await handlers.handle(confirm_namings, confirmation("app-1"), NOW) == [], "it was said before"


@pytest.mark.rule("Q5")
async def test_another_assessors_word_and_a_word_on_another_unit_count_for_nothing(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(confirm_namings, confirmation("app-1", by=OTHER), NOW)
    await handlers.handle(confirm_namings, confirmation("app-1", unit=SOUTH), NOW)
    await awaiting(handlers)

    done = await handlers.perform(confirm_namings, confirmation("app-1", by=OTHER), NOW)

    assert done.value.namings == (NamingReply("app-1", Word.CONFIRMED, None),), "nothing is told of another's item"
    assert await state(handlers) is ItemState.AWAITING


@pytest.mark.rule("Q5")
async def test_a_confirmation_that_names_another_unit_than_the_application_is_refused_whole(
    handlers: HandlerHarness[Store],
) -> None:
    await awaiting(handlers, "app-1")
    await awaiting(handlers, "app-2")

    with pytest.raises(Refusal) as refusal:
        await handlers.handle(confirm_namings, confirmation("app-1", "app-2", unit=SOUTH), NOW)

    assert [(each.rule, each.code, each.pointer) for each in refusal.value.reasons] == [
        ("Q5", "unit-differs", "/namings/0/unit_uscc"),
        ("Q5", "unit-differs", "/namings/1/unit_uscc"),
    ]
    assert await state(handlers) is ItemState.AWAITING


@pytest.mark.rule("Q1", "Q5")
async def test_a_word_for_which_no_place_is_left_refuses_with_those_that_fill_the_quota(
    handlers: HandlerHarness[Store],
) -> None:
    await awaiting(handlers)
    await fill(handlers, LIMIT)

    done = await handlers.perform(confirm_namings, confirmation("app-1"), NOW)

    confirmed, refused_item = done.events
    assert isinstance(confirmed, NamingConfirmed)
    assert isinstance(refused_item, QuotaItemRefused)
    assert [each.code for each in refused_item.reasons] == ["quota-exhausted"]
    assert len(refused_item.items_in_use) == LIMIT
    assert done.value.namings[0].refused_for == ("quota-exhausted",)
    assert await used(handlers) == LIMIT


@pytest.mark.rule("Q1", "Q5")
async def test_a_submission_against_which_there_is_a_reason_does_not_wait_for_a_word(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    (said,) = await handlers.handle(reserve_item, submitted("app-16"), NOW)
    assert isinstance(said, QuotaItemRefused)


@pytest.mark.rule("S1", "Q5")
async def test_a_sanctioned_assessors_word_takes_no_place(handlers: HandlerHarness[Store]) -> None:
    await awaiting(handlers)
    await handlers.handle(sanction_assessor, decision(), NOW)

    said = await handlers.handle(confirm_namings, confirmation("app-1"), NOW)

    assert event_types(said) == [NamingConfirmed, QuotaItemRefused]
    assert (await handlers.store().items.require("app-1")).refused_for == ("assessor-sanctioned",)


@pytest.mark.rule("P3")
async def test_an_assessor_gets_no_item_for_an_application_of_its_own(handlers: HandlerHarness[Store]) -> None:
    own = submitted()
    itself = own.model_copy(update={"unit": own.unit.model_copy(update={"uscc": NORTH})})
    await handlers.handle(confirm_namings, confirmation("app-1", unit=NORTH), NOW)

    (said,) = await handlers.handle(reserve_item, itself, NOW)

    assert isinstance(said, QuotaItemRefused)
    assert [(each.rule, each.code) for each in said.reasons] == [("P3", "own-assessor")]


@pytest.mark.rule("Q5", "E12")
async def test_a_denial_refuses_what_waits_with_the_assessors_reason(handlers: HandlerHarness[Store]) -> None:
    await awaiting(handlers)

    denied, refused_item = await handlers.handle(deny_naming, denial(), NOW)

    assert isinstance(denied, NamingDenied)
    assert isinstance(refused_item, QuotaItemRefused)
    assert denied.reasons == refused_item.reasons
    assert (denied.submission, refused_item.submission) == (1, 1)
    assert [(each.rule, each.code, each.evidence) for each in denied.reasons] == [("E12", "naming-denied", REASON)]
    assert await state(handlers) is ItemState.REFUSED


@pytest.mark.rule("Q5")
async def test_a_denial_gives_a_reserved_place_back_to_the_next(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT)

    said = await handlers.handle(deny_naming, denial("full-2"), NOW)

    assert event_types(said) == [NamingDenied, QuotaItemReleased]
    assert await used(handlers) == LIMIT - 1
    await handlers.handle(give_word, submitted("app-16"), NOW)
    assert event_types(await handlers.handle(reserve_item, submitted("app-16"), NOW)) == [QuotaItemReserved]


@pytest.mark.rule("Q5")
async def test_no_acceptance_or_end_of_a_denied_application_takes_the_place_back(
    handlers: HandlerHarness[Store],
) -> None:
    """Review may have accepted while the denial was on its way; the reconciler finds nothing wrong with that."""
    await deliver(handlers, [submitted()], NOW)
    await handlers.handle(deny_naming, denial(), NOW)

    await deliver(handlers, [accepted(), closed("ineligible", accepted_before=True)], NOW)

    assert await state(handlers) is ItemState.RELEASED
    assert await used(handlers) == 0
    await run_job(handlers, "reconcile", NOW)
    report = (await handlers.store().reconciliations.get(RECONCILIATION) or Reconciliation()).report
    assert report is not None
    assert report.summary.counts == dict.fromkeys(DiscrepancyKind, 0)


@pytest.mark.rule("Q5")
async def test_a_denial_of_a_released_item_keeps_an_acceptance_on_its_way_from_taking_the_place_back(
    handlers: HandlerHarness[Store],
) -> None:
    await deliver(handlers, [submitted(), withdrawn()], NOW)
    assert await handlers.handle(deny_naming, denial(), NOW) == []

    await deliver(handlers, [accepted()], NOW)

    assert (await state(handlers), await used(handlers)) == (ItemState.RELEASED, 0)


@pytest.mark.rule("Q5")
async def test_after_initial_review_accepted_a_denial_is_refused_and_the_item_stays_used(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(give_word, submitted(), NOW)
    await handlers.handle(reserve_item, submitted(), NOW)
    assert event_types(await handlers.handle(confirm_item, accepted(), NOW)) == [QuotaItemConfirmed]

    with pytest.raises(Refusal) as refusal:
        await handlers.handle(deny_naming, denial(), NOW)

    assert [(each.rule, each.code) for each in refusal.value.reasons] == [("Q5", "naming-settled")]
    assert (await state(handlers), await used(handlers)) == (ItemState.CONFIRMED, 1)


@pytest.mark.rule("P2")
@pytest.mark.parametrize("application", ["app-1", "never-filed"])
async def test_a_denial_of_anothers_application_is_answered_as_of_one_that_is_not_there(
    handlers: HandlerHarness[Store], application: str
) -> None:
    await awaiting(handlers)

    with pytest.raises(Refusal) as refusal:
        await handlers.handle(deny_naming, denial(application, by=OTHER), NOW)

    assert (refusal.value.status, [each.code for each in refusal.value.reasons]) == (404, ["naming-unknown"])


@pytest.mark.rule("Q5")
async def test_a_word_may_be_taken_back_before_the_submission_and_given_again_after_a_denial(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(confirm_namings, confirmation("app-1"), NOW)
    assert await handlers.handle(deny_naming, denial(), NOW) == [], "it concerns nobody yet"
    (said,) = await handlers.handle(reserve_item, submitted(sequence=1), NOW)
    assert isinstance(said, QuotaItemRefused)
    assert [each.code for each in said.reasons] == ["naming-denied"]

    assert event_types(await handlers.handle(confirm_namings, confirmation("app-1"), NOW)) == [NamingConfirmed]
    await handlers.handle(release_item, refused(sequence=2), NOW)
    assert event_types(await handlers.handle(reserve_item, submitted(sequence=3), NOW)) == [QuotaItemReserved]


@pytest.mark.rule("Q5", "Q6")
@pytest.mark.parametrize("end", [withdrawn(), refused()])
async def test_an_application_that_ends_while_it_waits_leaves_nothing_to_confirm(
    handlers: HandlerHarness[Store], end: object
) -> None:
    await awaiting(handlers)
    assert await handlers.handle(release_item, end, NOW) == [], "no place was taken, so none is given back"
    assert await state(handlers) is ItemState.RELEASED

    assert event_types(await handlers.handle(confirm_namings, confirmation("app-1"), NOW)) == [NamingConfirmed]
    assert (await state(handlers), await used(handlers)) == (ItemState.RELEASED, 0)


@pytest.mark.rule("Q6")
async def test_a_case_closed_while_the_word_is_awaited_leaves_nothing_to_confirm(
    handlers: HandlerHarness[Store],
) -> None:
    await awaiting(handlers)
    assert await handlers.handle(release_closed, closed("withdrawn", accepted_before=False), NOW) == []
    assert await state(handlers) is ItemState.RELEASED


@pytest.mark.rule("Q5", "N3")
async def test_the_assessor_is_reminded_once_and_after_the_last_day_the_application_is_returned(
    handlers: HandlerHarness[Store],
) -> None:
    await awaiting(handlers)
    before, reminded, last, over = (
        NOW + (day - TODAY)
        for day in (REMINDED_ON - timedelta(days=1), REMINDED_ON, LAST_DAY, LAST_DAY + timedelta(days=1))
    )
    assert await run_job(handlers, "follow-up-namings", before) == []
    (said,) = await run_job(handlers, "follow-up-namings", reminded)
    assert isinstance(said, NamingReminded)
    assert said.answer_by == LAST_DAY
    assert await run_job(handlers, "follow-up-namings", last) == [], "it is reminded once, and the last day counts"

    (returned,) = await run_job(handlers, "follow-up-namings", over)
    assert isinstance(returned, QuotaItemRefused)
    assert [(each.rule, each.code) for each in returned.reasons] == [("E12", "naming-unanswered")]
    assert str(LAST_DAY) in returned.reasons[0].text
    assert await run_job(handlers, "follow-up-namings", over) == []


@pytest.mark.rule("Q5")
async def test_after_a_standstill_the_application_is_returned_without_a_late_reminder(
    handlers: HandlerHarness[Store],
) -> None:
    await awaiting(handlers)
    over = NOW + (LAST_DAY + timedelta(days=9) - TODAY)
    assert event_types(await run_job(handlers, "follow-up-namings", over)) == [QuotaItemRefused]


@pytest.mark.rule("Q4", "Q5")
async def test_a_word_given_after_the_legal_representative_changed_counts_with_both(
    handlers: HandlerHarness[Store],
) -> None:
    await awaiting(handlers)
    tomorrow = NOW + timedelta(days=1)
    await handlers.handle(change_representative, change(on=TODAY + timedelta(days=1)), tomorrow)

    said = await handlers.handle(confirm_namings, confirmation("app-1"), tomorrow)

    assert event_types(said) == [NamingConfirmed, QuotaItemReserved]
    item = await handlers.store().items.require("app-1")
    assert item.ledgers == (f"{WANG.digest}:2026", f"{LI.digest}:2026")
