"""Change of the legal representative: who counts for an item, what is carried, what is refused (Q4)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from assessor_quota.domain.representative import FormerRepresentative, change_problems, counted_representatives, terms
from assessor_quota.handlers.items import confirm_item, release_item
from assessor_quota.handlers.representatives import change_representative
from assessor_quota.store import Store
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.assessor_quota import LegalRepresentativeChanged, QuotaItemRefused, QuotaItemReserved
from messages.values import PersonRef

from .builders import LI, LIMIT, NORTH, NOW, OTHER, SOUTH, TODAY, WANG, accepted, change, submitted, withdrawn
from .harness import fill, handler_harness
from .words import reserve_confirmed

ZHAO = PersonRef(digest="d" * 64, masked="15**************33")
MARCH, NEXT_YEAR = date(2026, 3, 1), date(2027, 2, 1)


@pytest.fixture
async def handlers() -> HandlerHarness[Store]:
    """All were registered in January."""
    return await handler_harness(since=datetime(2026, 1, 5, 2, tzinfo=UTC))


async def counted(handlers: HandlerHarness[Store], person: PersonRef, year: int = 2026) -> list[str]:
    ledger = await handlers.store().ledgers.get(f"{person.digest}:{year}")
    return [] if ledger is None else [line.application_id for line in ledger.lines]


def with_whom(day: date, year: int, *former: FormerRepresentative) -> list[tuple[str, date | None]]:
    who = {WANG.digest: "Wang", LI.digest: "Li", ZHAO.digest: "Zhao"}
    present = ZHAO if len(former) > 1 else LI if former else WANG
    found = counted_representatives(terms(former, present, "某"), day, year)
    return [(who[each.person.digest], each.carried_on) for each in found]


TO_LI, TO_ZHAO = FormerRepresentative(WANG, "王某", MARCH), FormerRepresentative(LI, "李某", NEXT_YEAR)


@pytest.mark.rule("Q4")
def test_an_item_counts_with_who_is_in_office_and_with_whoever_takes_over_up_to_the_end_of_its_year() -> None:
    assert with_whom(date(2026, 2, 28), 2026) == [("Wang", None)]
    assert with_whom(date(2026, 2, 28), 2026, TO_LI) == [("Wang", None), ("Li", MARCH)]
    assert with_whom(MARCH, 2026, TO_LI) == [("Li", None)]
    assert with_whom(date(2026, 2, 28), 2026, TO_LI, TO_ZHAO) == [("Wang", None), ("Li", MARCH)]
    assert with_whom(MARCH, 2027, TO_LI, TO_ZHAO) == [("Li", None), ("Zhao", NEXT_YEAR)]


@pytest.mark.rule("Q4")
def test_the_day_of_submission_is_held_into_the_counting_year() -> None:
    assert with_whom(date(2025, 12, 20), 2026, FormerRepresentative(WANG, "王某", date(2025, 12, 31))) == [("Li", None)]
    assert with_whom(date(2027, 1, 5), 2026, TO_LI, FormerRepresentative(LI, "李某", date(2027, 1, 2))) == [
        ("Li", None)
    ]


@pytest.mark.rule("Q4")
def test_who_comes_back_in_the_same_year_is_counted_once() -> None:
    back = (FormerRepresentative(WANG, "王某", MARCH), FormerRepresentative(LI, "李某", date(2026, 4, 1)))
    found = counted_representatives(terms(back, WANG, "王某"), date(2026, 1, 15), 2026)
    assert [(each.person, each.carried_on) for each in found] == [(LI, MARCH), (WANG, None)]


@pytest.mark.rule("Q4")
def test_periods_follow_one_another_from_registration_to_today() -> None:
    registered_on = date(2026, 1, 5)

    def codes(successor: PersonRef, day: date, *former: FormerRepresentative) -> list[str]:
        present = terms(former, LI if former else WANG, "某")
        return [each.code for each in change_problems(present, registered_on, successor, day, TODAY)]

    assert codes(LI, TODAY) == codes(LI, registered_on) == []
    assert codes(LI, date(2026, 4, 21)) == ["change-in-future"]
    assert codes(LI, date(2026, 1, 4)) == ["change-before-registration"]
    assert codes(WANG, TODAY) == ["same-representative"]
    assert codes(WANG, MARCH, TO_LI) == codes(WANG, date(2026, 2, 1), TO_LI) == ["periods-overlap"]
    assert codes(WANG, date(2026, 3, 2), TO_LI) == []


@pytest.mark.rule("Q4")
async def test_items_of_the_year_count_with_the_new_representative_as_well_and_stay_with_the_old_one(
    handlers: HandlerHarness[Store],
) -> None:
    for application, by in (("a", NORTH), ("b", SOUTH), ("c", OTHER)):
        await handlers.handle(reserve_confirmed, submitted(application, by), NOW)
    (said,) = await handlers.handle(change_representative, change(), NOW)
    assert isinstance(said, LegalRepresentativeChanged)
    assert (said.former, said.representative, said.document_number) == (WANG, LI, "变更一号")
    assert [(each.year, each.items, each.used) for each in said.carried] == [(2026, 1, 2)]
    assert await counted(handlers, WANG) == ["a", "b"]
    assert await counted(handlers, LI) == ["c", "a"]


@pytest.mark.rule("Q4")
async def test_the_new_total_may_exceed_the_limit_and_then_nothing_more_is_granted(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    for number in range(10):
        await handlers.handle(reserve_confirmed, submitted(f"other-{number}", OTHER), NOW)
    (said,) = await handlers.handle(change_representative, change(), NOW)
    assert isinstance(said, LegalRepresentativeChanged)
    assert said.carried[0].used == 18
    (no,) = await handlers.handle(reserve_confirmed, submitted("late", OTHER), NOW)
    assert isinstance(no, QuotaItemRefused)
    assert len(no.items_in_use) == 18


@pytest.mark.rule("Q4")
async def test_a_place_given_back_is_given_back_to_both(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted("a"), NOW)
    await handlers.handle(change_representative, change(), NOW)
    await handlers.handle(release_item, withdrawn("a"), NOW)
    assert await counted(handlers, WANG) == await counted(handlers, LI) == []


@pytest.mark.rule("Q4")
async def test_items_of_an_earlier_year_stay_where_they_are_and_those_of_the_next_come_along(
    handlers: HandlerHarness[Store],
) -> None:
    for year in (2025, 2026, 2027):
        await handlers.handle(reserve_confirmed, submitted(f"of-{year}", batch_year=year), NOW)
    await handlers.handle(change_representative, change(), NOW)
    assert [await counted(handlers, LI, year) for year in (2025, 2026, 2027)] == [[], ["of-2026"], ["of-2027"]]


@pytest.mark.rule("Q4")
async def test_a_submission_of_before_the_change_heard_after_it_counts_with_both(
    handlers: HandlerHarness[Store],
) -> None:
    await handlers.handle(change_representative, change(on=date(2026, 4, 10)), NOW)
    early = submitted("early", submitted_on=date(2026, 4, 9))
    (said,) = await handlers.handle(reserve_confirmed, early, NOW)
    assert isinstance(said, QuotaItemReserved)
    assert said.representative == LI
    assert await counted(handlers, WANG) == await counted(handlers, LI) == ["early"]


@pytest.mark.rule("Q4")
async def test_a_submission_that_would_count_with_two_needs_a_place_with_both(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(change_representative, change(on=date(2026, 4, 10)), NOW)
    for number in range(LIMIT):
        await handlers.handle(reserve_confirmed, submitted(f"other-{number}", OTHER), NOW)
    (no,) = await handlers.handle(reserve_confirmed, submitted("early", submitted_on=date(2026, 4, 9)), NOW)
    assert isinstance(no, QuotaItemRefused)
    assert {each.application_id for each in no.items_in_use} == {f"other-{number}" for number in range(LIMIT)}
    assert await counted(handlers, WANG) == []


@pytest.mark.rule("Q4")
@pytest.mark.rule("Q5")
async def test_a_place_taken_back_after_the_change_counts_with_both(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted("a"), NOW)
    await handlers.handle(release_item, withdrawn("a"), NOW)
    await handlers.handle(change_representative, change(), NOW)
    await handlers.handle(confirm_item, accepted("a"), NOW)
    assert await counted(handlers, LI) == ["a"]
    assert await counted(handlers, WANG) == []


@pytest.mark.rule("Q4")
async def test_a_chain_of_changes_carries_an_item_through_all_and_back(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted("a", submitted_on=date(2026, 4, 1)), NOW)
    for day, person in ((10, LI), (11, ZHAO), (12, WANG)):
        command = change(person, date(2026, 4, day), document_number=f"变更{day}号")
        await handlers.handle(change_representative, command, NOW)
    assert [await counted(handlers, person) for person in (WANG, LI, ZHAO)] == [["a"], ["a"], ["a"]]
    item = await handlers.store().items.require("a")
    assert item.ledgers[-1] == f"{WANG.digest}:2026"
    assert len(set(item.ledgers)) == len(item.ledgers) == 3


@pytest.mark.rule("Q4")
async def test_a_change_that_is_refused_carries_nothing(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(reserve_confirmed, submitted("a"), NOW)
    with pytest.raises(Refusal) as no:
        await handlers.handle(change_representative, change(on=date(2026, 5, 1)), NOW)
    assert (no.value.code, no.value.reasons[0].article) == ("change-refused", "第三十二条")
    assert await counted(handlers, LI) == []


@pytest.mark.rule("Q1")
async def test_a_successor_known_under_an_earlier_key_keeps_the_digest(handlers: HandlerHarness[Store]) -> None:
    rotated = LI.model_copy(update={"digest": "e" * 64})
    (said,) = await handlers.handle(change_representative, change(rotated, earlier=(LI.digest,)), NOW)
    assert isinstance(said, LegalRepresentativeChanged)
    assert said.representative == LI


@pytest.mark.rule("Q1")
async def test_a_representative_who_left_is_still_the_same_person_under_a_new_key(
    handlers: HandlerHarness[Store],
) -> None:
    await fill(handlers, LIMIT)
    for uscc in (NORTH, SOUTH):
        await handlers.handle(change_representative, change(ZHAO, of=uscc), NOW)
    rotated = WANG.model_copy(update={"digest": "e" * 64})
    later = datetime(2026, 4, 22, 2, tzinfo=UTC)
    command = change(rotated, date(2026, 4, 22), OTHER, earlier=(WANG.digest,))
    await handlers.handle(change_representative, command, later)
    (no,) = await handlers.handle(reserve_confirmed, submitted("new", OTHER, submitted_on=later.date()), later)
    assert isinstance(no, QuotaItemRefused)
    assert [each.rule for each in no.reasons] == ["Q1"]
