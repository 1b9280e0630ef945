"""The reconciler's sweeps: one page of items or ledgers at a time, read at one instant; only the report is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from chassis.handling import Done
from messages.event import Event
from rulebook import shanghai_date

from assessor_quota.domain.application_progress import ApplicationProgress
from assessor_quota.domain.item import IN_USE, QuotaItem
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.reconciliation import Phase, Reconciliation, Sweep, item_discrepancies, ledger_discrepancies
from assessor_quota.domain.repair import RepairOrder, repair_ledger
from assessor_quota.handlers.ports import Store

RECONCILIATION = "latest"
"""Key of the one document: the sweep under way and the report of the last one."""
REST = timedelta(minutes=5)
"""Between two sweeps."""
ITEMS, LEDGERS = 200, 50
"""Compared in one transaction; a ledger has some fifteen lines."""


@dataclass(frozen=True)
class CheckPage:
    """Go on with a sweep behind ``after``."""

    started_at: datetime
    phase: Phase
    after: str


async def check_page(command: CheckPage, store: Store, now: datetime) -> list[Event]:
    """Compare one page and save the discrepancies; the last page completes the report."""
    reconciliation = await store.reconciliations.get(RECONCILIATION) or Reconciliation()
    sweep = reconciliation.next_step(now, REST)
    if sweep is None or (sweep.phase, sweep.after) != (command.phase, command.after):
        return []
    if reconciliation.sweep is None:
        sweep = replace(sweep, started_at=command.started_at)
    if sweep.phase is Phase.ITEMS:
        after = replace(reconciliation, sweep=await _check_items(sweep, store))
    else:
        after = await _check_ledgers(reconciliation, sweep, store, now)
    store.reconciliations.save(RECONCILIATION, after)
    return []


@dataclass(frozen=True)
class RepairLedger:
    """Make the lines of one ledger anew from the items in use that name it."""

    ledger: str
    why: str
    by: str


async def repair(command: RepairLedger, store: Store, now: datetime) -> Done:
    """Repair a ledger that disagrees with its items; the reply is the ledger after it."""
    ledger = await store.ledgers.require(command.ledger)
    found = await store.items.find({"ledgers": ledger.key, "state": {"$in": list(IN_USE)}})
    items = {item.application_id: item for item in found}
    order = RepairOrder(command.by, now, command.why)
    repaired = repair_ledger(ledger, items, await _carried(ledger, items.values(), store, shanghai_date(now)), order)
    store.ledgers.save(ledger.key, repaired)
    return Done(value=repaired)


async def _carried(ledger: Ledger, items: Iterable[QuotaItem], store: Store, today: date) -> dict[str, date]:
    """Return the day on which each item came from another ledger, as that one noted its assessor's leaving (Q4)."""
    came = [item for item in items if item.ledgers[0] != ledger.key]
    former = await store.ledgers.find(_key_filter(key for item in came for key in item.ledgers)) if came else []
    left = {(each.key, one.assessor): one.on for each in former for one in each.transfers}
    return {
        item.application_id: max(
            (left[key, item.assessor.uscc] for key in item.ledgers if (key, item.assessor.uscc) in left), default=today
        )
        for item in came
    }


async def _check_items(sweep: Sweep, store: Store) -> Sweep:
    items = await store.items.find({"_id": {"$gt": sweep.after}}, limit=ITEMS)
    ledgers = await store.ledgers.find(_key_filter(key for item in items for key in item.ledgers))
    stored = await store.progress.find(_key_filter(item.application_id for item in items))
    by_key = {each.key: each for each in ledgers}
    progress = {item.application_id: ApplicationProgress(item.application_id) for item in items}
    progress |= {each.application_id: each for each in stored}
    found = [each for item in items for each in item_discrepancies(item, by_key, progress[item.application_id])]
    return sweep.with_items(items, found, ITEMS)


async def _check_ledgers(reconciliation: Reconciliation, sweep: Sweep, store: Store, now: datetime) -> Reconciliation:
    ledgers = await store.ledgers.find({"_id": {"$gt": sweep.after}}, limit=LEDGERS)
    items = await store.items.find(_key_filter(line.application_id for ledger in ledgers for line in ledger.lines))
    by_application = {each.application_id: each for each in items}
    found = [each for ledger in ledgers for each in ledger_discrepancies(ledger, by_application)]
    sweep = sweep.with_ledgers(ledgers, found)
    return reconciliation.finished(sweep, now) if len(ledgers) < LEDGERS else replace(reconciliation, sweep=sweep)


def _key_filter(keys: Iterable[str]) -> dict[str, object]:
    return {"_id": {"$in": sorted(set(keys))}}
