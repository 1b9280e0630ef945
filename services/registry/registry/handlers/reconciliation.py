"""The reconciler's sweeps: one page of cases or notices at a time, read at one instant; only the report is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from messages.event import Event

from registry.domain.reconciliation import (
    Phase,
    Reconciliation,
    ReconciliationReport,
    Sweep,
    case_differences,
    notice_difference,
)
from registry.handlers.ports import Store

RECONCILIATION = "latest"
"""Key of the one document: the sweep under way and the report of the last one."""
REST = timedelta(minutes=5)
"""Between two sweeps."""
CASES, NOTICES = 200, 20
"""Compared in one transaction."""


@dataclass(frozen=True)
class CheckPage:
    """Go on with a sweep behind ``after``."""

    started_at: datetime
    phase: Phase
    after: str


async def check_page(command: CheckPage, store: Store, now: datetime) -> list[Event]:
    """Compare one page and save the differences; the last page completes the report."""
    reconciliation = await store.reconciliations.get(RECONCILIATION) or Reconciliation()
    sweep = reconciliation.next_step(now, REST)
    if sweep is None or (sweep.phase, sweep.after) != (command.phase, command.after):
        return []
    if reconciliation.sweep is None:
        sweep = replace(sweep, started_at=command.started_at)
    if sweep.phase is Phase.CASES:
        after = replace(reconciliation, sweep=await _check_cases(sweep, store))
    else:
        after = await _check_notices(reconciliation, sweep, store, now)
    store.reconciliations.save(RECONCILIATION, after)
    return []


async def _check_cases(sweep: Sweep, store: Store) -> Sweep:
    cases = await store.clearances.find({"_id": {"$gt": sweep.after}}, limit=CASES)
    showings = await store.showings.find(_key_filter(case.case_id for case in cases))
    notices = await store.notices.find(_key_filter(case.notice_id for case in cases if case.notice_id))
    found = case_differences(
        cases, {each.case_id: each for each in showings}, {each.notice_id: each for each in notices}
    )
    summary = replace(sweep.summary, cases=sweep.summary.cases + len(cases)).with_differences(found)
    if len(cases) < CASES:
        return replace(sweep, phase=Phase.NOTICES, after="", summary=summary)
    return replace(sweep, after=cases[-1].case_id, summary=summary)


async def _check_notices(reconciliation: Reconciliation, sweep: Sweep, store: Store, now: datetime) -> Reconciliation:
    notices = await store.notices.find({"_id": {"$gt": sweep.after}}, limit=NOTICES)
    compared = [
        notice_difference(each, await store.clearances.count({"notice_id": each.notice_id}), now) for each in notices
    ]
    found = [each for each in compared if each is not None]
    summary = replace(sweep.summary, notices=sweep.summary.notices + len(notices)).with_differences(found)
    if len(notices) < NOTICES:
        return Reconciliation(ReconciliationReport(sweep.started_at, now, summary))
    return replace(reconciliation, sweep=replace(sweep, after=notices[-1].notice_id, summary=summary))


def _key_filter(keys: Iterable[str]) -> dict[str, object]:
    return {"_id": {"$in": sorted(set(keys))}}
