from __future__ import annotations

import copy
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from assessor_quota import handlers
from assessor_quota.domain.reconciliation import DiscrepancyKind, Reconciliation, drifts
from assessor_quota.handlers import reconciliation
from assessor_quota.store import Store
from devkit import HandlerHarness
from messages.event import Event

from .kit import (
    LI,
    LIMIT,
    NORTH,
    NOW,
    OTHER,
    SOUTH,
    TODAY,
    WANG,
    accepted,
    change,
    refused,
    review_refused,
    submitted,
    withdrawn,
)
from .year import case_closed, failing, given_up, hear, run_job, succeeding

LEDGER = f"{WANG.digest}:2026"


async def sweep(bench: HandlerHarness[Store]) -> Reconciliation:
    await run_job(bench, "reconcile", NOW)
    return await bench.store().reconciliations.require(reconciliation.RECONCILIATION)


async def found(bench: HandlerHarness[Store]) -> dict[DiscrepancyKind, list[str]]:
    """What a sweep finds, the zeros left out."""
    finding = (await sweep(bench)).finding
    assert finding is not None
    kinds = {kind for kind, count in finding.tally.counts.items() if count}
    return {kind: [each.application_id for each in finding.tally.examples if each.kind is kind] for kind in kinds}


def damage(bench: HandlerHarness[Store], collection: str, key: str, **changed: object) -> None:
    """Change a document as somebody at the database would, past every rule."""
    held: dict[str, Any] = bench.memory.collections[collection]
    bench.memory.collections[collection] = {**held, key: {**held[key], **changed}}


@pytest.fixture
async def kept(bench: HandlerHarness[Store]) -> HandlerHarness[Store]:
    """Reserved, confirmed, given back and refused items, all as they should be."""
    events: list[Event] = [
        submitted("waits", NORTH),
        *succeeding("won", SOUTH),
        *failing("lost", NORTH),
        *given_up("gone", NORTH),
        submitted("stranger", "911505000000000511"),
    ]
    await hear(bench, events, NOW)
    return bench


@pytest.mark.rule("Q2")
async def test_a_register_that_nobody_damaged_has_no_drift(kept: HandlerHarness[Store]) -> None:
    assert await found(kept) == {}
    finding = (await sweep(kept)).finding
    assert finding is not None
    assert (finding.tally.items, finding.tally.ledgers) == (5, 1)
    assert set(finding.tally.counts) == set(DiscrepancyKind)


@pytest.mark.rule("Q2")
async def test_a_line_that_was_taken_out_is_found(kept: HandlerHarness[Store]) -> None:
    lines = kept.documents("ledgers")[LEDGER]["lines"]
    damage(kept, "ledgers", LEDGER, lines=[each for each in lines if each["application_id"] != "won"])
    assert await found(kept) == {DiscrepancyKind.ITEM_WITHOUT_LINE: ["won"]}


@pytest.mark.rule("Q2")
async def test_a_ledger_that_is_gone_altogether_is_found_by_its_items(kept: HandlerHarness[Store]) -> None:
    kept.memory.collections["ledgers"] = {}
    assert await found(kept) == {DiscrepancyKind.ITEM_WITHOUT_LINE: ["lost", "waits", "won"]}


@pytest.mark.rule("Q2")
async def test_a_line_that_was_put_in_is_found(kept: HandlerHarness[Store]) -> None:
    lines = kept.documents("ledgers")[LEDGER]["lines"]
    invented = [{**lines[0], "application_id": name} for name in ("nobody", "gone")]
    damage(kept, "ledgers", LEDGER, lines=[*lines, *invented])
    assert await found(kept) == {DiscrepancyKind.LINE_WITHOUT_ITEM: ["nobody", "gone"]}


@pytest.mark.rule("Q2")
async def test_a_confirmed_item_that_was_freed_is_found(kept: HandlerHarness[Store]) -> None:
    lines = kept.documents("ledgers")[LEDGER]["lines"]
    damage(kept, "ledgers", LEDGER, lines=[each for each in lines if each["application_id"] != "won"])
    damage(kept, "items", "won", state="released")
    assert await found(kept) == {DiscrepancyKind.GIVEN_BACK_AFTER_ACCEPTANCE: ["won"]}


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q6")
@pytest.mark.parametrize(
    "end",
    [withdrawn("waits"), refused("waits"), review_refused("waits"), case_closed("ineligible", "waits")],
    ids=lambda end: type(end).__name__,
)
async def test_an_item_that_stayed_reserved_after_the_end_is_found(kept: HandlerHarness[Store], end: Event) -> None:
    before = copy.deepcopy({name: kept.documents(name) for name in ("items", "ledgers")})
    await hear(kept, [end], NOW)
    kept.memory.collections |= before
    assert await found(kept) == {DiscrepancyKind.RESERVED_AFTER_END: ["waits"]}


