from __future__ import annotations

from datetime import date
from itertools import permutations

import pytest
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.event import Event
from messages.values import Level
from registry.bus import SUBSCRIPTIONS
from registry.domain.clearances import ClearanceState
from registry.handlers.closing import CloseList, begin_closing
from registry.handlers.removals import record_removal
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.builders import (
    ASSESSOR,
    CLOSING,
    DAIRY,
    SOLAR,
    STEEL,
    at,
    case_cleared,
    case_closed,
    decision,
    revocation,
    sanction,
    unit,
    with_notice,
)
from services.registry.tests.harness import announce_in

ON_ASSESSOR = case_cleared("app-2", unit(DAIRY), assessor=ASSESSOR)
EVENTS: tuple[Event, ...] = (
    case_cleared("app-1", unit(STEEL)),
    case_closed(case_cleared("app-1", unit(STEEL)), "objection_upheld"),
    ON_ASSESSOR,
    sanction(date(2026, 9, 2)),
)


def registry_system() -> InMemorySystem:
    service = ServiceUnderTest("registry", SUBSCRIPTIONS, Store, AGGREGATES, INDEXES, JOBS)
    return InMemorySystem(service, clock=FixedClock(at(CLOSING)), twice=True)


@pytest.mark.rule("L2", "B2")
@pytest.mark.parametrize("order", list(permutations(range(len(EVENTS)))))
async def test_whatever_the_order_and_twice_each_the_same_lines_are_announced(order: tuple[int, ...]) -> None:
    bus = registry_system()
    last = case_cleared("app-3", unit(SOLAR))
    for event in (*EVENTS, last):
        for before in with_notice(event)[:-1]:
            await bus.publish(before)
    for number in order:
        await bus.publish(EVENTS[number])
    await bus.publish(last)

    await announce_in(bus)

    states = {each.case_id: each.state for each in await bus.read("registry").clearances.find()}
    assert states == {
        "app-1": ClearanceState.DROPPED,
        "app-2": ClearanceState.WAITING,
        "app-3": ClearanceState.ANNOUNCED,
    }


async def test_a_revoked_sanction_no_longer_stands_in_the_way() -> None:
    bus = registry_system()
    for event in (*with_notice(ON_ASSESSOR), sanction(date(2026, 9, 2)), revocation(date(2026, 9, 4))):
        await bus.publish(event)

    await bus.perform("registry", begin_closing, CloseList(Level.REGION, 2026))
    await bus.run_jobs()

    (closed,) = await bus.read("registry").lists.find()
    assert closed.counts["addition"] == 1


async def test_events_of_a_unit_are_numbered_from_listing_to_removal() -> None:
    bus = registry_system()
    for event in with_notice(case_cleared("app-1", unit(STEEL))):
        await bus.publish(event)
    await announce_in(bus)
    await bus.perform("registry", record_removal, decision(unit(STEEL)))

    unit_events = [(event.fact, event.sequence) for event in bus.published if event.aggregate == "unit"]
    assert unit_events == [("listed", 1), ("removed", 2)]
