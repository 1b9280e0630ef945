"""Route of the reconciler's report, for those who have to examine it (V10)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from chassis.http import PROBLEMS, APIRouter, Authorize, RequestContext, View, based_on_rule
from fastapi import Depends
from rulebook import basis

from registry.api.policies import READ_RECONCILIATION
from registry.domain.reconciliation import DifferenceKind, Reconciliation
from registry.handlers.reconciliation import RECONCILIATION
from registry.store import Store


class DifferenceView(View):
    kind: DifferenceKind
    notice_id: str
    case_id: str | None
    here: int | None
    """Clearances of the notice that the registry holds."""
    review: int | None
    """Review's count: cleared, or at most cleared and waiting."""


class ReconciliationView(View):
    """The last complete sweep; before the first one is done, all fields are absent."""

    started_at: datetime | None = None
    finished_at: datetime | None = None
    cases: int | None = None
    notices: int | None = None
    counts: dict[DifferenceKind, int] | None = None
    examples: tuple[DifferenceView, ...] = ()
    """A hundred of them at most; ``counts`` counts all."""
    under_way_since: datetime | None = None


router = APIRouter(prefix="/v1", tags=["reconciliation"], responses=PROBLEMS)

ReadReconciliation = Annotated[RequestContext[Store], Depends(Authorize(READ_RECONCILIATION))]


@router.get("/reconciliation", summary="Show the reconciler's report", openapi_extra=based_on_rule(basis("V10")))
async def get_reconciliation(context: ReadReconciliation) -> ReconciliationView:
    """Whether the cases that count for a list agree with review's notices. The reconciler never drops a case."""
    found = await context.store.reconciliations.get(RECONCILIATION) or Reconciliation()
    since = None if found.sweep is None else found.sweep.started_at
    if found.report is None:
        return ReconciliationView(under_way_since=since)
    summary = found.report.summary
    return ReconciliationView(
        started_at=found.report.started_at,
        finished_at=found.report.finished_at,
        cases=summary.cases,
        notices=summary.notices,
        counts=dict(summary.counts),
        examples=tuple(DifferenceView.model_validate(each) for each in summary.examples),
        under_way_since=since,
    )
