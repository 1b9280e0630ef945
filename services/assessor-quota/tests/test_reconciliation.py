from __future__ import annotations

import copy
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from assessor_quota.domain.reconciliation import DiscrepancyKind, Reconciliation, Sweep
from assessor_quota.handlers import reconciliation
from assessor_quota.handlers.representatives import change_representative
from assessor_quota.store import Store
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.event import Event

from .builders import (
    LI,
    LIMIT,
    NORTH,
    NOW,
    OTHER,
    SOUTH,
    TODAY,
    WANG,
    accepted,
    case_closed,
    change,
    failing,
    refused,
    review_refused,
    submitted,
    succeeding,
    withdrawn,
    withdrawn_before_review,
)
from .harness import deliver, run_job

LEDGER = f"{WANG.digest}:2026"


async def sweep(handlers: HandlerHarness[Store]) -> Reconciliation:
    await run_job(handlers, "reconcile", NOW)
    return await handlers.store().reconciliations.require(reconciliation.RECONCILIATION)


async def found(handlers: HandlerHarness[Store]) -> dict[DiscrepancyKind, list[str]]:
    """Return the discrepancies of a sweep, without kinds that have none."""
    finding = (await sweep(handlers)).report
    assert finding is not None
    kinds = {kind for kind, count in finding.summary.counts.items() if count}
    return {kind: [each.application_id for each in finding.summary.examples if each.kind is kind] for kind in kinds}


def damage(handlers: HandlerHarness[Store], collection: str, key: str, **changed: object) -> None:
    """Change a document as somebody at the database would, past every rule."""
    held: dict[str, Any] = handlers.memory.collections[collection]
    handlers.memory.collections[collection] = {**held, key: {**held[key], **changed}}


@pytest.fixture
async def handlers_with_items(handlers: HandlerHarness[Store]) -> HandlerHarness[Store]:
    """Reserved, confirmed, given back and refused items, all as they should be."""
    events: list[Event] = [
        submitted("waits", NORTH),
        *succeeding("won", SOUTH),
        *failing("lost", NORTH),
        *withdrawn_before_review("gone", NORTH),
        submitted("stranger", "911505000000000511"),
    ]
    await deliver(handlers, events, NOW)
    return handlers


@pytest.mark.rule("Q2")
async def test_a_register_that_nobody_damaged_has_no_drift(handlers_with_items: HandlerHarness[Store]) -> None:
    assert await found(handlers_with_items) == {}
    finding = (await sweep(handlers_with_items)).report
    assert finding is not None
    assert (finding.summary.items, finding.summary.ledgers) == (5, 1)
    assert set(finding.summary.counts) == set(DiscrepancyKind)


@pytest.mark.rule("Q2")
async def test_a_line_that_was_taken_out_is_found(handlers_with_items: HandlerHarness[Store]) -> None:
    lines = handlers_with_items.documents("ledgers")[LEDGER]["lines"]
    damage(handlers_with_items, "ledgers", LEDGER, lines=[each for each in lines if each["application_id"] != "won"])
    assert await found(handlers_with_items) == {DiscrepancyKind.ITEM_WITHOUT_LINE: ["won"]}


@pytest.mark.rule("Q2")
async def test_a_ledger_that_is_gone_altogether_is_found_by_its_items(
    handlers_with_items: HandlerHarness[Store],
) -> None:
    handlers_with_items.memory.collections["ledgers"] = {}
    assert await found(handlers_with_items) == {DiscrepancyKind.ITEM_WITHOUT_LINE: ["lost", "waits", "won"]}


@pytest.mark.rule("Q2")
async def test_a_line_that_was_put_in_is_found(handlers_with_items: HandlerHarness[Store]) -> None:
    lines = handlers_with_items.documents("ledgers")[LEDGER]["lines"]
    invented = [{**lines[0], "application_id": name} for name in ("nobody", "gone")]
    damage(handlers_with_items, "ledgers", LEDGER, lines=[*lines, *invented])
    assert await found(handlers_with_items) == {DiscrepancyKind.LINE_WITHOUT_ITEM: ["nobody", "gone"]}


