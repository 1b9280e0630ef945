from __future__ import annotations

from datetime import date, timedelta

import pytest
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.review import CaseCleared, ConsultationAnswered, ConsultationReminded, PublicNoticeConcluded, Stage
from review.bus import SUBSCRIPTIONS
from review.domain.record import ActorRef
from review.handlers.consultation import AnswerConsultation, MarkOverdue, answer_consultation, mark_overdue
from review.handlers.notice import ConcludeNotice, conclude_due_notice
from review.jobs import JOBS, due_reminders, ended_notices, overdue_opinions
from review.store import AGGREGATES, INDEXES, Store

from .builders import DEPARTMENTS, OPENED, accepted, at
from .harness import ReviewHarness
from .test_consultation import DUE
from .test_notice import DAY_AFTER, LAST_DAY, in_notice


def world(clock: FixedClock) -> InMemorySystem:
    return InMemorySystem(ServiceUnderTest("review", SUBSCRIPTIONS, Store, AGGREGATES, INDEXES, JOBS), clock=clock)


@pytest.mark.rule("V2")
async def test_silence_is_reminded_and_then_overdue_each_once_though_the_jobs_look_every_day() -> None:
    clock = FixedClock(at(OPENED))
    review = world(clock)
    await review.publish(accepted())
    by = ActorRef("officer", "consulted_department")
    await review.perform("review", answer_consultation, AnswerConsultation("app-1", DEPARTMENTS[0], "agree", "", by))

    told: dict[date, list[str]] = {}
    for days in range(30):
        clock.move_to(at(OPENED + timedelta(days=days)))
        before = len(review.published)
        await review.run_jobs()
        await review.run_jobs()
        if said := review.published[before:]:
            told[OPENED + timedelta(days=days)] = [type(each).__name__ for each in said]

    assert told == {
        date(2026, 4, 27): [ConsultationReminded.__name__],
        DUE + timedelta(days=1): [ConsultationAnswered.__name__] * 2,
    }


@pytest.mark.rule("V2")
async def test_after_a_long_sleep_the_reminder_still_comes_days_before_overdue() -> None:
    clock = FixedClock(at(OPENED))
    review = world(clock)
    await review.publish(accepted())
    awake = date(2026, 5, 15)
    told: dict[date, list[str]] = {}
    for day in (awake, date(2026, 5, 20), date(2026, 5, 21)):
        clock.move_to(at(day))
        before = len(review.published)
        await review.run_jobs()
        await review.run_jobs()
        told[day] = [type(each).__name__ for each in review.published[before:]]

    assert told == {
        awake: [ConsultationReminded.__name__],
        date(2026, 5, 20): [],
        date(2026, 5, 21): [ConsultationAnswered.__name__] * 3,
    }


@pytest.mark.rule("V2")
async def test_what_was_answered_after_the_job_looked_is_not_overdue(handlers: ReviewHarness) -> None:
    case_id = await handlers.open()
    await handlers.agree(case_id)
    handlers.today = DUE + timedelta(days=1)

    assert await handlers.do(mark_overdue, MarkOverdue(case_id)) == []


async def test_nothing_is_due_on_a_quiet_day(handlers: ReviewHarness) -> None:
    await handlers.open()

    for due in (due_reminders, overdue_opinions, ended_notices):
        assert list(await due(handlers.store(), handlers.now)) == []


@pytest.mark.rule("V9", "V10")
async def test_a_notice_is_concluded_the_day_after_its_published_end(handlers: ReviewHarness) -> None:
    notice_id, one, _ = await in_notice(handlers)
    store = handlers.store()

    assert list(await ended_notices(store, at(LAST_DAY, 23))) == []
    (due,) = await ended_notices(store, at(DAY_AFTER, 0))
    assert due == ConcludeNotice(f"act-{notice_id}-concluded", notice_id)
    handlers.today = DAY_AFTER
    said = await handlers.run_jobs(JOBS, handlers.now)

    assert isinstance(said[0], PublicNoticeConcluded)
    assert sum(isinstance(each, CaseCleared) for each in said) == 2
    assert (await handlers.case(one)).state is Stage.CLEARED
    assert await handlers.do(conclude_due_notice, due) == []
