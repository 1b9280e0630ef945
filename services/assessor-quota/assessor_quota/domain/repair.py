"""The repair of a ledger that disagrees with its items: its lines are made anew from the items in use (Q2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from assessor_quota.domain.item import QuotaItem
from assessor_quota.domain.ledger import Ledger, LedgerLine, LedgerRepair
from assessor_quota.domain.refusals import refusal


@dataclass(frozen=True)
class RepairOrder:
    """Who has the ledger repaired, when and why."""

    by: str
    at: datetime
    why: str


def repair_ledger(
    ledger: Ledger, items: Mapping[str, QuotaItem], carried: Mapping[str, date], order: RepairOrder
) -> Ledger:
    """Return the ledger with one line for each item in use that names it; a line that was right stays as it is.

    ``carried`` holds the day of the items that came from another legal representative (Q4). More than the limit may be
    in use afterwards: the repair says how it is, and only the region can decide what follows.
    """
    kept = tuple(line for line in ledger.lines if line.application_id in items)
    there = {line.application_id for line in kept}
    added = tuple(
        LedgerLine(item.application_id, item.assessor, item.unit, carried.get(item.application_id))
        for _, item in sorted(items.items())
        if item.application_id not in there
    )
    removed = tuple(line.application_id for line in ledger.lines if line.application_id not in items)
    lines = (*kept, *added)
    if lines == ledger.lines and ledger.used == len(lines):
        text = "该台账与在用的名额一致，无须修复"
        raise refusal("Q2", "ledger-agrees", text, evidence=ledger.key)
    repair = LedgerRepair(order.at, order.by, order.why, removed, tuple(line.application_id for line in added))
    return replace(ledger, lines=lines, used=len(lines), repair=repair)