@pytest.mark.rule("Q2")
async def test_a_confirmed_item_that_was_freed_is_found(handlers_with_items: HandlerHarness[Store]) -> None:
    lines = handlers_with_items.documents("ledgers")[LEDGER]["lines"]
    damage(handlers_with_items, "ledgers", LEDGER, lines=[each for each in lines if each["application_id"] != "won"])
    damage(handlers_with_items, "items", "won", state="released")
    assert await found(handlers_with_items) == {DiscrepancyKind.GIVEN_BACK_AFTER_ACCEPTANCE: ["won"]}


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q6")
@pytest.mark.parametrize(
    "end",
    [withdrawn("waits"), refused("waits"), review_refused("waits"), case_closed("ineligible", "waits")],
    ids=lambda end: type(end).__name__,
)
async def test_an_item_that_stayed_reserved_after_the_end_is_found(
    handlers_with_items: HandlerHarness[Store], end: Event
) -> None:
    before = copy.deepcopy({name: handlers_with_items.documents(name) for name in ("items", "ledgers")})
    await deliver(handlers_with_items, [end], NOW)
    handlers_with_items.memory.collections |= before
    assert await found(handlers_with_items) == {DiscrepancyKind.RESERVED_AFTER_END: ["waits"]}


@pytest.mark.rule("Q1")
@pytest.mark.rule("Q2")
async def test_more_items_than_the_limit_are_found(handlers: HandlerHarness[Store]) -> None:
    await deliver(handlers, [submitted(f"app-{number}") for number in range(LIMIT + 2)], NOW)
    line = handlers.documents("ledgers")[LEDGER]["lines"][0]
    beyond = [f"app-{number}" for number in range(LIMIT, LIMIT + 2)]
    for name in beyond:
        damage(handlers, "items", name, state="reserved", ledgers=[LEDGER])
    more = [{**line, "application_id": name} for name in beyond]
    damage(handlers, "ledgers", LEDGER, lines=[*handlers.documents("ledgers")[LEDGER]["lines"], *more])
    assert await found(handlers) == {DiscrepancyKind.OVER_LIMIT: beyond}


@pytest.mark.rule("Q2")
async def test_a_sweep_says_nothing_and_frees_nothing_whatever_it_finds(
    handlers_with_items: HandlerHarness[Store],
) -> None:
    damage(handlers_with_items, "items", "won", state="released")
    damage(handlers_with_items, "ledgers", LEDGER, lines=[])
    handlers_with_items.memory.collections["reconciliations"] = {}
    before, said = copy.deepcopy(handlers_with_items.memory.collections), len(handlers_with_items.published)
    assert await found(handlers_with_items)
    handlers_with_items.memory.collections.pop("reconciliations")
    before.pop("reconciliations")
    assert handlers_with_items.memory.collections == before
    assert len(handlers_with_items.published) == said


@pytest.mark.rule("Q5")
async def test_an_acceptance_heard_after_the_withdrawal_it_crossed_is_no_drift(
    handlers_with_items: HandlerHarness[Store],
) -> None:
    await deliver(handlers_with_items, [withdrawn("waits"), accepted("waits")], NOW)
    assert await found(handlers_with_items) == {}


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q4")
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_order_events_are_heard_in_there_is_no_drift_at_any_moment(
    handlers: HandlerHarness[Store], seed: int
) -> None:
    """North goes from one legal representative to the other and back meanwhile, with its items."""
    random = Random(seed)  # noqa: S311 - a repeatable disorder
    told = [succeeding, failing, failing, withdrawn_before_review]
    events = [
        each
        for number in range(4 * LIMIT)
        for each in random.choice(told)(f"app-{number}", random.choice((NORTH, SOUTH, OTHER)))
    ]
    random.shuffle(events)
    for day, part in enumerate(range(0, len(events), 10)):
        await deliver_if_ready(handlers, events[part : part + 10])
        assert await found_now(handlers) == {}
        if day in {9, 14}:
            now = NOW + timedelta(days=day)
            moved = change(to=LI if day == 9 else WANG, on=TODAY + timedelta(days=day))
            await handlers.handle(change_representative, moved, now)
    assert any(line.carried_on for ledger in await handlers.store().ledgers.find() for line in ledger.lines)


async def found_now(handlers: HandlerHarness[Store]) -> dict[DiscrepancyKind, list[str]]:
    """Return the discrepancies of a new sweep, without a rest after the last one."""
    handlers.memory.collections["reconciliations"] = {}
    return await found(handlers)


async def deliver_if_ready(handlers: HandlerHarness[Store], events: list[Event]) -> None:
    """Deliver what is ready; an acceptance without its reservation comes with a later part, or never."""
    for event in events:
        try:
            await deliver(handlers, [event], NOW)
        except AssertionError:
            continue


