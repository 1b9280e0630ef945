"""A clearance weighs only with the conclusion of a notice that names the case, and both sides are counted (V10)."""

from __future__ import annotations

import copy
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from chassis.handling import TransientError
from devkit.api_harness import ApiClient, ApiHarness
from devkit.clock import FixedClock
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from messages.review import CaseCleared
from registry.bus import SUBSCRIPTIONS
from registry.domain.clearances import ClearanceState
from registry.domain.reconciliation import SETTLED_AFTER, DifferenceKind
from registry.gauges import clearance_differences
from registry.handlers import cases, reconciliation
from registry.jobs import JOBS
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.builders import (
    CLOSING,
    DAIRY,
    STEEL,
    at,
    case_cleared,
    notice_concluded,
    notice_entered,
    unit,
    with_notice,
)
from services.registry.tests.harness import RegistryHandlers

STEEL_CASE, DAIRY_CASE = case_cleared("app-1", unit(STEEL)), case_cleared("app-2", unit(DAIRY))
LATER = at(CLOSING) + SETTLED_AFTER
RECONCILE = [job for job in JOBS if job.name == "reconcile"]


@pytest.mark.rule("V10")
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_clearance_counts_with_its_notice_in_whatever_order_the_three_arrive(order: tuple[int, ...]) -> None:
    service = ServiceUnderTest("registry", SUBSCRIPTIONS, Store, AGGREGATES, INDEXES, JOBS)
    bus = InMemorySystem(service, clock=FixedClock(at(CLOSING)), twice=True)
    events = with_notice(STEEL_CASE)
    bus._publish([events[number] for number in order])
    await bus.settle()

    (case,) = await bus.read("registry").clearances.find()
    assert (case.state, case.notice_id) == (ClearanceState.WAITING, STEEL_CASE.notice_id)


@pytest.mark.rule("V10")
@pytest.mark.parametrize("missing", ["entered", "concluded", "both"])
async def test_clearance_without_a_concluded_notice_that_names_it_weighs_nothing(
    handlers: RegistryHandlers, missing: str
) -> None:
    if missing == "concluded":
        await handlers.handle(cases.record_showing, notice_entered(STEEL_CASE), at(CLOSING))
    if missing == "entered":
        await handlers.handle(cases.record_conclusion, notice_concluded(STEEL_CASE), at(CLOSING))

    with pytest.raises(TransientError, match="names the case app-1"):
        await handlers.handle(cases.weigh_clearance, STEEL_CASE, at(CLOSING))
    assert await handlers.store().clearances.find() == []


@pytest.mark.rule("V10")
@pytest.mark.parametrize(
    "other", [{"notice_id": "notice-region-2026-2"}, {"batch_year": 2027}, {"level": "prefecture"}], ids=str
)
async def test_notice_of_another_batch_does_not_support_a_clearance(
    handlers: RegistryHandlers, other: dict[str, Any]
) -> None:
    await handlers.clear(DAIRY_CASE)
    await handlers.handle(cases.record_showing, notice_entered(STEEL_CASE), at(CLOSING))
    forged = CaseCleared.model_validate(STEEL_CASE.model_dump() | other)

    with pytest.raises(TransientError):
        await handlers.handle(cases.weigh_clearance, forged, at(CLOSING))


async def differences(handlers: RegistryHandlers, now: datetime = LATER) -> dict[str, int]:
    """The counts of a sweep, without kinds that have none."""
    await handlers.run_jobs(RECONCILE, now)
    counts = await clearance_differences(handlers.store(), now)
    assert {kind for (kind,) in counts} == set(DifferenceKind)
    return {kind: int(count) for (kind,), count in counts.items() if count}


async def prepared(handlers: RegistryHandlers, *, cleared: int = 2, waiting: int = 0) -> RegistryHandlers:
    """Two cases cleared here, by a notice of which review counts so many."""
    await handlers.handle(
        cases.record_conclusion, notice_concluded(STEEL_CASE, cleared=cleared, waiting=waiting), at(date(2026, 9, 1))
    )
    await handlers.clear(STEEL_CASE, DAIRY_CASE)
    return handlers


@pytest.mark.rule("V10")
@pytest.mark.parametrize(
    ("cleared", "waiting", "found"),
    [
        (2, 0, {}),
        (1, 1, {}),
        (3, 0, {DifferenceKind.FEWER_THAN_REVIEW: 1}),
        (1, 0, {DifferenceKind.MORE_THAN_REVIEW: 1}),
    ],
)
async def test_clearances_are_counted_against_what_review_said(
    handlers: RegistryHandlers, cleared: int, waiting: int, found: dict[str, int]
) -> None:
    assert await differences(await prepared(handlers, cleared=cleared, waiting=waiting)) == found


@pytest.mark.rule("V10")
@pytest.mark.parametrize("gone", ["showings", "notices"])
async def test_case_that_counts_without_its_notice_is_found(handlers: RegistryHandlers, gone: str) -> None:
    await prepared(handlers)
    handlers.memory.collections = {**handlers.memory.collections, gone: {}}

    assert await differences(handlers) == {DifferenceKind.CLEARED_WITHOUT_NOTICE: 2}


async def test_notice_just_concluded_is_not_counted_yet(handlers: RegistryHandlers) -> None:
    await handlers.handle(cases.record_conclusion, notice_concluded(STEEL_CASE, cleared=5), LATER)

    assert await differences(handlers) == {}


async def test_sweep_goes_page_by_page_and_changes_nothing_else(
    handlers: RegistryHandlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prepared(handlers, cleared=3)
    whole, before = await differences(handlers), copy.deepcopy(handlers.memory.collections)
    monkeypatch.setattr(reconciliation, "CASES", 1)
    monkeypatch.setattr(reconciliation, "NOTICES", 1)

    assert await differences(handlers, LATER + reconciliation.REST) == whole
    after = handlers.memory.collections
    written = {"reconciliations", "inbox"}
    assert {name: after[name] for name in after.keys() - written} == {
        name: before[name] for name in before.keys() - written
    }


async def test_report_that_is_too_old_is_not_shown_as_if_all_were_well(handlers: RegistryHandlers) -> None:
    assert await clearance_differences(handlers.store(), LATER) == {}
    await handlers.run_jobs(RECONCILE, LATER)
    assert await clearance_differences(handlers.store(), LATER + timedelta(hours=1))
    assert await clearance_differences(handlers.store(), LATER + timedelta(hours=1, seconds=1)) == {}


@pytest.mark.rule("V10")
async def test_region_sees_which_notice_differs(
    api: ApiHarness[Any], clock: FixedClock, regional_officer: ApiClient
) -> None:
    assert (await regional_officer.get("/v1/reconciliation")).json()["counts"] is None
    await api.perform(cases.record_conclusion, notice_concluded(STEEL_CASE, cleared=7))
    clock.move_to(LATER)
    await api.run_jobs(RECONCILE)

    report = (await regional_officer.get("/v1/reconciliation")).json()
    assert report["counts"] == {"cleared-without-notice": 2, "fewer-than-review": 1, "more-than-review": 0}
    (fewer,) = (each for each in report["examples"] if each["kind"] == "fewer-than-review")
    assert (fewer["notice_id"], fewer["here"], fewer["review"]) == (STEEL_CASE.notice_id, 2, 7)
