from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from chassis.handling import Refusal
from chassis.persistence.errors import WriteConflictError
from messages.registry import ListAnnounced, ListClosed, UnitListed, UnitRemoved
from messages.values import Level
from registry.domain.chain import GENESIS, ChainCheck
from registry.domain.clearances import ClearanceState
from registry.domain.lists import ListState, announcement_of
from registry.domain.removals import RemovalState
from registry.handlers import announcing, cases
from registry.handlers.verifying import verify_chain
from rulebook import reason

from services.registry.tests.builders import (
    ANNOUNCING,
    ASSESSOR,
    CLOSING,
    COPPER,
    DAIRY,
    DOCUMENT,
    SOLAR,
    STEEL,
    at,
    case_cleared,
    case_closed,
    decision,
    unit,
)
from services.registry.tests.harness import RegistryHandlers


@pytest.mark.rule("L3")
async def test_announcing_takes_effect_as_a_whole(handlers: RegistryHandlers) -> None:
    await handlers.clear(*(case_cleared(f"app-{n}", unit(uscc)) for n, uscc in enumerate((STEEL, DAIRY, SOLAR))))
    await handlers.remove(decision(unit(COPPER), ground="D4"))
    await handlers.close()

    result = await handlers.announce()

    assert Counter(type(event) for event in handlers.published) == {
        ListClosed: 1,
        ListAnnounced: 1,
        UnitListed: 3,
        UnitRemoved: 1,
    }
    assert result.announcement is not None
    assert (result.state, result.announcement.number) == (ListState.ANNOUNCED, 1)
    assert {each.state for each in await handlers.store().clearances.find()} == {ClearanceState.ANNOUNCED}
    assert [each.state for each in await handlers.store().removals.find()] == [RemovalState.ANNOUNCED]


@pytest.mark.rule("L3")
async def test_the_same_announcement_repeated_changes_nothing_and_is_answered_alike(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())
    await handlers.close()
    first = await handlers.announce()
    count = len(handlers.published)

    again = await handlers.announce(day=date(2026, 9, 16))

    assert again == first
    assert len(handlers.published) == count


@pytest.mark.rule("L3")
async def test_a_document_number_announces_one_list_only(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY), year=2027))
    await handlers.close()
    await handlers.announce()
    await handlers.close(2027)

    with pytest.raises(Refusal) as refused:
        await handlers.announce(2027)

    assert refused.value.code == "document-number-used"


async def close_supplement(handlers: RegistryHandlers) -> None:
    """A second list waits while the first is announced."""
    await handlers.clear(case_cleared("app-1"))
    await handlers.close()
    await handlers.announce()
    await handlers.clear(case_cleared("app-2", unit(DAIRY)))
    await handlers.close()


@pytest.mark.rule("L3")
@pytest.mark.parametrize("named", [None, "list-region-2026-2", "list-region-2026-9"])
async def test_the_number_of_an_earlier_list_of_the_year_announces_no_other(
    handlers: RegistryHandlers, named: str | None
) -> None:
    await close_supplement(handlers)
    count = len(handlers.published)

    with pytest.raises(Refusal) as refused:
        await handlers.announce(list_id=named)

    assert (refused.value.code, refused.value.status) == ("document-number-used", 409)
    assert [(reason.rule, reason.evidence) for reason in refused.value.reasons] == [("L3", DOCUMENT)]
    assert (len(handlers.published), (await handlers.get_list("list-region-2026-2")).state) == (count, ListState.CLOSED)


@pytest.mark.rule("L3")
async def test_the_very_same_announcement_is_answered_again_while_another_list_waits(
    handlers: RegistryHandlers,
) -> None:
    await close_supplement(handlers)

    again = await handlers.announce(list_id="list-region-2026-1")

    assert again.announcement is not None
    assert (again.list_id, again.announcement.number) == ("list-region-2026-1", 1)


@pytest.mark.rule("L3")
async def test_a_list_that_does_not_wait_is_not_announced_under_another_number(handlers: RegistryHandlers) -> None:
    await close_supplement(handlers)

    with pytest.raises(Refusal) as refused:
        await handlers.announce(number="另一文号", list_id="list-region-2026-1")

    assert refused.value.code == "nothing-to-announce"


@pytest.mark.rule("L3")
async def test_of_two_acts_begun_at_once_one_is_under_way_and_the_other_is_told_so(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY), year=2027))
    await handlers.close()
    await handlers.close(2027)
    of_2027 = announcing.AnnounceList(Level.REGION, 2027, "2027年1号")

    async def meanwhile() -> None:
        await handlers.begin(announcing.begin_announcing, of_2027, at(ANNOUNCING))

    with pytest.raises(WriteConflictError):
        await handlers.overtaken("lists", meanwhile).announce()
    with pytest.raises(Refusal) as refused:
        await handlers.announce()
    assert [(why.code, why.evidence) for why in refused.value.reasons] == [("list-act-under-way", "act-region-3")]

    await handlers.carry_on(ANNOUNCING)
    assert announcement_of(await handlers.announce()).number == 2


@pytest.mark.rule("L3")
async def test_the_same_announcement_begun_again_continues_the_one_under_way(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())
    await handlers.close()
    command = announcing.AnnounceList(Level.REGION, 2026, DOCUMENT)

    refs = [await handlers.begin(announcing.begin_announcing, command, at(ANNOUNCING)) for _ in range(2)]
    await handlers.carry_on(ANNOUNCING)

    assert refs[0] == refs[1]
    assert sum(isinstance(event, ListAnnounced) for event in handlers.published) == 1


@pytest.mark.rule("L3")
async def test_nothing_is_announced_that_was_not_closed(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())

    with pytest.raises(Refusal) as refused:
        await handlers.announce()

    assert refused.value.code == "nothing-to-announce"
    assert handlers.published == []


