"""The reconciler's sweeps: a page of items or ledgers at a time, compared at one instant; nothing else is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from chassis.handling import Collection
from messages.event import Event

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.item import QuotaItem
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.reconciliation import Phase, Reconciliation, Sweep, item_drifts, ledger_drifts

RECONCILIATION = "latest"
"""The one document that holds the sweep under way and what the last one found."""
REST = timedelta(minutes=5)
"""Between two sweeps."""
ITEMS, LEDGERS = 500, 50
"""Looked at in one transaction; a ledger has some fifteen lines."""


class ReconciliationStore(Protocol):
    @property
    def items(self) -> Collection[QuotaItem]: ...

    @property
    def ledgers(self) -> Collection[Ledger]: ...

    @property
    def courses(self) -> Collection[ApplicationProgress]: ...

    @property
    def reconciliations(self) -> Collection[Reconciliation]: ...


@dataclass(frozen=True)
class CheckPage:
    """Go on with a sweep after what it has looked at."""

    started_at: datetime
    phase: Phase
    after: str


async def check_page(command: CheckPage, store: ReconciliationStore, now: datetime) -> list[Event]:
    """Look at one page and keep what was found; the last page makes it the finding that is shown."""
    kept = await store.reconciliations.get(RECONCILIATION) or Reconciliation()
    sweep = kept.next_step(now, REST)
    if sweep is None or (sweep.phase, sweep.after) != (command.phase, command.after):
        return []
    if kept.sweep is None:
        sweep = replace(sweep, started_at=command.started_at)
    if sweep.phase is Phase.ITEMS:
        after = replace(kept, sweep=await _past_items(sweep, store))
    else:
        after = await _past_ledgers(kept, sweep, store, now)
    store.reconciliations.save(RECONCILIATION, after)
    return []


async def _past_items(sweep: Sweep, store: ReconciliationStore) -> Sweep:
    items = await store.items.find({"_id": {"$gt": sweep.after}}, limit=ITEMS)
    ledgers = await store.ledgers.find(_among(key for item in items for key in item.ledgers))
    courses = await store.courses.find(_among(item.application_id for item in items))
    by_key = {each.key: each for each in ledgers}
    course_of = {each.application_id: each for each in courses}
    found = [drift for item in items for drift in item_drifts(item, by_key, course_of)]
    return sweep.past_items(items, found, ITEMS)


async def _past_ledgers(
    kept: Reconciliation, sweep: Sweep, store: ReconciliationStore, now: datetime
) -> Reconciliation:
    ledgers = await store.ledgers.find({"_id": {"$gt": sweep.after}}, limit=LEDGERS)
    items = await store.items.find(_among(line.application_id for ledger in ledgers for line in ledger.lines))
    by_application = {each.application_id: each for each in items}
    found = [drift for ledger in ledgers for drift in ledger_drifts(ledger, by_application)]
    sweep = sweep.past_ledgers(ledgers, found)
    return kept.finished(sweep, now) if len(ledgers) < LEDGERS else replace(kept, sweep=sweep)


def _among(keys: Iterable[str]) -> dict[str, object]:
    return {"_id": {"$in": sorted(set(keys))}}
