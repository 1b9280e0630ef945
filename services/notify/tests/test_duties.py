"""N3: holders are reminded before the last day, notified when it has passed, and left in peace once they have done."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from messages.duties import DutyMetFacts, DutyOpenedFacts
from messages.event import Event
from messages.values import Role
from notify.domain import reminders

from .builders import BEGIN, DAY, DUE, HOLDER, at, duty, duty_met, duty_opened, duty_overdue
from .harness import EVERY_DAY, NotifySystem, days

OPENED, OVERDUE = duty_opened(), duty_overdue()
MET, MET_LATE = duty_met(date(2027, 4, 12)), duty_met(date(2027, 5, 8), sequence=3)


@pytest.fixture
def system() -> NotifySystem:
    return NotifySystem(now=at(BEGIN), twice=True)


@pytest.mark.rule("N3", "S5")
async def test_the_holder_is_reminded_30_7_and_1_days_before_and_on_no_other_day(system: NotifySystem) -> None:
    await system.publish(OPENED)

    await system.run_jobs_on(*EVERY_DAY)

    assert await system.reminders() == [
        (date(2027, 3, 31), "还有30天：2026年度第三方机构年度工作情况"),
        (date(2027, 4, 23), "还有7天：2026年度第三方机构年度工作情况"),
        (date(2027, 4, 29), "还有1天：2026年度第三方机构年度工作情况"),
    ]
    (first, *_) = await system.notices("duty-reminder")
    assert (first.role, first.organisation, first.subject) == (Role.ASSESSOR, HOLDER, OPENED.duty_id)
    assert "第三十条" in first.body


@pytest.mark.rule("N3", "N2")
async def test_a_duty_that_is_met_between_two_steps_is_reminded_of_no_more(system: NotifySystem) -> None:
    await system.publish(OPENED)
    await system.run_jobs_on(*days(BEGIN, date(2027, 4, 12)))
    await system.publish_on(date(2027, 4, 12), MET)
    await system.run_jobs_on(*days(date(2027, 4, 12), EVERY_DAY[-1]))

    assert [day for day, _ in await system.reminders()] == [date(2027, 3, 31)]
    assert len(await system.notices("duty-met", organisation=HOLDER)) == 1


@pytest.mark.rule("N3")
@pytest.mark.parametrize("order", list(permutations([OPENED, OVERDUE, MET_LATE])))
async def test_once_met_nothing_more_is_told_in_whatever_order_it_was_heard(
    order: tuple[Event, ...], system: NotifySystem
) -> None:
    await system.publish(*order)
    await system.run_jobs_on(*EVERY_DAY)

    before_met = order[: order.index(MET_LATE)]
    assert await system.reminders() == []
    assert bool(await system.notices("duty-overdue")) is (OVERDUE in before_met)
    assert bool(await system.notices("duty-opened")) is (before_met[:1] == (OPENED,))
    assert len(await system.notices("duty-met")) == 1


@pytest.mark.rule("N3", "S5")
async def test_when_the_day_has_passed_holder_departments_and_region_are_told_once(system: NotifySystem) -> None:
    await system.publish(OPENED)
    await system.run_jobs_on(*EVERY_DAY)
    await system.publish_on(DUE + DAY, OVERDUE, OVERDUE)

    overdue = await system.notices("duty-overdue")
    assert {(each.role, each.organisation, each.prefecture) for each in overdue} == {
        (Role.ASSESSOR, HOLDER, None),
        (Role.PREFECTURE_OFFICER, None, "150100"),
        (Role.PREFECTURE_OFFICER, None, "150900"),
        (Role.REGIONAL_OFFICER, None, None),
    }
    assert len(overdue) == 4


@pytest.mark.rule("N3", "S5")
async def test_an_overdue_duty_of_an_assessor_without_work_is_told_to_no_prefecture(system: NotifySystem) -> None:
    await system.publish(OPENED, OVERDUE.model_copy(update={"prefectures": ()}))

    assert await system.notices("duty-overdue", role=Role.PREFECTURE_OFFICER) == []


@pytest.mark.rule("N3")
async def test_a_reminder_slept_through_is_sent_late_with_the_days_that_are_left(system: NotifySystem) -> None:
    await system.publish(OPENED)

    await system.run_jobs_on(date(2027, 4, 5), date(2027, 4, 6))

    assert [title[:6] for _, title in await system.reminders()] == ["还有25天："]


@pytest.mark.rule("N3")
async def test_several_steps_slept_through_are_one_reminder_and_the_ladder_goes_on(system: NotifySystem) -> None:
    await system.publish(OPENED)

    await system.run_jobs_on(date(2027, 4, 25), date(2027, 4, 26), date(2027, 4, 29))

    assert [(day, title[:5]) for day, title in await system.reminders()] == [
        (date(2027, 4, 25), "还有5天："),
        (date(2027, 4, 29), "还有1天："),
    ]


@pytest.mark.rule("N3", "T6")
async def test_on_the_last_day_itself_a_late_reminder_still_helps_and_after_it_none_does() -> None:
    in_time, too_late = (NotifySystem(now=at(BEGIN), twice=True) for _ in range(2))
    for each in (in_time, too_late):
        await each.publish(OPENED)

    await in_time.run_jobs_on(DUE)
    await too_late.run_jobs_on(DUE + DAY, DUE + DAY * 2)

    assert [title[:5] for _, title in await in_time.reminders()] == ["今日截止："]
    assert await too_late.reminders() == []
    assert await too_late.run_jobs() == 0


@pytest.mark.rule("N3")
async def test_a_duty_opened_after_a_step_is_not_reminded_for_that_step(system: NotifySystem) -> None:
    await system.publish_on(date(2027, 4, 10), OPENED.model_copy(update={"opened_on": date(2027, 4, 10)}))

    await system.run_jobs_on(*EVERY_DAY[100:])

    assert [day for day, _ in await system.reminders()] == [date(2027, 4, 23), date(2027, 4, 29)]


@pytest.mark.rule("N3", "N2")
async def test_many_holders_are_reminded_at_once_and_each_once(system: NotifySystem) -> None:
    several = [OPENED.model_copy(update={"duty_id": f"duty-{number}"}) for number in range(7)]
    await system.publish(*several)

    await system.run_jobs_on(date(2027, 3, 31), date(2027, 4, 1))

    assert sorted(each.subject for each in await system.notices("duty-reminder")) == [each.duty_id for each in several]


@pytest.mark.rule("N3", "T3")
async def test_a_moved_due_day_begins_the_ladder_anew(system: NotifySystem) -> None:
    moved = OPENED.model_copy(update={"due": DUE + DAY * 14, "sequence": 2})
    await system.publish(OPENED)
    await system.run_jobs_on(*days(BEGIN, date(2027, 4, 1)))
    await system.publish_on(date(2027, 4, 2), moved)
    await system.run_jobs_on(*days(date(2027, 4, 2), EVERY_DAY[-1]))

    assert [day for day, _ in await system.reminders()] == [
        date(2027, 3, 31),
        date(2027, 4, 14),
        date(2027, 5, 7),
        date(2027, 5, 13),
    ]


@pytest.mark.rule("N3", "T3")
async def test_an_older_word_that_comes_late_does_not_move_the_due_day_back(system: NotifySystem) -> None:
    await system.publish(OPENED.model_copy(update={"due": DUE + DAY * 14, "sequence": 2}), OPENED)
    await system.run_jobs_on(*EVERY_DAY)

    assert [day for day, _ in await system.reminders()] == [date(2027, 4, 14), date(2027, 5, 7), date(2027, 5, 13)]


@pytest.mark.rule("N3")
def test_duties_of_two_owners_under_one_identifier_are_two_duties() -> None:
    opened = DutyOpenedFacts.model_validate(duty() | {"opened_on": BEGIN, "provisional": False})
    met = DutyMetFacts.model_validate(duty() | {"met_on": BEGIN, "late": False})

    reminder = reminders.with_fact(None, "registry", 1, opened, (30, 7, 1))

    assert reminders.key_of("registry", opened) != reminders.key_of("assessor-quota", opened)
    assert (reminder.opened_type, reminder.next_on) == ("registry.duty.opened.v1", date(2027, 3, 31))
    assert reminders.with_fact(reminder, "registry", 2, met, ()).next_on is None
