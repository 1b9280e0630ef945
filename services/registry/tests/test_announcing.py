from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from chassis.handling import Refusal
from chassis.persistence.unit_of_work import WriteConflictError
from messages.registry import ListAnnounced, ListClosed, UnitListed, UnitRemoved
from messages.values import Level
from registry.domain.chain import GENESIS, verify
from registry.domain.clearances import ClearanceState
from registry.domain.lists import ListState
from registry.domain.removals import RemovalState
from registry.handlers import announcing, cases
from rulebook import reason

from services.registry.tests.kit import (
    ANNOUNCING,
    ASSESSOR,
    CLOSING,
    COPPER,
    DAIRY,
    DOCUMENT,
    SOLAR,
    STEEL,
    Office,
    at,
    cleared,
    decision,
    ended,
    unit,
)


@pytest.mark.rule("L3")
async def test_announcing_takes_effect_as_a_whole(office: Office) -> None:
    await office.clear(*(cleared(f"app-{n}", unit(uscc)) for n, uscc in enumerate((STEEL, DAIRY, SOLAR))))
    await office.remove(decision(unit(COPPER), ground="D4"))
    await office.close()

    result = await office.announce()

    assert Counter(type(event) for event in office.said) == {
        ListClosed: 1,
        ListAnnounced: 1,
        UnitListed: 3,
        UnitRemoved: 1,
    }
    assert result.announcement is not None
    assert (result.state, result.announcement.number) == (ListState.ANNOUNCED, 1)
    assert {each.state for each in await office.store().clearances.find()} == {ClearanceState.ANNOUNCED}
    assert [each.state for each in await office.store().removals.find()] == [RemovalState.ANNOUNCED]


@pytest.mark.rule("L3")
async def test_the_same_announcement_repeated_changes_nothing_and_is_answered_alike(office: Office) -> None:
    await office.clear(cleared())
    await office.close()
    first = await office.announce()
    said = len(office.said)

    again = await office.announce(day=date(2026, 9, 16))

    assert again == first
    assert len(office.said) == said


@pytest.mark.rule("L3")
async def test_a_document_number_announces_one_list_only(office: Office) -> None:
    await office.clear(cleared("app-1"), cleared("app-2", unit(DAIRY), year=2027))
    await office.close()
    await office.announce()
    await office.close(2027)

    with pytest.raises(Refusal) as refused:
        await office.announce(2027)

    assert refused.value.code == "document-number-used"


async def supplement_closed(office: Office) -> None:
    """A second list waits while the first is announced."""
    await office.clear(cleared("app-1"))
    await office.close()
    await office.announce()
    await office.clear(cleared("app-2", unit(DAIRY)))
    await office.close()


@pytest.mark.rule("L3")
@pytest.mark.parametrize("named", [None, "list-region-2026-2", "list-region-2026-9"])
async def test_the_number_of_an_earlier_list_of_the_year_announces_no_other(office: Office, named: str | None) -> None:
    await supplement_closed(office)
    said = len(office.said)

    with pytest.raises(Refusal) as refused:
        await office.announce(list_id=named)

    assert (refused.value.code, refused.value.status) == ("document-number-used", 409)
    assert [(reason.rule, reason.evidence) for reason in refused.value.reasons] == [("L3", DOCUMENT)]
    assert (len(office.said), (await office.the_list("list-region-2026-2")).state) == (said, ListState.CLOSED)


@pytest.mark.rule("L3")
async def test_the_very_same_announcement_is_answered_again_while_another_list_waits(office: Office) -> None:
    await supplement_closed(office)

    again = await office.announce(list_id="list-region-2026-1")

    assert again.announcement is not None
    assert (again.list_id, again.announcement.number) == ("list-region-2026-1", 1)


@pytest.mark.rule("L3")
async def test_a_list_that_does_not_wait_is_not_announced_under_another_number(office: Office) -> None:
    await supplement_closed(office)

    with pytest.raises(Refusal) as refused:
        await office.announce(number="另一文号", list_id="list-region-2026-1")

    assert refused.value.code == "nothing-to-announce"


@pytest.mark.rule("L3")
async def test_an_announcement_overtaken_by_the_same_one_and_a_ban_is_not_refused_but_read_again(
    office: Office,
) -> None:
    await office.clear(cleared())
    await office.close()

    async def meanwhile() -> None:
        await office.announce()
        await office.remove(decision(day=ANNOUNCING))

    with pytest.raises(WriteConflictError):
        await office.slower("clearances", meanwhile).announce()
    assert (await office.announce()).state is ListState.ANNOUNCED


@pytest.mark.rule("L3")
async def test_two_lists_announced_at_once_under_one_number_do_not_both_get_it(office: Office) -> None:
    await office.clear(cleared("app-1"), cleared("app-2", unit(DAIRY), year=2027))
    await office.close()
    await office.close(2027)

    with pytest.raises(WriteConflictError):
        await office.slower("clearances", lambda: office.announce(2027)).announce()
    with pytest.raises(Refusal) as refused:
        await office.announce()

    assert refused.value.code == "document-number-used"


@pytest.mark.rule("L3")
async def test_nothing_is_announced_that_was_not_closed(office: Office) -> None:
    await office.clear(cleared())

    with pytest.raises(Refusal) as refused:
        await office.announce()

    assert refused.value.code == "nothing-to-announce"
    assert office.said == []


