"""N3: whoever keeps a duty, its holder is reminded before the last day, told when it has passed, and left in peace."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from chassis.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.assessor_quota import DutyMet, DutyOpened, DutyOverdue
from messages.duties import DutyMetFacts, DutyOpenedFacts
from messages.event import Event
from messages.values import Role
from notify.bus import SUBSCRIPTIONS
from notify.domain import reminders
from notify.domain.notification import Notification
from notify.jobs import jobs
from notify.store import AGGREGATES, INDEXES, Store

HOLDER = "911501000000000191"
DUE = date(2027, 4, 30)
BEGIN = date(2027, 1, 1)
DAY = timedelta(days=1)
DUTY = {
    "duty_id": f"{HOLDER}:2026",
    "kind": "assessor_statement",
    "holder": HOLDER,
    "holder_name": "示例评价中心",
    "year": 2026,
    "due": DUE,
    "article": "第三十条",
}
OPENED = DutyOpened.model_validate(DUTY | {"opened_on": BEGIN, "provisional": False, "sequence": 1})
OVERDUE = DutyOverdue.model_validate(DUTY | {"noted_on": DUE + DAY, "prefectures": ["150100", "150900"], "sequence": 2})
MET = DutyMet.model_validate(DUTY | {"met_on": date(2027, 4, 12), "late": False, "sequence": 2})
MET_LATE = DutyMet.model_validate(DUTY | {"met_on": date(2027, 5, 8), "late": True, "sequence": 3})


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 2, tzinfo=UTC)


async def no_mail(_address: str, _title: str, _body: str, _message_id: str) -> None:
    """The server takes everything."""


class Desk:
    """Notify with its jobs, every message heard twice."""

    def __init__(self) -> None:
        self.clock = FixedClock(at(BEGIN))
        member = ServiceUnderTest("notify", SUBSCRIPTIONS, Store, AGGREGATES, INDEXES, jobs(no_mail, 10))
        self.world = InMemorySystem(member, clock=self.clock, twice=True)

    async def hear(self, *events: Event, day: date = BEGIN) -> None:
        self.clock.move_to(at(day))
        for event in events:
            await self.world.publish(event)

    async def look(self, *days: date) -> None:
        """The process runs on these days, and its jobs look more than once on each."""
        for day in days:
            self.clock.move_to(at(day))
            await self.world.run_jobs()
            await self.world.run_jobs()

    async def notices(self, template: str, **where: object) -> list[Notification]:
        found: list[Notification] = await self.world.read("notify").notices.find({"template": template, **where})
        return sorted(found, key=lambda each: each.at)

    async def reminded(self) -> list[tuple[date, str]]:
        return [(each.at.date(), each.title) for each in await self.notices("duty-reminder")]


def days(first: date, last: date) -> list[date]:
    return [first + DAY * each for each in range((last - first).days + 1)]


EVERY_DAY = days(BEGIN, DUE + DAY * 30)


@pytest.mark.rule("N3", "S5")
async def test_the_holder_is_reminded_30_7_and_1_days_before_and_on_no_other_day() -> None:
    desk = Desk()
    await desk.hear(OPENED)

    await desk.look(*EVERY_DAY)

    assert await desk.reminded() == [
        (date(2027, 3, 31), "还有30天：2026年度第三方机构年度工作情况"),
        (date(2027, 4, 23), "还有7天：2026年度第三方机构年度工作情况"),
        (date(2027, 4, 29), "还有1天：2026年度第三方机构年度工作情况"),
    ]
    (first, *_) = await desk.notices("duty-reminder")
    assert (first.role, first.organisation, first.subject) == (Role.ASSESSOR, HOLDER, OPENED.duty_id)
    assert "第三十条" in first.body


@pytest.mark.rule("N3", "N2")
async def test_a_duty_that_is_met_between_two_steps_is_reminded_of_no_more() -> None:
    desk = Desk()
    await desk.hear(OPENED)
    await desk.look(*days(BEGIN, date(2027, 4, 12)))
    await desk.hear(MET, day=date(2027, 4, 12))
    await desk.look(*days(date(2027, 4, 12), EVERY_DAY[-1]))

    assert [day for day, _ in await desk.reminded()] == [date(2027, 3, 31)]
    assert len(await desk.notices("duty-met", organisation=HOLDER)) == 1


@pytest.mark.rule("N3")
@pytest.mark.parametrize("order", list(permutations([OPENED, OVERDUE, MET_LATE])))
async def test_once_met_nothing_more_is_told_in_whatever_order_it_was_heard(order: tuple[Event, ...]) -> None:
    desk = Desk()
    await desk.hear(*order)
    await desk.look(*EVERY_DAY)

    heard_before = order[: order.index(MET_LATE)]
    assert await desk.reminded() == []
    assert bool(await desk.notices("duty-overdue")) is (OVERDUE in heard_before)
    assert bool(await desk.notices("duty-opened")) is (heard_before[:1] == (OPENED,))
    assert len(await desk.notices("duty-met")) == 1


@pytest.mark.rule("N3", "S5")
async def test_when_the_day_has_passed_holder_departments_and_region_are_told_once() -> None:
    desk = Desk()
    await desk.hear(OPENED)
    await desk.look(*EVERY_DAY)
    await desk.hear(OVERDUE, OVERDUE, day=DUE + DAY)

    told = await desk.notices("duty-overdue")
    assert {(each.role, each.organisation, each.prefecture) for each in told} == {
        (Role.ASSESSOR, HOLDER, None),
        (Role.PREFECTURE_OFFICER, None, "150100"),
        (Role.PREFECTURE_OFFICER, None, "150900"),
        (Role.REGIONAL_OFFICER, None, None),
    }
    assert len(told) == 4


@pytest.mark.rule("N3", "S5")
async def test_an_overdue_duty_of_an_assessor_without_work_is_told_to_no_prefecture() -> None:
    desk = Desk()
    await desk.hear(OPENED, OVERDUE.model_copy(update={"prefectures": ()}))

    assert await desk.notices("duty-overdue", role=Role.PREFECTURE_OFFICER) == []


@pytest.mark.rule("N3")
async def test_a_reminder_slept_through_is_sent_late_with_the_days_that_are_left() -> None:
    desk = Desk()
    await desk.hear(OPENED)

    await desk.look(date(2027, 4, 5), date(2027, 4, 6))

    assert [title[:6] for _, title in await desk.reminded()] == ["还有25天："]


@pytest.mark.rule("N3")
async def test_several_steps_slept_through_are_one_reminder_and_the_ladder_goes_on() -> None:
    desk = Desk()
    await desk.hear(OPENED)

    await desk.look(date(2027, 4, 25), date(2027, 4, 26), date(2027, 4, 29))

    assert [(day, title[:5]) for day, title in await desk.reminded()] == [
        (date(2027, 4, 25), "还有5天："),
        (date(2027, 4, 29), "还有1天："),
    ]


@pytest.mark.rule("N3", "T6")
async def test_on_the_last_day_itself_a_late_reminder_still_helps_and_after_it_none_does() -> None:
    in_time, too_late = Desk(), Desk()
    for desk in (in_time, too_late):
        await desk.hear(OPENED)

    await in_time.look(DUE)
    await too_late.look(DUE + DAY, DUE + DAY * 2)

    assert [title[:5] for _, title in await in_time.reminded()] == ["今日截止："]
    assert await too_late.reminded() == []
    assert await too_late.world.run_jobs() == 0


@pytest.mark.rule("N3")
async def test_a_duty_opened_after_a_step_is_not_reminded_for_that_step() -> None:
    desk = Desk()
    await desk.hear(OPENED.model_copy(update={"opened_on": date(2027, 4, 10)}), day=date(2027, 4, 10))

    await desk.look(*EVERY_DAY[100:])

    assert [day for day, _ in await desk.reminded()] == [date(2027, 4, 23), date(2027, 4, 29)]


@pytest.mark.rule("N3", "N2")
async def test_many_holders_are_reminded_at_once_and_each_once() -> None:
    desk = Desk()
    several = [OPENED.model_copy(update={"duty_id": f"duty-{number}"}) for number in range(7)]
    await desk.hear(*several)

    await desk.look(date(2027, 3, 31), date(2027, 4, 1))

    assert sorted(each.subject for each in await desk.notices("duty-reminder")) == [each.duty_id for each in several]


@pytest.mark.rule("N3", "T3")
async def test_a_moved_due_day_begins_the_ladder_anew() -> None:
    moved = OPENED.model_copy(update={"due": DUE + DAY * 14, "sequence": 2})
    desk = Desk()
    await desk.hear(OPENED)
    await desk.look(*days(BEGIN, date(2027, 4, 1)))
    await desk.hear(moved, day=date(2027, 4, 2))
    await desk.look(*days(date(2027, 4, 2), EVERY_DAY[-1]))

    assert [day for day, _ in await desk.reminded()] == [
        date(2027, 3, 31),
        date(2027, 4, 14),
        date(2027, 5, 7),
        date(2027, 5, 13),
    ]


@pytest.mark.rule("N3", "T3")
async def test_an_older_word_that_comes_late_does_not_move_the_due_day_back() -> None:
    desk = Desk()
    await desk.hear(OPENED.model_copy(update={"due": DUE + DAY * 14, "sequence": 2}), OPENED)
    await desk.look(*EVERY_DAY)

    assert [day for day, _ in await desk.reminded()] == [date(2027, 4, 14), date(2027, 5, 7), date(2027, 5, 13)]


@pytest.mark.rule("N3")
def test_duties_of_two_owners_under_one_identifier_are_two_duties() -> None:
    opened = DutyOpenedFacts(**DUTY, opened_on=BEGIN, provisional=False)
    met = DutyMetFacts(**DUTY, met_on=BEGIN, late=False)

    kept = reminders.with_fact(None, "registry", 1, opened, (30, 7, 1))

    assert reminders.key_of("registry", opened) != reminders.key_of("assessor-quota", opened)
    assert (kept.opened_type, kept.next_on) == ("registry.duty.opened.v1", date(2027, 3, 31))
    assert reminders.with_fact(kept, "registry", 2, met, ()).next_on is None
