from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from messages.review import CaseCleared, CaseResumed, CaseSuspended
from messages.values import Ban
from review.domain.case import State
from review.handlers.applications import open_case
from review.handlers.assessors import resume_cases_of_cleared_assessor, suspend_cases_of_sanctioned_assessor
from review.handlers.opinion import DecideInitialReview, decide_initial_review

from .desk import Desk, Message, told
from .story import (
    ASSESSOR,
    OFFICER,
    OPENED,
    accepted,
    revoked,
    sanctioned,
    unit,
)
from .test_notice import DAY_AFTER, in_notice

BY_ASSESSOR: Message = (open_case, accepted(by=ASSESSOR))
SANCTIONED: Message = (suspend_cases_of_sanctioned_assessor, sanctioned(2))
REVOKED: Message = (resume_cases_of_cleared_assessor, revoked(3))


@pytest.mark.rule("S2")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED])))
async def test_a_case_resting_on_a_sanctioned_assessor_is_suspended_in_any_order(order: tuple[Message, ...]) -> None:
    desk = await told(*order)

    assert (await desk.case()).suspended_by == "内工信通〔2026〕3号"
    (said,) = [each for each in desk.bench.said if isinstance(each, CaseSuspended)]
    assert (said.case_id, said.document_number, said.suspended_on) == ("app-1", "内工信通〔2026〕3号", OPENED)


@pytest.mark.rule("S4")
@pytest.mark.parametrize("order", list(permutations([BY_ASSESSOR, SANCTIONED, REVOKED])))
async def test_after_the_revocation_the_case_goes_on_in_any_order(order: tuple[Message, ...]) -> None:
    desk = await told(*order)

    assert (await desk.case()).suspended_by is None
    said = [type(each) for each in desk.bench.said if isinstance(each, CaseSuspended | CaseResumed)]
    assert said in ([CaseSuspended, CaseResumed], [])


@pytest.mark.rule("S4")
async def test_a_revocation_that_leaves_another_decision_standing_resumes_nothing() -> None:
    still = revoked(3).model_copy(update={"ban": Ban(first_day=date(2026, 1, 1), last_day=date(2028, 1, 1))})
    desk = await told(BY_ASSESSOR, SANCTIONED, (resume_cases_of_cleared_assessor, still))

    assert (await desk.case()).suspended_by is not None
    assert not any(isinstance(each, CaseResumed) for each in desk.bench.said)


@pytest.mark.rule("S2")
async def test_a_suspended_case_takes_no_step() -> None:
    desk = await told(BY_ASSESSOR, SANCTIONED)

    with pytest.raises(Exception, match="case-suspended"):
        await desk.do(
            decide_initial_review, DecideInitialReview("app-1", accept=True, text="", dealt_with={}, by=OFFICER)
        )


@pytest.mark.rule("S2", "V10")
async def test_a_sanction_during_the_notice_holds_the_case_back_until_it_is_revoked() -> None:
    desk = Desk()
    notice_id, one, _ = await in_notice(desk)
    assessor_case = accepted("app-3", unit("911504000000000431"), by=ASSESSOR)
    desk.today = date(2026, 5, 20)
    resting = await desk.score(assessor_case, "0.95")

    await desk.visit()
    await desk.rank()
    desk.today = date(2026, 6, 18)
    second = await desk.publish()
    await desk.do(suspend_cases_of_sanctioned_assessor, sanctioned(2))
    desk.today = DAY_AFTER
    await desk.conclude(second)
    assert (await desk.case(resting)).state is State.IN_NOTICE

    resumed, cleared = await desk.do(resume_cases_of_cleared_assessor, revoked(3))

    assert isinstance(resumed, CaseResumed)
    assert isinstance(cleared, CaseCleared)
    assert cleared.case_id == resting
    assert (await desk.case(one)).notice_id == notice_id
