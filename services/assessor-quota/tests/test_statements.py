from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from assessor_quota.domain.statements import Content, DutyCursor, DutyState, next_duty_cursor
from assessor_quota.handlers import statements
from assessor_quota.handlers.statements import FileStatement, file_statement
from assessor_quota.store import Store
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.assessor_quota import DutyMet, DutyOpened, DutyOverdue, StatementFiled
from messages.event import Event
from messages.values import Prefecture

from .builders import (
    DAY_AFTER,
    LAST_DAY,
    NEW_YEAR,
    NORTH,
    NOW,
    OFFICER,
    OTHER,
    RULES,
    SOUTH,
    STEEL,
    event_types,
    submission,
    succeeding,
    withdrawn,
    withdrawn_before_review,
)
from .harness import deliver, run_job

CONTENT = Content(
    projects_evaluated=3, staff=12, staff_trained=9, trainings_given=2, complaints=0, summary="完成评价三项。"
)


def filing(uscc: str = NORTH, year: int = 2026, **changed: object) -> FileStatement:
    told = {"on_behalf": False, "content": CONTENT, "by": OFFICER, **changed}
    return FileStatement(uscc=uscc, year=year, **told)  # type: ignore[arg-type]


async def refusal(handlers: HandlerHarness[Store], command: FileStatement, now: datetime) -> list[tuple[str, str]]:
    with pytest.raises(Refusal) as refused:
        await handlers.handle(file_statement, command, now)
    assert refused.value.code == "statement-refused"
    return [(each.rule, each.code) for each in refused.value.reasons]


async def state(handlers: HandlerHarness[Store], uscc: str = NORTH) -> DutyState:
    return (await handlers.store().duties.require(f"{uscc}:2026")).state


@pytest.fixture
async def opened(handlers: HandlerHarness[Store]) -> HandlerHarness[Store]:
    await deliver(
        handlers, [*succeeding("app-1", NORTH), *withdrawn_before_review("app-2", NORTH, Prefecture.WUHAI)], NOW
    )
    await run_job(handlers, "open-duties", NEW_YEAR)
    return handlers


@pytest.mark.rule("S5")
async def test_on_1_january_each_assessor_owes_a_statement_for_the_year_before_by_30_april(
    handlers: HandlerHarness[Store],
) -> None:
    assert await run_job(handlers, "open-duties", NEW_YEAR - timedelta(days=1)) == []
    said = await run_job(handlers, "open-duties", NEW_YEAR)
    assert [each.holder for each in said if isinstance(each, DutyOpened)] == [NORTH, SOUTH, OTHER]
    (first, *_) = said
    assert isinstance(first, DutyOpened)
    assert (first.duty_id, first.year, first.due) == (f"{NORTH}:2026", 2026, date(2027, 4, 30))
    assert (first.article, first.opened_on, first.provisional) == ("第三十条", date(2027, 1, 1), False)
    assert await run_job(handlers, "open-duties", NEW_YEAR + timedelta(days=90)) == []


@pytest.mark.rule("S5")
async def test_who_registers_after_the_year_owes_nothing_for_it(handlers: HandlerHarness[Store]) -> None:
    assert await run_job(handlers, "open-duties", NOW) == []
    assert (await handlers.store().duty_cursors.require("statements")) == DutyCursor(2025, OTHER, finished=True)
    assert await handlers.store().duties.find() == []


@pytest.mark.rule("S5")
def test_years_that_were_slept_through_are_made_up_for_one_after_the_other() -> None:
    today = date(2029, 6, 1)
    assert next_duty_cursor(None, today) == DutyCursor(2028)
    assert next_duty_cursor(DutyCursor(2026, NORTH), today) == DutyCursor(2026, NORTH)
    assert next_duty_cursor(DutyCursor(2026, NORTH, finished=True), today) == DutyCursor(2027)
    assert next_duty_cursor(DutyCursor(2028, NORTH, finished=True), today) is None


