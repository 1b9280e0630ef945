"""S2, S4: titles that rest on the report of a sanctioned assessor are flagged, and the flag is lifted."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import permutations

import pytest
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.event import Event
from messages.registry import UnitFlagged, UnitFlagLifted
from registry.bus import SUBSCRIPTIONS
from registry.domain.flags import flags_on
from registry.domain.listings import Flag, Listing
from registry.handlers.assessors import TITLES_PER_COMMIT
from registry.handlers.removals import record_removal
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store
from stdnum.cn import uscc as gb32100

from services.registry.tests.builders import (
    ANNOUNCING,
    ASSESSOR,
    CLOSING,
    DAIRY,
    STEEL,
    at,
    ban,
    case_cleared,
    decision,
    revocation,
    sanction,
    unit,
    with_notice,
)
from services.registry.tests.harness import announce_in

SANCTIONED_ON = date(2026, 10, 20)
REVOKED_ON = date(2026, 11, 5)
DAY = timedelta(days=1)
RESTING = case_cleared("app-1", unit(STEEL), assessor=ASSESSOR)
ALONE = case_cleared("app-2", unit(DAIRY))
FIRST, SECOND = sanction(SANCTIONED_ON, 2), sanction(SANCTIONED_ON + DAY, 3, "通报2号")
ONE_LEFT = revocation(REVOKED_ON, 4, ban(SANCTIONED_ON), "通报2号")
NONE_LEFT = revocation(REVOKED_ON, 5, None, "通报1号")


class RegistrySystem:
    """The registry with its jobs; every message arrives twice."""

    def __init__(self) -> None:
        self.clock = FixedClock(at(CLOSING))
        service = ServiceUnderTest("registry", SUBSCRIPTIONS, Store, AGGREGATES, INDEXES, JOBS)
        self.system = InMemorySystem(service, clock=self.clock, twice=True)

    async def publish(self, *events: Event, day: date = SANCTIONED_ON) -> None:
        self.clock.move_to(at(day))
        for event in (said for each in events for said in with_notice(each)):
            await self.system.publish(event)

    async def run_jobs(self) -> None:
        """Let the jobs run until nothing is due now."""
        await self.system.run_jobs()

    async def announce(self, number: str = "2026年1号", day: date = ANNOUNCING) -> None:
        await announce_in(self.system, number, clock=self.clock, day=day)

    async def title(self, case_id: str = "app-1") -> Listing:
        listing = await self.system.read("registry").listings.require(case_id)
        assert isinstance(listing, Listing)
        return listing

    def flag_events(self) -> list[tuple[str, str]]:
        """The events of flags: fact and title."""
        events = (each for each in self.system.published if isinstance(each, UnitFlagged | UnitFlagLifted))
        return [(each.fact, each.case_id) for each in events]


@pytest.fixture
async def registry() -> RegistrySystem:
    """Two titles, one of them resting on the assessor's report."""
    registry = RegistrySystem()
    await registry.publish(RESTING, ALONE, day=CLOSING)
    await registry.announce()
    return registry


@pytest.mark.rule("S2")
async def test_a_title_that_rests_on_the_sanctioned_assessor_is_flagged_with_the_document(
    registry: RegistrySystem,
) -> None:
    await registry.publish(FIRST)
    await registry.run_jobs()

    assert (await registry.title()).flags == (Flag("通报1号", SANCTIONED_ON),)
    assert (await registry.title("app-2")).flags == ()
    (event,) = [each for each in registry.system.published if isinstance(each, UnitFlagged)]
    assert (event.unit_key, event.assessor, event.document_number) == (STEEL, ASSESSOR, "通报1号")
    assert (event.unit, event.flagged_on, event.case_id) == (unit(STEEL), SANCTIONED_ON, "app-1")


@pytest.mark.rule("S2")
async def test_the_same_decision_flags_a_title_once(registry: RegistrySystem) -> None:
    await registry.publish(FIRST)
    await registry.run_jobs()
    await registry.publish(FIRST, day=SANCTIONED_ON + DAY)
    await registry.run_jobs()

    assert registry.flag_events() == [("flagged", "app-1")]


@pytest.mark.rule("S2", "S4")
@pytest.mark.parametrize("order", list(permutations([FIRST, SECOND, ONE_LEFT, NONE_LEFT])))
async def test_after_all_is_revoked_no_flag_is_open_in_whatever_order_it_was_heard(
    registry: RegistrySystem, order: tuple[Event, ...]
) -> None:
    for event in order:
        await registry.publish(event)
        await registry.run_jobs()

    title = await registry.title()
    assert not title.flagged
    counts = Counter(fact for fact, _ in registry.flag_events())
    assert counts["flag-lifted"] <= counts["flagged"] <= len(title.flags)
    assert bool(title.flags) == bool(counts["flag-lifted"])


