"""Route of the reconciler's report, for those who have to examine it (Q2)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chassis.http import PROBLEMS, APIRouter, Authorize, RequestContext
from fastapi import Depends

from assessor_quota.api.policies import READ_RECONCILIATION
from assessor_quota.api.views import View
from assessor_quota.domain.reconciliation import DiscrepancyKind, Reconciliation
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


router = APIRouter(tags=["reconciliation"], responses=PROBLEMS)

ReadReconciliation = Annotated[RequestContext[Store], Depends(Authorize(READ_RECONCILIATION))]


@router.get("/reconciliation", summary="Show the reconciler's report")
async def get_reconciliation(context: ReadReconciliation) -> ReconciliationView:
    """Whether ledgers, items and the progress of applications agree. The reconciler never frees an item."""
    reconciliation = await context.store.reconciliations.get(RECONCILIATION) or Reconciliation()
    return _view(reconciliation)


def _view(reconciliation: Reconciliation) -> ReconciliationView:
    since = None if reconciliation.sweep is None else reconciliation.sweep.started_at
    if reconciliation.report is None:
        return ReconciliationView(under_way_since=since)
    summary = reconciliation.report.summary
    return ReconciliationView(
        started_at=reconciliation.report.started_at,
        finished_at=reconciliation.report.finished_at,
        items=summary.items,
        ledgers=summary.ledgers,
        counts=dict(summary.counts),
        examples=tuple(DiscrepancyView.model_validate(each) for each in summary.examples),
        under_way_since=since,
    )
