"""The code, rule and place of refusals (G3)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from chassis.handling import Refusal
from messages.values import Level
from registry.domain import eligibility
from registry.domain.assessors import AssessorStatus
from registry.domain.bans import BanRecord
from registry.domain.clearances import record_clearance, record_closing
from registry.domain.eligibility import Candidate
from registry.handlers.closing import CloseList
from registry.handlers.correcting import CorrectList, correct_list
from registry.handlers.drafting import draft_page

from services.registry.tests.builders import ASSESSOR, CLOSING, at, ban, case_cleared, case_closed
from services.registry.tests.harness import RegistryHandlers


@pytest.mark.rule("V10")
def test_a_case_that_review_has_closed_is_held_back_with_outcome_and_day() -> None:
    ended = record_closing(record_clearance(None, case_cleared()), case_closed(case_cleared()))

    (why,) = eligibility.reasons_against(Candidate(ended, BanRecord(ended.unit.uscc)), CLOSING)

    assert (why.rule, why.code, why.evidence) == ("V10", "case-closed", "ineligible, 2026-09-05")


@pytest.mark.rule("S1", "L2")
def test_a_case_that_rests_on_a_sanctioned_assessor_is_held_back_to_the_last_day_of_the_ban() -> None:
    waiting = record_clearance(None, case_cleared(assessor=ASSESSOR))
    running = ban(date(2023, 9, 10))

    def found(day: date, status: AssessorStatus | None) -> list[tuple[str, str, str | None]]:
        candidate = Candidate(waiting, BanRecord(waiting.unit.uscc), status)
        return [(each.rule, each.code, each.evidence) for each in eligibility.reasons_against(candidate, day)]

    known = AssessorStatus(ASSESSOR.uscc, ban=running, document_number="通报1号")
    expected = [("S1", "assessor-sanctioned", f"{ASSESSOR.uscc}, 通报1号")]
    assert found(running.first_day, known) == found(running.last_day, known) == expected
    assert found(running.last_day + timedelta(days=1), known) == []
    assert found(running.last_day, AssessorStatus(ASSESSOR.uscc)) == found(running.last_day, None) == []


async def test_a_list_that_was_never_announced_is_not_corrected(handlers: RegistryHandlers) -> None:
    command = CorrectList(Level.REGION, 9, {"app-1": "示例钢铁股份有限公司"}, "原名单单位名称有误")

    with pytest.raises(Refusal) as refused:
        await handlers.handle(correct_list, command, at(CLOSING))
    assert (refused.value.code, refused.value.status) == ("not-found", 404)


async def test_the_cursor_of_another_list_is_refused(handlers: RegistryHandlers) -> None:
    command = CloseList(Level.REGION, 2026)

    with pytest.raises(Refusal) as refused:
        await draft_page(command, handlers.store(), at(date(2026, 9, 1)), "units:x", 10)
    assert (refused.value.code, refused.value.status) == ("cursor-invalid", 422)