@pytest.mark.rule("Q2")
async def test_a_sweep_goes_page_by_page_and_finds_the_same(
    handlers_with_items: HandlerHarness[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = handlers_with_items.documents("ledgers")[LEDGER]["lines"]
    damage(handlers_with_items, "ledgers", LEDGER, lines=[{**lines[0], "application_id": "nobody"}])
    whole = await found(handlers_with_items)
    handlers_with_items.memory.collections["reconciliations"] = {}
    monkeypatch.setattr(reconciliation, "ITEMS", 2)
    monkeypatch.setattr(reconciliation, "LEDGERS", 1)
    assert await found(handlers_with_items) == whole
    assert handlers_with_items.documents("reconciliations")["latest"]["_version"] == 5


@pytest.mark.rule("Q2")
async def test_the_next_sweep_begins_after_a_rest_and_the_last_finding_is_kept_meanwhile(
    handlers_with_items: HandlerHarness[Store],
) -> None:
    first = (await sweep(handlers_with_items)).report
    assert first is not None
    damage(handlers_with_items, "ledgers", LEDGER, lines=[])
    assert (await sweep(handlers_with_items)).report == first
    await run_job(handlers_with_items, "reconcile", NOW + timedelta(minutes=5))
    second = (await handlers_with_items.store().reconciliations.require("latest")).report
    assert second is not None
    assert second.summary.counts[DiscrepancyKind.ITEM_WITHOUT_LINE] == 3


@pytest.mark.rule("Q2")
@pytest.mark.parametrize(("took", "rested"), [(1, 5), (2, 18), (60, 30)])
def test_a_long_sweep_is_followed_by_a_long_rest(took: int, rested: int) -> None:
    finished = Reconciliation().finished(Sweep(NOW - timedelta(minutes=took)), NOW)
    after = [
        finished.next_step(NOW + timedelta(minutes=each), reconciliation.REST) for each in (rested - 1, rested + 5)
    ]
    assert after == [None, Sweep(NOW + timedelta(minutes=rested + 5))]


def order(why: str = "对账不一致") -> reconciliation.RepairLedger:
    return reconciliation.RepairLedger(LEDGER, why, "officer-1")


async def lines_of(handlers: HandlerHarness[Store], key: str = LEDGER) -> list[tuple[str, object]]:
    ledger = await handlers.store().ledgers.require(key)
    assert ledger.used == len(ledger.lines)
    return sorted((line.application_id, line.carried_on) for line in ledger.lines)


@pytest.mark.rule("Q2")
async def test_repaired_ledger_has_the_lines_that_its_items_have_and_the_next_sweep_finds_nothing(
    handlers_with_items: HandlerHarness[Store],
) -> None:
    whole = await lines_of(handlers_with_items)
    held = handlers_with_items.memory.collections["ledgers"][LEDGER]
    stranger = {**held["lines"][0], "application_id": "nobodys"}
    damage(handlers_with_items, "ledgers", LEDGER, lines=[*held["lines"][1:], stranger], used=7)
    assert set(await found(handlers_with_items)) == {
        DiscrepancyKind.ITEM_WITHOUT_LINE,
        DiscrepancyKind.LINE_WITHOUT_ITEM,
    }

    await handlers_with_items.handle(reconciliation.repair, order(), NOW)

    assert await lines_of(handlers_with_items) == whole
    repair = (await handlers_with_items.store().ledgers.require(LEDGER)).repair
    assert repair is not None
    assert (repair.removed, repair.added) == (("nobodys",), (held["lines"][0]["application_id"],))
    assert (repair.by, repair.why, repair.at) == ("officer-1", "对账不一致", NOW)
    handlers_with_items.memory.collections["reconciliations"] = {}
    assert await found(handlers_with_items) == {}


@pytest.mark.rule("Q4")
async def test_repaired_line_of_a_carried_item_keeps_the_day_it_was_carried(handlers: HandlerHarness[Store]) -> None:
    await deliver(handlers, [submitted("waits", NORTH)], NOW)
    await handlers.handle(change_representative, change(LI, TODAY, NORTH), NOW)
    key = f"{LI.digest}:2026"
    before = await lines_of(handlers, key)
    damage(handlers, "ledgers", key, lines=[], used=0)

    await handlers.handle(reconciliation.repair, reconciliation.RepairLedger(key, "why", "officer-1"), NOW)

    assert await lines_of(handlers, key) == before == [("waits", TODAY)]


@pytest.mark.rule("Q2")
async def test_ledger_that_agrees_is_not_repaired(handlers_with_items: HandlerHarness[Store]) -> None:
    with pytest.raises(Refusal, match="ledger-agrees"):
        await handlers_with_items.handle(reconciliation.repair, order(), NOW)

    assert (await handlers_with_items.store().ledgers.require(LEDGER)).repair is None
