from __future__ import annotations

from datetime import date

import pytest
from assessor_quota.domain.item import ItemState
from assessor_quota.handlers.items import confirm_item, release_closed, release_item
from assessor_quota.store import Store
from devkit import HandlerHarness
from messages.applications import ApplicationSubmitted
from messages.assessor_quota import (
    QuotaItemConfirmed,
    QuotaItemRefused,
    QuotaItemReleased,
    QuotaItemReserved,
)

from .builders import (
    LI,
    LIMIT,
    NORTH,
    NOW,
    OTHER,
    RULES,
    SOUTH,
    THIRD,
    accepted,
    closed,
    event_types,
    refused,
    self_evaluated,
    submitted,
    withdrawn,
)
from .harness import fill, state, used
from .words import reserve_confirmed


@pytest.mark.rule("Q1")
async def test_two_assessors_of_one_representative_get_fifteen_items_and_the_sixteenth_is_refused(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    (said,) = await handlers.handle(reserve_confirmed, submitted("app-16", SOUTH), NOW)
    assert isinstance(said, QuotaItemRefused)
    assert [each.rule for each in said.reasons] == ["Q1"]
    assert [each.application_id for each in said.items_in_use] == [f"full-{number}" for number in range(LIMIT)]
    assert {each.assessor.uscc for each in said.items_in_use} == {NORTH, SOUTH}
    assert await used(handlers) == LIMIT


@pytest.mark.rule("Q1")
async def test_another_representative_has_places_of_its_own(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT)
    (said,) = await handlers.handle(reserve_confirmed, submitted("app-16", OTHER), NOW)
    assert isinstance(said, QuotaItemReserved)
    assert (said.used, said.limit, said.representative) == (1, LIMIT, LI)


@pytest.mark.rule("Q3")
async def test_the_next_batch_year_has_places_of_its_own(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT)
    early = submitted("app-16", batch_year=2027, submitted_on=date(2026, 12, 31))
    (said,) = await handlers.handle(reserve_confirmed, early, NOW)
    assert isinstance(said, QuotaItemReserved)
    assert (said.year, said.used) == (2027, 1)


@pytest.mark.rule("G3")
async def test_whatever_is_said_of_an_item_names_the_rule_set_it_was_decided_under(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    said = [
        *await handlers.handle(reserve_confirmed, submitted("app-16"), NOW),
        *await handlers.handle(reserve_confirmed, submitted("full-0", sequence=2), NOW),
        *await handlers.handle(confirm_item, accepted("full-1"), NOW),
        *await handlers.handle(release_item, withdrawn("full-2"), NOW),
    ]
    assert event_types(said) == [QuotaItemRefused, QuotaItemReserved, QuotaItemConfirmed, QuotaItemReleased]
    assert {getattr(each, "rule_set", None) for each in said} == {RULES.version}


@pytest.mark.rule("Q6")
async def test_the_same_submission_heard_twice_is_one_item_and_one_answer(handlers: HandlerHarness[Store]) -> None:
    assert event_types(await handlers.handle(reserve_confirmed, submitted(), NOW)) == [QuotaItemReserved]
    assert await handlers.handle(reserve_confirmed, submitted(), NOW) == []
    assert await used(handlers) == 1


@pytest.mark.rule("Q6")
async def test_an_application_that_asks_anew_gets_the_item_it_has(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted(sequence=1), NOW)
    (again,) = await handlers.handle(reserve_confirmed, submitted(sequence=3), NOW)
    assert isinstance(again, QuotaItemReserved)
    assert again.used == 1
    assert await handlers.handle(release_item, refused(sequence=2), NOW) == []
    assert await used(handlers) == 1


@pytest.mark.rule("Q6")
async def test_an_application_refused_before_and_submitted_again_gets_an_item(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(release_item, refused(sequence=1), NOW)
    assert event_types(await handlers.handle(reserve_confirmed, submitted(sequence=2), NOW)) == [QuotaItemReserved]


@pytest.mark.rule("Q5")
async def test_a_case_that_review_says_it_had_accepted_keeps_its_item_whatever_the_outcome(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(reserve_confirmed, submitted(), NOW)
    end = closed("ineligible", accepted_before=True)
    assert event_types(await handlers.handle(release_closed, end, NOW)) == [QuotaItemConfirmed]
    assert await handlers.handle(confirm_item, accepted(), NOW) == []
    assert await used(handlers) == 1


@pytest.mark.rule("Q3")
@pytest.mark.parametrize("batch_year", [2024, 2028])
async def test_a_year_far_from_the_day_of_submission_is_refused(
    handlers: HandlerHarness[Store], batch_year: int
) -> None:
    (no,) = await handlers.handle(reserve_confirmed, submitted(batch_year=batch_year), NOW)
    assert isinstance(no, QuotaItemRefused)
    assert [(each.rule, each.code, each.article) for each in no.reasons] == [("Q3", "year-out-of-range", "第三十二条")]


@pytest.mark.rule("G3")
async def test_a_refused_item_keeps_the_codes_it_was_refused_for(handlers: HandlerHarness[Store]) -> None:
    await fill(handlers, LIMIT)
    await handlers.handle(reserve_confirmed, submitted("app-16", lead_author="S9", reviewer="S8"), NOW)
    item = await handlers.store().items.require("app-16")
    assert item.refused_for == ("not-on-staff", "quota-exhausted")


async def test_the_first_item_in_a_prefecture_is_noted_and_later_ones_leave_the_entry_alone(
    handlers: HandlerHarness[Store],
) -> None:
    versions = []
    for application in ("first", "second"):
        await handlers.handle(reserve_confirmed, submitted(application), NOW)
        store = handlers.store()
        assert (await store.assessors.require(NORTH)).prefectures == ("150400",)
        versions.append(store.assessors.version(NORTH))
    assert versions[0] == versions[1]


async def test_a_self_evaluated_application_needs_no_item(handlers: HandlerHarness[Store]) -> None:
    own = self_evaluated()
    case = accepted().model_copy(update={"assessor": None})
    end = withdrawn().model_copy(update={"evaluation": own.evaluation})
    said = [
        await handlers.handle(reserve_confirmed, own, NOW),
        await handlers.handle(confirm_item, case, NOW),
        await handlers.handle(release_item, end, NOW),
        await handlers.handle(release_closed, closed("withdrawn").model_copy(update={"assessor": None}), NOW),
    ]
    assert said == [[], [], [], []]
    assert handlers.documents("items") == {}


@pytest.mark.rule("E12")
async def test_an_assessor_nobody_registered_gets_no_item(handlers: HandlerHarness[Store]) -> None:
    (said,) = await handlers.handle(reserve_confirmed, submitted(by=THIRD), NOW)
    assert isinstance(said, QuotaItemRefused)
    assert [each.rule for each in said.reasons] == ["E12"]
    assert await state(handlers) is ItemState.REFUSED


@pytest.mark.rule("Q1")
@pytest.mark.rule("Q6")
async def test_an_answer_says_which_submission_it_answers(handlers: HandlerHarness[Store]) -> None:
    def asking(application: str, sequence: int, submission: int, by: str = NORTH) -> ApplicationSubmitted:
        return submitted(application, by, sequence=sequence).model_copy(update={"submission": submission})

    asked = [asking("a", 1, 1), asking("a", 3, 2), asking("b", 4, 3, THIRD)]
    answers = [each for one in asked for each in await handlers.handle(reserve_confirmed, one, NOW)]
    told = [(type(each), each.submission) for each in answers if isinstance(each, QuotaItemReserved | QuotaItemRefused)]
    assert told == [(QuotaItemReserved, 1), (QuotaItemReserved, 2), (QuotaItemRefused, 3)]