@pytest.mark.rule("L2", "B2")
async def test_no_unit_is_announced_on_a_day_on_which_its_ban_runs(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.close()
    await handlers.remove(decision(unit(STEEL), day=date(2026, 9, 12)))
    before = handlers.documents("listings")

    with pytest.raises(Refusal) as refused:
        await handlers.announce()
    assert (refused.value.code, [reason.rule for reason in refused.value.reasons]) == (
        "list-no-longer-holds",
        ["L2", "B1"],
    )
    assert handlers.documents("listings") == before == {}

    anew = await handlers.close(day=date(2026, 9, 14))
    result = await handlers.announce()
    assert (anew.list_id, anew.counts) == ("list-region-2026-1", {"addition": 1, "removal": 1, "renaming": 0})
    assert result.state is ListState.ANNOUNCED
    assert [event.unit.uscc for event in handlers.published if isinstance(event, UnitListed)] == [DAIRY]


@pytest.mark.rule("V10", "L2")
async def test_eligibility_lost_after_closing_stops_the_announcement_until_the_list_is_closed_anew(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.close()
    lost = reason("E4", "disqualifying-fact", "近三年内发生安全事故")
    await handlers.handle(cases.drop_line, case_closed(case_cleared("app-1"), "ineligible", lost), at(CLOSING))

    with pytest.raises(Refusal) as refused:
        await handlers.announce()
    assert [each.rule for each in refused.value.reasons] == ["L2", "V10", "E4"]

    await handlers.close()
    await handlers.announce()
    assert [event.unit.uscc for event in handlers.published if isinstance(event, UnitListed)] == [DAIRY]
    assert (await handlers.store().clearances.require("app-1")).state is ClearanceState.DROPPED


@pytest.mark.rule("G3")
async def test_what_is_said_of_lists_and_removals_names_the_rule_set(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())
    await handlers.remove(decision(unit(SOLAR), ground="D4"))
    await handlers.close()
    await handlers.announce()

    events = [event for event in handlers.published if isinstance(event, ListClosed | ListAnnounced | UnitRemoved)]
    assert Counter(type(event) for event in events) == {ListClosed: 1, ListAnnounced: 1, UnitRemoved: 1}
    assert {event.rule_set for event in events} == {"2024-01-19"}


@pytest.mark.rule("L4")
async def test_an_announced_list_never_changes_whatever_is_heard_or_done_afterwards(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.close()
    await handlers.announce()
    before = await handlers.get_list()

    await handlers.clear(case_cleared("app-1"), case_cleared("app-3", unit(SOLAR)))
    await handlers.handle(cases.drop_line, case_closed(case_cleared("app-1")), at(ANNOUNCING))
    await handlers.remove(decision(unit(DAIRY), day=ANNOUNCING))
    await handlers.close(day=ANNOUNCING)

    assert await handlers.get_list() == before
    assert (await handlers.store().clearances.require("app-1")).state is ClearanceState.ANNOUNCED


@pytest.mark.rule("L5")
async def test_lists_are_numbered_without_gaps_and_each_holds_the_digest_of_the_one_before(
    handlers: RegistryHandlers,
) -> None:
    await announce_three_lists(handlers)

    lists = await handlers.store().lists.find(sort=[("announcement.number", 1)])
    announcements = [each.announcement for each in lists if each.announcement]

    assert [each.number for each in announcements] == [1, 2, 3]
    assert [each.previous_digest for each in announcements] == [
        GENESIS,
        announcements[0].digest,
        announcements[1].digest,
    ]
    assert await verify_chain(Level.REGION, handlers.store) == ChainCheck(lists=3, head=announcements[2].digest)


async def announce_three_lists(handlers: RegistryHandlers) -> None:
    for year, uscc in ((2026, STEEL), (2027, DAIRY), (2028, SOLAR)):
        await handlers.clear(case_cleared(f"app-{year}", unit(uscc), year=year))
        await handlers.close(year, date(year, 9, 10))
        await handlers.announce(year, date(year, 9, 15), f"内工信节能字〔{year}〕88号")


@pytest.mark.rule("L5")
async def test_an_attempt_that_is_refused_uses_no_number(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.close()
    await handlers.remove(decision())
    with pytest.raises(Refusal, match="list-no-longer-holds"):
        await handlers.announce()
    await handlers.close()

    result = await handlers.announce()

    assert result.announcement is not None
    assert result.announcement.number == 1


@pytest.mark.rule("G2")
async def test_the_list_keeps_the_rule_set_of_the_day_it_was_closed(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())
    await handlers.close()
    announced = await handlers.announce(day=date(2027, 1, 5))

    assert announced.rule_set == "2024-01-19"
    assert announced.composed_on == CLOSING


async def test_the_announcement_says_the_lines_as_they_were_closed(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())
    await handlers.close()
    closed = next(event for event in handlers.published if isinstance(event, ListClosed))
    await handlers.announce()

    announced = next(event for event in handlers.published if isinstance(event, ListAnnounced))
    assert (announced.number, announced.document_number) == (1, DOCUMENT)
    assert (announced.lines, announced.lines_digest) == (closed.lines, closed.digest)
    assert [line.source for line in await handlers.lines()] == ["app-2026-1"]


@pytest.mark.rule("N1", "L3")
async def test_a_listing_says_whose_report_it_rests_on(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1", assessor=ASSESSOR), case_cleared("app-2", unit(DAIRY)))
    await handlers.close()
    await handlers.announce()

    assessors = {each.case_id: each.assessor for each in handlers.published if isinstance(each, UnitListed)}
    assert assessors == {"app-1": ASSESSOR, "app-2": None}
