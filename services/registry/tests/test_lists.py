from __future__ import annotations

from datetime import date

import pytest
from chassis.handling import Refusal
from messages.registry import ListClosed
from messages.values import Level, UnitRef, UnitType
from registry.domain.clearances import ClearanceState
from registry.domain.lists import ListState
from registry.handlers import assessors, cases, closing
from registry.handlers.drafting import draft_page

from services.registry.tests.builders import (
    ASSESSOR,
    CLOSING,
    DAIRY,
    SOLAR,
    STEEL,
    at,
    ban,
    case_cleared,
    case_closed,
    decision,
    revocation,
    sanction,
    unit,
)
from services.registry.tests.harness import RegistryHandlers


@pytest.mark.rule("L1")
async def test_the_list_is_composed_of_cleared_cases_and_removals_each_with_article_and_source(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(case_cleared("app-1", unit(DAIRY)))
    await handlers.remove(decision(unit(SOLAR), ground="D4", number="移出4号"))

    await handlers.close()

    lines = await handlers.lines()
    assert [(line.kind, line.unit.uscc, line.article) for line in lines] == [
        ("addition", DAIRY, "第十四条第（三）项"),
        ("removal", SOLAR, "第二十四条第（四）项"),
    ]
    assert lines[0].source == "app-1"
    assert lines[1].source.startswith("removal-")


@pytest.mark.rule("L1")
async def test_a_case_of_another_year_is_on_the_list_of_that_year(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY), year=2027))

    assert (await handlers.close()).counts["addition"] == 1
    assert (await handlers.close(2027)).list_id == "list-region-2027-1"


@pytest.mark.rule("L1")
async def test_a_clearance_heard_twice_is_one_line(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared(), case_cleared())

    assert (await handlers.close()).counts["addition"] == 1


@pytest.mark.rule("L2")
async def test_the_draft_shows_what_closing_would_make_and_changes_nothing(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())

    draft = await draft_page(closing.CloseList(Level.REGION, 2026), handlers.store(), at(CLOSING), None, 50)

    assert ([each.source for each in draft.lines], draft.next) == (["app-2026-1"], None)
    assert handlers.documents("lists") == {}
    assert handlers.published == []