@pytest.mark.rule("L2", "B2")
async def test_no_unit_is_announced_on_a_day_on_which_its_ban_runs(office: Office) -> None:
    await office.clear(cleared("app-1"), cleared("app-2", unit(DAIRY)))
    await office.close()
    await office.remove(decision(unit(STEEL), day=date(2026, 9, 12)))
    before = office.documents("listings")

    with pytest.raises(Refusal) as refused:
        await office.announce()
    assert (refused.value.code, [reason.rule for reason in refused.value.reasons]) == (
        "list-no-longer-holds",
        ["L2", "B1"],
    )
    assert office.documents("listings") == before == {}

    anew = await office.close(day=date(2026, 9, 14))
    result = await office.announce()
    assert (anew.list_id, anew.counts) == ("list-region-2026-1", {"addition": 1, "removal": 1, "renaming": 0})
    assert result.state is ListState.ANNOUNCED
    assert [event.unit.uscc for event in office.said if isinstance(event, UnitListed)] == [DAIRY]


@pytest.mark.rule("V10", "L2")
async def test_eligibility_lost_after_closing_stops_the_announcement_until_the_list_is_closed_anew(
    office: Office,
) -> None:
    await office.clear(cleared("app-1"), cleared("app-2", unit(DAIRY)))
    await office.close()
    lost = reason("E4", "disqualifying-fact", "近三年内发生安全事故")
    await office.handle(cases.drop_line, ended(cleared("app-1"), "ineligible", lost), at(CLOSING))

    with pytest.raises(Refusal) as refused:
        await office.announce()
    assert [each.rule for each in refused.value.reasons] == ["L2", "V10", "E4"]

    await office.close()
    await office.announce()
    assert [event.unit.uscc for event in office.said if isinstance(event, UnitListed)] == [DAIRY]
    assert (await office.store().clearances.require("app-1")).state is ClearanceState.DROPPED


@pytest.mark.rule("G3")
async def test_what_is_said_of_lists_and_removals_names_the_rule_set(office: Office) -> None:
    await office.clear(cleared())
    await office.remove(decision(unit(SOLAR), ground="D4"))
    await office.close()
    await office.announce()

    told = [event for event in office.said if isinstance(event, ListClosed | ListAnnounced | UnitRemoved)]
    assert Counter(type(event) for event in told) == {ListClosed: 1, ListAnnounced: 1, UnitRemoved: 1}
    assert {event.rule_set for event in told} == {"2024-01-19"}


@pytest.mark.rule("L4")
async def test_an_announced_list_never_changes_whatever_is_heard_or_done_afterwards(office: Office) -> None:
    await office.clear(cleared("app-1"), cleared("app-2", unit(DAIRY)))
    await office.close()
    await office.announce()
    before = await office.the_list()

    await office.clear(cleared("app-1"), cleared("app-3", unit(SOLAR)))
    await office.handle(cases.drop_line, ended(cleared("app-1")), at(ANNOUNCING))
    await office.remove(decision(unit(DAIRY), day=ANNOUNCING))
    await office.close(day=ANNOUNCING)

    assert await office.the_list() == before
    assert (await office.store().clearances.require("app-1")).state is ClearanceState.ANNOUNCED


@pytest.mark.rule("L5")
async def test_lists_are_numbered_without_gaps_and_each_holds_the_digest_of_the_one_before(office: Office) -> None:
    await three_lists(office)

    lists = await office.store().lists.find(sort=[("announcement.number", 1)])
    placed = [each.announcement for each in lists if each.announcement]

    assert [each.number for each in placed] == [1, 2, 3]
    assert [each.previous_digest for each in placed] == [GENESIS, placed[0].digest, placed[1].digest]
    assert verify(lists).intact


async def three_lists(office: Office) -> None:
    for year, uscc in ((2026, STEEL), (2027, DAIRY), (2028, SOLAR)):
        await office.clear(cleared(f"app-{year}", unit(uscc), year=year))
        await office.close(year, date(year, 9, 10))
        await office.announce(year, date(year, 9, 15), f"内工信节能字〔{year}〕88号")


@pytest.mark.rule("L5")
async def test_an_attempt_that_is_refused_uses_no_number(office: Office) -> None:
    await office.clear(cleared("app-1"), cleared("app-2", unit(DAIRY)))
    await office.close()
    await office.remove(decision())
    with pytest.raises(Refusal):
        await office.announce()
    await office.close()

    result = await office.announce()

    assert result.announcement is not None
    assert result.announcement.number == 1


@pytest.mark.rule("G2")
async def test_the_list_keeps_the_rule_set_of_the_day_it_was_closed(office: Office) -> None:
    await office.clear(cleared())
    await office.close()
    announced = await office.announce(day=date(2027, 1, 5))

    assert announced.rule_set == "2024-01-19"
    assert announced.composed_on == CLOSING


async def test_the_announcement_says_every_line_as_it_was_closed(office: Office) -> None:
    await office.clear(cleared())
    await office.close()
    await office.perform(
        announcing.announce_list, announcing.AnnounceList(Level.REGION, 2026, DOCUMENT), at(ANNOUNCING)
    )

    said = next(event for event in office.said if isinstance(event, ListAnnounced))
    assert (said.number, said.document_number, [line.source for line in said.lines]) == (1, DOCUMENT, ["app-2026-1"])


@pytest.mark.rule("N1", "L3")
async def test_a_listing_says_whose_report_it_rests_on(office: Office) -> None:
    await office.clear(cleared("app-1", assessor=ASSESSOR), cleared("app-2", unit(DAIRY)))
    await office.close()
    await office.announce()

    said = {each.case_id: each.assessor for each in office.said if isinstance(each, UnitListed)}
    assert said == {"app-1": ASSESSOR, "app-2": None}