@pytest.mark.rule("Q1")
@pytest.mark.rule("Q2")
async def test_more_items_than_the_limit_are_found(bench: HandlerHarness[Store]) -> None:
    await hear(bench, [submitted(f"app-{number}") for number in range(LIMIT + 2)], NOW)
    line = bench.documents("ledgers")[LEDGER]["lines"][0]
    beyond = [f"app-{number}" for number in range(LIMIT, LIMIT + 2)]
    for name in beyond:
        damage(bench, "items", name, state="reserved", ledgers=[LEDGER])
    more = [{**line, "application_id": name} for name in beyond]
    damage(bench, "ledgers", LEDGER, lines=[*bench.documents("ledgers")[LEDGER]["lines"], *more])
    assert await found(bench) == {DiscrepancyKind.OVER_LIMIT: beyond}


@pytest.mark.rule("Q2")
async def test_a_sweep_says_nothing_and_frees_nothing_whatever_it_finds(kept: HandlerHarness[Store]) -> None:
    damage(kept, "items", "won", state="released")
    damage(kept, "ledgers", LEDGER, lines=[])
    kept.memory.collections["reconciliations"] = {}
    before, said = copy.deepcopy(kept.memory.collections), len(kept.published)
    assert await found(kept)
    kept.memory.collections.pop("reconciliations")
    before.pop("reconciliations")
    assert kept.memory.collections == before
    assert len(kept.published) == said


@pytest.mark.rule("Q5")
async def test_an_acceptance_heard_after_the_withdrawal_it_crossed_is_no_drift(kept: HandlerHarness[Store]) -> None:
    await hear(kept, [withdrawn("waits"), accepted("waits")], NOW)
    assert await found(kept) == {}


@pytest.mark.rule("Q2")
@pytest.mark.rule("Q4")
@pytest.mark.parametrize("seed", range(8))
async def test_whatever_order_events_are_heard_in_there_is_no_drift_at_any_moment(
    bench: HandlerHarness[Store], seed: int
) -> None:
    """North goes from one legal representative to the other and back meanwhile, with its items."""
    random = Random(seed)  # noqa: S311 - a repeatable disorder
    told = [succeeding, failing, failing, given_up]
    events = [
        each
        for number in range(4 * LIMIT)
        for each in random.choice(told)(f"app-{number}", random.choice((NORTH, SOUTH, OTHER)))
    ]
    random.shuffle(events)
    for day, part in enumerate(range(0, len(events), 10)):
        await hear_early(bench, events[part : part + 10])
        look = bench.store()
        assert drifts(await look.courses.find(), await look.items.find(), await look.ledgers.find()) == []
        if day in {9, 14}:
            now = NOW + timedelta(days=day)
            moved = change(to=LI if day == 9 else WANG, on=TODAY + timedelta(days=day))
            await bench.handle(handlers.change_representative, moved, now)
    assert any(line.carried_on for ledger in await bench.store().ledgers.find() for line in ledger.lines)


async def hear_early(bench: HandlerHarness[Store], events: list[Event]) -> None:
    """Hear what is ready; an acceptance without its reservation comes with a later part, or never."""
    for event in events:
        try:
            await hear(bench, [event], NOW)
        except AssertionError:
            continue


@pytest.mark.rule("Q2")
async def test_a_sweep_goes_page_by_page_and_finds_the_same(
    kept: HandlerHarness[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = kept.documents("ledgers")[LEDGER]["lines"]
    damage(kept, "ledgers", LEDGER, lines=[{**lines[0], "application_id": "nobody"}])
    whole = await found(kept)
    kept.memory.collections["reconciliations"] = {}
    monkeypatch.setattr(reconciliation, "ITEMS", 2)
    monkeypatch.setattr(reconciliation, "LEDGERS", 1)
    assert await found(kept) == whole
    assert kept.documents("reconciliations")["latest"]["_version"] == 5


@pytest.mark.rule("Q2")
async def test_the_next_sweep_begins_after_a_rest_and_the_last_finding_is_kept_meanwhile(
    kept: HandlerHarness[Store],
) -> None:
    first = (await sweep(kept)).finding
    assert first is not None
    damage(kept, "ledgers", LEDGER, lines=[])
    assert (await sweep(kept)).finding == first
    await run_job(kept, "reconcile", NOW + timedelta(minutes=5))
    second = (await kept.store().reconciliations.require("latest")).finding
    assert second is not None
    assert second.tally.counts[DiscrepancyKind.ITEM_WITHOUT_LINE] == 3