@pytest.mark.rule("L2")
async def test_closing_freezes_the_lines(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"))
    closed = await handlers.close()
    await handlers.clear(case_cleared("app-2", unit(DAIRY)))

    assert closed.state is ListState.CLOSED
    assert await handlers.close() == closed
    assert [type(event) for event in handlers.published] == [ListClosed]


@pytest.mark.rule("L2")
async def test_a_case_cleared_after_closing_goes_on_a_supplementary_list(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"))
    await handlers.close()
    await handlers.clear(case_cleared("app-2", unit(DAIRY)))
    await handlers.announce()

    supplement = await handlers.close()
    await handlers.announce(number="内工信节能字〔2026〕99号")

    assert (supplement.list_id, supplement.counts["addition"]) == ("list-region-2026-2", 1)


@pytest.mark.rule("L2", "B2")
async def test_a_unit_removed_between_clearing_and_closing_is_held_back_with_the_end_of_its_ban(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.remove(decision(unit(STEEL), number="移出5号", day=date(2026, 9, 8)))

    await handlers.close()

    (held,) = await handlers.held_back()
    (reason,) = held.reasons
    assert (held.unit.uscc, reason.rule, reason.article) == (STEEL, "B1", "第二十五条")
    assert (reason.code, reason.evidence) == ("unit-banned", "移出5号")
    assert "2029-09-08" in reason.text
    assert [line.unit.uscc for line in await handlers.lines() if line.kind == "addition"] == [DAIRY]


@pytest.mark.rule("L2", "B1")
async def test_the_ban_of_the_same_organisation_under_another_name_and_type_holds_it_back(
    handlers: RegistryHandlers,
) -> None:
    await handlers.remove(decision(unit(STEEL, name="旧名称有限公司"), day=date(2026, 1, 10)))
    await handlers.clear(case_cleared("app-1", unit(STEEL, name="新名称有限公司")), case_cleared("app-2", unit(DAIRY)))

    await handlers.close()

    assert [held.unit.name for held in await handlers.held_back()] == ["新名称有限公司"]


@pytest.mark.rule("L2")
async def test_a_case_on_the_report_of_a_sanctioned_assessor_is_held_back_until_the_sanction_is_revoked(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(case_cleared("app-1", assessor=ASSESSOR), case_cleared("app-2", unit(DAIRY)))
    await handlers.handle(assessors.record_sanction, sanction(date(2026, 9, 2)), at(CLOSING))

    await handlers.close()
    assert [held.reasons[0].rule for held in await handlers.held_back()] == ["S1"]

    await handlers.announce()
    await handlers.handle(assessors.lift_sanction, revocation(date(2026, 10, 1)), at(date(2026, 10, 1)))
    assert (await handlers.close(day=date(2026, 10, 2))).counts["addition"] == 1


@pytest.mark.rule("L2")
async def test_a_revocation_that_overtakes_its_sanction_wins(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1", assessor=ASSESSOR))
    await handlers.handle(assessors.lift_sanction, revocation(date(2026, 9, 3)), at(CLOSING))
    await handlers.handle(assessors.record_sanction, sanction(date(2026, 9, 2)), at(CLOSING))

    assert (await handlers.close()).held_back == 0


@pytest.mark.rule("L2", "S4")
async def test_a_sanction_that_still_holds_by_another_decision_holds_the_case_back_after_a_revocation(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(case_cleared("app-1", assessor=ASSESSOR), case_cleared("app-2", unit(DAIRY)))
    await handlers.handle(assessors.record_sanction, sanction(date(2026, 9, 2)), at(CLOSING))
    left = revocation(date(2026, 9, 4), left=ban(date(2026, 8, 1)))
    await handlers.handle(assessors.lift_sanction, left, at(CLOSING))

    await handlers.close()
    (held,) = await handlers.held_back()

    assert [(reason.rule, reason.evidence) for reason in held.reasons] == [("S1", ASSESSOR.uscc)]
    assert "2029-08-01" in held.reasons[0].text


@pytest.mark.rule("L2", "S1")
async def test_an_older_decision_heard_later_leaves_the_number_the_ban_rests_on(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1", assessor=ASSESSOR), case_cleared("app-2", unit(DAIRY)))
    for event in (sanction(date(2026, 9, 2), 2), sanction(date(2026, 9, 2), 3, "通报2号")):
        await handlers.handle(assessors.record_sanction, event, at(CLOSING))

    await handlers.close()
    (held,) = await handlers.held_back()

    assert held.reasons[0].evidence == f"{ASSESSOR.uscc}, 通报1号"


@pytest.mark.rule("L2")
async def test_a_unit_that_bears_the_title_already_is_not_listed_twice(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"))
    await handlers.close()
    await handlers.announce()
    await handlers.clear(case_cleared("app-2", year=2027), case_cleared("app-3", unit(DAIRY), year=2027))

    await handlers.close(2027)
    assert [held.reasons[0].rule for held in await handlers.held_back("list-region-2027-1")] == ["E13"]


@pytest.mark.rule("L2")
async def test_two_cases_of_one_unit_and_type_make_one_line(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2"))

    closed = await handlers.close()

    held_back = [held.source for held in await handlers.held_back()]
    assert (closed.counts["addition"], held_back) == (1, ["app-2"])


def park(name: str | None) -> UnitRef:
    return unit(STEEL, kind=UnitType.PARK, park=name)


@pytest.mark.rule("L2", "E13")
@pytest.mark.parametrize(
    ("one", "other"), [("示例园区", None), (None, "示例园区"), ("示例园区（一期）", " 示例 园区(一期)"), (None, None)]
)
async def test_what_may_be_one_park_is_not_listed_twice(
    handlers: RegistryHandlers, one: str | None, other: str | None
) -> None:
    await handlers.clear(case_cleared("app-1", park(one)), case_cleared("app-2", park(other)))

    await handlers.close()
    assert [held.source for held in await handlers.held_back()] == ["app-2"]
    await handlers.announce()
    await handlers.clear(case_cleared("app-3", park(other), year=2027), case_cleared("app-4", unit(DAIRY), year=2027))
    await handlers.close(2027)
    held = {held.source: held.reasons[0] for held in await handlers.held_back("list-region-2027-1")}
    assert (held.keys(), held["app-3"].code) == ({"app-3"}, "already-listed")


@pytest.mark.rule("L2")
async def test_two_parks_of_one_managing_body_are_two_units(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1", park("甲园区")), case_cleared("app-2", park("乙园区")))

    assert (await handlers.close()).counts["addition"] == 2


@pytest.mark.rule("L2", "B1")
async def test_a_unit_that_the_list_itself_removes_is_not_added_by_it(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1", unit(STEEL)))
    await handlers.remove(decision(unit(STEEL), ground="D3"))

    closed = await handlers.close()

    (held,) = await handlers.held_back()
    assert (closed.counts["removal"], held.reasons[0].code) == (1, "unit-leaving")


@pytest.mark.rule("V10")
async def test_a_case_closed_after_it_was_cleared_is_on_no_list(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.handle(cases.drop_line, case_closed(case_cleared("app-1")), at(CLOSING))

    assert (await handlers.close()).counts["addition"] == 1


@pytest.mark.rule("B2")
async def test_a_closing_that_overtakes_its_clearance_wins_also_when_both_come_twice(
    handlers: RegistryHandlers,
) -> None:
    for _ in range(2):
        await handlers.handle(cases.drop_line, case_closed(case_cleared("app-1")), at(CLOSING))
        await handlers.clear(case_cleared("app-1"))

    with pytest.raises(Refusal) as refused:
        await handlers.close()
    assert refused.value.code == "nothing-to-list"
    assert (await handlers.store().clearances.require("app-1")).cleared_on == date(2026, 9, 1)


@pytest.mark.rule("V10")
async def test_a_case_that_ends_after_closing_is_taken_off_when_the_list_is_closed_anew(
    handlers: RegistryHandlers,
) -> None:
    await handlers.clear(case_cleared("app-1"), case_cleared("app-2", unit(DAIRY)))
    await handlers.close()
    await handlers.handle(cases.drop_line, case_closed(case_cleared("app-1"), "objection_upheld"), at(CLOSING))

    anew = await handlers.close()

    store = handlers.store()
    assert anew.counts["addition"] == 1
    assert (await store.clearances.require("app-1")).state is ClearanceState.DROPPED
    assert {each.edition for each in await store.list_lines.find()} == {anew.edition}


@pytest.mark.rule("L2")
async def test_the_closed_list_is_said_with_the_digest_of_its_lines(handlers: RegistryHandlers) -> None:
    await handlers.clear(case_cleared())
    closed = await handlers.close()

    (event,) = handlers.published
    assert isinstance(event, ListClosed)
    assert (event.digest, event.lines, event.held_back, event.closed_on) == (closed.lines_digest, 1, 0, CLOSING)
