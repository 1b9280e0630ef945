from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from chassis.handling import Refusal
from devkit.clock import FixedClock
from messages.review import CaseClosed, CaseForwarded, Stage
from messages.values import Level
from review.domain import forwarding
from review.domain.case import Case, OpinionDocument
from review.handlers.applications import open_case
from review.handlers.assessors import record_revocation, record_sanction
from review.handlers.opinion import CloseLateCase, ForwardCase, close_late_case, forward_case
from review.jobs import ITEMS_PER_POLL, late_cases

from .builders import (
    ASSESSOR,
    COPPER,
    OFFICER,
    OPENED,
    RULES,
    SCAN,
    accepted,
    at,
    opened_case,
    revoked,
    sanctioned,
    unit,
)
from .harness import ReviewHarness
from .test_jobs import world

LAST_DAY, DAY_AFTER = date(2026, 5, 31), date(2026, 6, 1)


def recommended(day: date = OPENED) -> Case:
    document = OpinionDocument("包工信〔2026〕1号", day, "recommended", (SCAN,), {})
    return opened_case(state=Stage.OPINION_ISSUED, opinion_document=document)


@pytest.mark.rule("V3")
def test_nothing_goes_to_the_region_without_an_opinion_document() -> None:
    for state in (Stage.CONSULTING, Stage.INITIAL_REVIEW_ACCEPTED):
        with pytest.raises(Refusal) as refused:
            forwarding.forward_case(opened_case(state=state), RULES, OPENED)
        assert (refused.value.code, refused.value.reasons[0].rule) == ("wrong-state", "V4")


@pytest.mark.rule("V4", "T6")
def test_the_31st_of_may_is_still_in_time_though_it_is_a_sunday() -> None:
    step = forwarding.forward_case(recommended(), RULES, date(2026, 5, 31))

    assert isinstance(step.events[0], CaseForwarded)
    assert step.case.state is Stage.FORWARDED


@pytest.mark.rule("V4")
async def test_later_the_refusal_is_recorded_with_its_reason_and_the_case_is_late(handlers: ReviewHarness) -> None:
    case_id = await handlers.open()
    await handlers.agree(case_id)
    await handlers.accept(case_id)
    await handlers.issue(case_id)
    handlers.today = date(2026, 6, 4)

    outcome = await handlers.execute(forward_case, ForwardCase(case_id, OFFICER))

    assert outcome.refusal.code == "deadline-passed"
    (why,) = outcome.refusal.reasons
    assert (why.rule, why.article, why.evidence) == ("V4", "第十四条第（二）项", "2026-06-04 > 2026-05-31")
    (closed,) = outcome.events
    assert closed.outcome == "late"
    assert (await handlers.case(case_id)).state is Stage.LATE
    with pytest.raises(Refusal, match="wrong-state"):
        await handlers.execute(forward_case, ForwardCase(case_id, OFFICER))


@pytest.mark.rule("V4")
def test_the_deadline_is_that_of_the_batch_year() -> None:
    next_year = replace(recommended(), batch_year=2027)

    assert forwarding.forward_case(next_year, RULES, date(2026, 6, 4)).case.state is Stage.FORWARDED


async def until(stage: Stage, handlers: ReviewHarness, case_id: str = "app-1") -> None:
    """A case that waits with the prefecture department in this state."""
    await handlers.open(accepted(case_id))
    await handlers.agree(case_id)
    if stage is not Stage.CONSULTING:
        await handlers.accept(case_id)
    if stage is Stage.OPINION_ISSUED:
        await handlers.issue(case_id)


@pytest.mark.rule("V4")
@pytest.mark.parametrize("stage", [Stage.CONSULTING, Stage.INITIAL_REVIEW_ACCEPTED, Stage.OPINION_ISSUED])
async def test_a_case_not_forwarded_in_time_is_closed_as_late_whatever_its_stage(
    handlers: ReviewHarness, stage: Stage
) -> None:
    await until(stage, handlers)

    assert list(await late_cases(handlers.store(), at(LAST_DAY, 23))) == []
    (due,) = await late_cases(handlers.store(), at(DAY_AFTER, 0))
    handlers.today = DAY_AFTER
    (closed,) = await handlers.do(close_late_case, due)

    assert isinstance(closed, CaseClosed)
    assert (closed.outcome, closed.initial_review_accepted) == ("late", stage is not Stage.CONSULTING)
    (why,) = closed.reasons
    assert (why.rule, why.article, why.code) == ("V4", "第十四条第（二）项", "deadline-passed")
    assert "2026-05-31" in why.text
    assert (await handlers.case()).state is Stage.LATE
    assert await handlers.do(close_late_case, due) == []


@pytest.mark.rule("V4")
async def test_the_jobs_end_it_by_themselves_and_once_however_late_they_look() -> None:
    clock = FixedClock(at(OPENED))
    review = world(clock)
    await review.publish(accepted())
    clock.move_to(at(date(2027, 3, 1)))

    for _ in range(3):
        await review.run_jobs()

    assert [each.outcome for each in review.published if isinstance(each, CaseClosed)] == ["late"]


@pytest.mark.rule("V4", "S2")
async def test_a_suspension_moves_no_day_and_the_reason_names_the_document(handlers: ReviewHarness) -> None:
    await handlers.do(open_case, accepted(by=ASSESSOR))
    await handlers.deliver(record_sanction, sanctioned())
    handlers.today = DAY_AFTER

    (due,) = await late_cases(handlers.store(), handlers.now)
    (closed,) = await handlers.do(close_late_case, due)

    assert isinstance(closed, CaseClosed)
    assert "内工信通〔2026〕3号" in closed.reasons[0].text
    assert await handlers.deliver(record_revocation, revoked()) == []


@pytest.mark.rule("V4")
async def test_what_was_forwarded_or_belongs_to_the_next_year_is_not_late(handlers: ReviewHarness) -> None:
    await handlers.forward()
    await handlers.open(accepted("app-2", unit(COPPER)).model_copy(update={"batch_year": 2027}))
    handlers.today = DAY_AFTER

    assert list(await late_cases(handlers.store(), handlers.now)) == []
    assert await handlers.do(close_late_case, CloseLateCase("app-1")) == []
    assert await handlers.do(close_late_case, CloseLateCase("app-2")) == []


@pytest.mark.rule("V4")
def test_only_what_goes_to_the_region_has_its_day() -> None:
    assert forwarding.is_late(opened_case(), RULES, DAY_AFTER)
    assert not forwarding.is_late(replace(opened_case(), level=Level.PREFECTURE), RULES, DAY_AFTER)


async def test_a_look_takes_so_many_and_the_next_one_the_rest(handlers: ReviewHarness) -> None:
    for number in range(ITEMS_PER_POLL + 1):
        await handlers.open(accepted(f"app-{number:03d}"))
    handlers.today = DAY_AFTER

    first = await late_cases(handlers.store(), handlers.now)
    for each in first:
        await handlers.do(close_late_case, each)
    rest = await late_cases(handlers.store(), handlers.now)

    assert (len(first), len(rest)) == (ITEMS_PER_POLL, 1)
