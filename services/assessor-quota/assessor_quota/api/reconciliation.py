"""Route of the reconciler's report, for those who have to examine it (Q2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chassis.http import PROBLEMS, APIRouter, Authorize, Body, RequestContext, based_on_rule, refuses
from fastapi import Depends
from messages.entries import OneLine
from pydantic import Field
from rulebook import basis

from assessor_quota.api.policies import READ_RECONCILIATION, REPAIR_LEDGER
from assessor_quota.api.views import View
from assessor_quota.domain.ledger import Ledger
from assessor_quota.domain.reconciliation import DiscrepancyKind, Reconciliation
from assessor_quota.handlers import reconciliation
from assessor_quota.handlers.reconciliation import RECONCILIATION
from assessor_quota.store import Store


class DiscrepancyView(View):
    kind: DiscrepancyKind
    application_id: str
    ledger: str | None
    """``<digest of the legal representative>:<year>``"""


class ReconciliationView(View):
    """The last complete sweep; before the first one is done, all fields are absent."""

    started_at: datetime | None = None
    finished_at: datetime | None = None
    items: int | None = None
    ledgers: int | None = None
    counts: dict[DiscrepancyKind, int] | None = None
    examples: tuple[DiscrepancyView, ...] = ()
    """A hundred of them at most; ``counts`` counts all."""
    under_way_since: datetime | None = None


class RepairBody(Body):
    """The ledger that the report names, and why its lines are to be made anew from the items in use."""

    ledger: Annotated[str, Field(pattern="^[0-9a-f]{64}:[0-9]{4}$", examples=["0a" * 32 + ":2026"])]
    """``<digest of the legal representative>:<year>``"""
    why: Annotated[OneLine, Field(max_length=500, examples=["第12次对账：app-1 无对应名额"])]
    """Kept with the ledger."""


class LedgerRepairView(View):
    """Changes of a repair."""

    used: int
    """Items in use by the ledger after it."""
    removed: tuple[str, ...]
    """Applications whose line no item in use had."""
    added: tuple[str, ...]
    """Applications whose item in use had no line."""


router = APIRouter(tags=["reconciliation"], responses=PROBLEMS)

RepairLedgers = Annotated[RequestContext[Store], Depends(Authorize(REPAIR_LEDGER))]
ReadReconciliation = Annotated[RequestContext[Store], Depends(Authorize(READ_RECONCILIATION))]


@router.get("/reconciliation", summary="Show the reconciler's report")
async def get_reconciliation(context: ReadReconciliation) -> ReconciliationView:
    """Whether ledgers, items and the progress of applications agree. The reconciler never frees an item."""
    return _view(await context.store.reconciliations.get(RECONCILIATION) or Reconciliation())


@router.post(
    "/reconciliation/repairs",
    summary="Repair a ledger that disagrees with its items",
    openapi_extra=based_on_rule(basis("Q2")),
    responses=refuses("ledger-agrees"),
)
async def repair_ledger(body: RepairBody, context: RepairLedgers) -> LedgerRepairView:
    """Make the lines of one ledger anew from the items in use. Items are left alone: events alone change them."""
    command = reconciliation.RepairLedger(body.ledger, body.why, context.actor.subject)
    ledger = await context.execute(reconciliation.repair, command, prefetch=[("ledgers", body.ledger)], reply=Ledger)
    assert ledger.repair is not None  # noqa: S101 - the handler has just made it
    return LedgerRepairView(used=ledger.used, removed=ledger.repair.removed, added=ledger.repair.added)


def _view(found: Reconciliation) -> ReconciliationView:
    since = None if found.sweep is None else found.sweep.started_at
    if found.report is None:
        return ReconciliationView(under_way_since=since)
    summary = found.report.summary
    return ReconciliationView(
        started_at=found.report.started_at,
        finished_at=found.report.finished_at,
        items=summary.items,
        ledgers=summary.ledgers,
        counts=dict(summary.counts),
        examples=tuple(DiscrepancyView.model_validate(each) for each in summary.examples),
        under_way_since=since,
    )
