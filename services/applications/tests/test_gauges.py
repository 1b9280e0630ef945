"""Applications by state and prefecture, of this batch year and later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from applications.domain.application import Application, State
from applications.gauges import GAUGES
from applications.store import Store
from chassis.handling import HandlerResult
from messages.values import Prefecture

from .builders import NOW, PARK, STEEL, application
from .harness import ApplicationsHarness


async def save(filed: Application, store: Store, _now: datetime) -> HandlerResult:
    store.applications.save(filed.application_id, filed)
    return []


async def test_applications_of_the_year_are_counted_by_state_and_prefecture(handlers: ApplicationsHarness) -> None:
    gauge = next(each for each in GAUGES if each.name == "applications")
    filed = [
        application(STEEL, state=State.ACCEPTED),
        application(STEEL, state=State.ACCEPTED, batch_year=NOW.year + 1),
        application(STEEL, state=State.ACCEPTED, batch_year=NOW.year - 1),
        application(PARK, state=State.REFUSED),
    ]
    for number, each in enumerate(filed):
        await handlers.handle(save, replace(each, application_id=f"app-{number}"), NOW)

    counted = dict(await gauge.read(handlers.store(), NOW))

    assert {key: count for key, count in counted.items() if count} == {
        (State.ACCEPTED, STEEL.prefecture): 2,
        (State.REFUSED, PARK.prefecture): 1,
    }
    assert counted.keys() == {(state, prefecture) for state in State for prefecture in Prefecture}