@pytest.mark.rule("S2", "S4")
@pytest.mark.parametrize("order", list(permutations([FIRST, SECOND, ONE_LEFT])))
async def test_while_one_decision_holds_the_title_stays_flagged_in_whatever_order(
    registry: RegistrySystem, order: tuple[Event, ...]
) -> None:
    for event in order:
        await registry.publish(event)
        await registry.run_jobs()

    title = await registry.title()
    assert title.flagged
    assert [each.document_number for each in title.flags if each.open] == ["通报1号"]
    assert registry.flag_events()[-1] == ("flagged", "app-1")


@pytest.mark.rule("S4")
async def test_a_lifted_flag_stays_on_record_and_the_register_shows_what_it_showed(registry: RegistrySystem) -> None:
    await registry.publish(FIRST)
    await registry.run_jobs()
    await registry.publish(revocation(REVOKED_ON), day=REVOKED_ON)
    await registry.run_jobs()

    title = await registry.title()
    assert flags_on(title, SANCTIONED_ON - DAY) == ()
    assert flags_on(title, REVOKED_ON - DAY) == (Flag("通报1号", SANCTIONED_ON),)
    assert flags_on(title, REVOKED_ON) == (Flag("通报1号", SANCTIONED_ON, REVOKED_ON),)
    assert registry.flag_events() == [("flagged", "app-1"), ("flag-lifted", "app-1")]


@pytest.mark.rule("S2", "S4")
async def test_sanctioned_and_revoked_before_any_job_looked_nothing_is_said(registry: RegistrySystem) -> None:
    await registry.publish(FIRST, revocation(REVOKED_ON))
    await registry.run_jobs()

    assert ((await registry.title()).flags, registry.flag_events()) == ((), [])


@pytest.mark.rule("S2")
async def test_a_unit_listed_after_the_sanction_was_heard_is_flagged_as_well() -> None:
    registry = RegistrySystem()
    await registry.publish(sanction(SANCTIONED_ON), RESTING, day=CLOSING)
    await registry.run_jobs()
    await registry.announce()

    assert (await registry.title()).flagged
    assert registry.flag_events() == [("flagged", "app-1")]


@pytest.mark.rule("S2", "L2")
async def test_while_the_sanction_holds_nothing_new_that_rests_on_it_is_listed() -> None:
    registry = RegistrySystem()
    await registry.publish(sanction(date(2026, 9, 1)), RESTING, ALONE, day=CLOSING)
    await registry.announce()
    await registry.run_jobs()

    assert [each.case_id for each in await registry.system.read("registry").listings.find()] == ["app-2"]
    assert registry.flag_events() == []


@pytest.mark.rule("S2", "T5")
async def test_a_title_gained_after_the_three_years_rests_on_work_done_after_them() -> None:
    registry = RegistrySystem()
    await registry.publish(sanction(date(2023, 9, 9)), RESTING, day=CLOSING)
    await registry.announce()
    await registry.run_jobs()

    assert (await registry.title()).flags == ()


@pytest.mark.rule("S2", "T5")
async def test_three_years_that_have_run_out_lift_no_flag(registry: RegistrySystem) -> None:
    await registry.publish(FIRST)
    await registry.run_jobs()
    registry.clock.move_to(at(FIRST.ban.last_day + DAY))
    await registry.publish(sanction(SANCTIONED_ON, 7, "通报7号"), day=FIRST.ban.last_day + DAY)
    await registry.run_jobs()

    assert [each.document_number for each in (await registry.title()).flags if each.open] == ["通报1号", "通报7号"]


@pytest.mark.rule("S2")
async def test_a_unit_that_was_removed_is_not_supervised_any_more(registry: RegistrySystem) -> None:
    registry.clock.move_to(at(ANNOUNCING + DAY))
    await registry.system.perform("registry", record_removal, decision(unit(STEEL), day=ANNOUNCING + DAY))
    await registry.publish(FIRST)
    await registry.run_jobs()

    assert registry.flag_events() == []


def uscc_numbered(number: int) -> str:
    front = f"91150100{number:09d}"
    return front + str(gb32100.calc_check_digit(front))


@pytest.mark.rule("S2")
async def test_many_titles_are_flagged_some_at_a_time_and_each_once() -> None:
    registry = RegistrySystem()
    many = TITLES_PER_COMMIT + 3
    units = [unit(STEEL).model_copy(update={"uscc": uscc_numbered(each)}) for each in range(many)]
    await registry.publish(
        *(case_cleared(f"app-{n}", each, assessor=ASSESSOR) for n, each in enumerate(units)), day=CLOSING
    )
    await registry.announce()
    await registry.publish(FIRST)
    assert registry.flag_events() == []

    await registry.system.run_jobs(polls=1)
    assert len(registry.flag_events()) == TITLES_PER_COMMIT
    await registry.run_jobs()

    assert Counter(fact for fact, _ in registry.flag_events()) == {"flagged": many}
    assert len({case for _, case in registry.flag_events()}) == many
    assert await registry.system.run_jobs() == 0