@pytest.mark.rule("S5")
async def test_duties_are_opened_page_by_page_and_each_once(
    handlers: HandlerHarness[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "PAGE", 2)
    said = await run_job(handlers, "open-duties", NEW_YEAR)
    assert [getattr(each, "duty_id", None) for each in said] == [f"{uscc}:2026" for uscc in (NORTH, SOUTH, OTHER)]


@pytest.mark.rule("S5")
@pytest.mark.rule("T6")
async def test_a_statement_on_the_last_day_is_in_time(opened: HandlerHarness[Store]) -> None:
    filed, met = await opened.handle(file_statement, filing(), LAST_DAY)
    assert isinstance(filed, StatementFiled)
    assert isinstance(met, DutyMet)
    assert (filed.statement_id, filed.late, met.late) == (f"{NORTH}:2026", False, False)
    assert await state(opened) is DutyState.FILED
    assert await run_job(opened, "note-overdue", LAST_DAY) == []


@pytest.mark.rule("S5")
async def test_without_a_statement_the_duty_is_overdue_from_the_day_after_and_that_is_said_once(
    opened: HandlerHarness[Store],
) -> None:
    await opened.handle(file_statement, filing(SOUTH), LAST_DAY)
    said = await run_job(opened, "note-overdue", DAY_AFTER)
    assert {(type(each), each.subject) for each in said} == {(DutyOverdue, f"{who}:2026") for who in (NORTH, OTHER)}
    assert await run_job(opened, "note-overdue", DAY_AFTER) == []
    assert await state(opened) is DutyState.OVERDUE


@pytest.mark.rule("S5")
async def test_an_overdue_duty_names_the_prefectures_of_the_items_of_its_year(opened: HandlerHarness[Store]) -> None:
    duty = await opened.store().duties.require(f"{NORTH}:2026")
    assert duty.prefectures == (Prefecture.CHIFENG,)
    late: list[Event] = [submission("app-3", NORTH, Prefecture.HOHHOT), submission("app-4", NORTH, Prefecture.ALXA)]
    await deliver(opened, [*late, withdrawn("app-4")], NEW_YEAR)
    said = await run_job(opened, "note-overdue", DAY_AFTER)
    (overdue,) = [each for each in said if isinstance(each, DutyOverdue) and each.holder == NORTH]
    assert overdue.prefectures == (Prefecture.HOHHOT, Prefecture.CHIFENG)


@pytest.mark.rule("S5")
async def test_a_statement_after_the_last_day_is_taken_and_late(opened: HandlerHarness[Store]) -> None:
    await run_job(opened, "note-overdue", DAY_AFTER)
    filed, met = await opened.handle(file_statement, filing(), DAY_AFTER)
    assert isinstance(filed, StatementFiled)
    assert isinstance(met, DutyMet)
    assert (filed.late, met.late, met.met_on) == (True, True, date(2027, 5, 1))
    assert await state(opened) is DutyState.LATE


@pytest.mark.rule("S5")
async def test_filing_again_amends_and_keeps_what_was_filed_before(opened: HandlerHarness[Store]) -> None:
    await opened.handle(file_statement, filing(), LAST_DAY)
    more = Content(
        projects_evaluated=4, staff=12, staff_trained=9, trainings_given=2, complaints=1, summary="更正：四项。"
    )
    said = await opened.handle(file_statement, filing(content=more, on_behalf=True), DAY_AFTER)
    assert event_types(said) == [StatementFiled]
    statement = await opened.store().statements.require(f"{NORTH}:2026")
    assert [each.content for each in statement.filings] == [CONTENT, more]
    assert [each.on_behalf for each in statement.filings] == [False, True]
    assert (statement.late, await state(opened)) == (False, DutyState.FILED)


@pytest.mark.rule("S5")
async def test_nothing_is_filed_for_a_year_that_is_not_over_or_not_owed(opened: HandlerHarness[Store]) -> None:
    assert await refusal(opened, filing(year=2027), NEW_YEAR) == [("S5", "year-not-over")]
    assert await refusal(opened, filing(year=2025), NEW_YEAR) == [("S5", "statement-not-due")]
    with pytest.raises(Refusal) as unknown:
        await opened.handle(file_statement, filing(STEEL), NEW_YEAR)
    assert unknown.value.status == 404


@pytest.mark.rule("G2")
async def test_a_duty_keeps_the_rule_set_it_was_opened_under(opened: HandlerHarness[Store]) -> None:
    assert (await opened.store().duties.require(f"{NORTH}:2026")).rule_set == RULES.version


async def forget_cursor(cursor: DutyCursor, store: Store, _now: datetime) -> list[Event]:
    store.duty_cursors.save("statements", cursor)
    return []


@pytest.mark.rule("S5")
async def test_a_duty_that_is_open_already_is_not_opened_anew(opened: HandlerHarness[Store]) -> None:
    await opened.handle(file_statement, filing(), LAST_DAY)
    await opened.handle(forget_cursor, DutyCursor(2026), LAST_DAY)

    assert [each for each in await run_job(opened, "open-duties", LAST_DAY) if isinstance(each, DutyOpened)] == []
    assert await state(opened) is DutyState.FILED
