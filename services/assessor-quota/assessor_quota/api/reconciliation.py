"""What the reconciler found, over HTTP: for those who have to look into it (Q2)."""

from datetime import datetime
from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext
from chassis.security.policies import Policy, Rule, everything
from fastapi import APIRouter, Depends
from messages.values import Role

from assessor_quota.api.views import View
from assessor_quota.domain.reconciliation import DiscrepancyKind, Reconciliation
from assessor_quota.handlers.reconciliation import RECONCILIATION
from assessor_quota.store import Store

READ = Policy(
    "reconciliation.read",
    (Rule(Role.REGIONAL_OFFICER, everything), Rule(Role.OPERATOR, everything)),
)


class DiscrepancyView(View):
    kind: DiscrepancyKind
    application_id: str
    ledger: str | None
    """``<digest of the legal representative>:<year>``"""


class ReconciliationView(View):
    """The last complete sweep; before the first one is done, nothing is known and nothing told."""

    started_at: datetime | None = None
    finished_at: datetime | None = None
    items: int | None = None
    ledgers: int | None = None
    counts: dict[DiscrepancyKind, int] | None = None
    examples: tuple[DiscrepancyView, ...] = ()
    """A hundred of them at most; ``counts`` counts all."""
    under_way_since: datetime | None = None


def router() -> APIRouter:
    routes = APIRouter(tags=["reconciliation"], responses=PROBLEMS)

    @routes.get("/reconciliation", summary="What the reconciler found")
    async def found(call: Annotated[RequestContext[Store], Depends(Authorize(READ))]) -> ReconciliationView:
        """Whether ledgers, items and what applications and review said agree. Nothing is ever freed by it."""
        kept = await call.store.reconciliations.get(RECONCILIATION) or Reconciliation()
        return _view(kept)

    return routes


def _view(kept: Reconciliation) -> ReconciliationView:
    since = None if kept.sweep is None else kept.sweep.started_at
    if kept.finding is None:
        return ReconciliationView(under_way_since=since)
    tally = kept.finding.tally
    return ReconciliationView(
        started_at=kept.finding.started_at,
        finished_at=kept.finding.finished_at,
        items=tally.items,
        ledgers=tally.ledgers,
        counts=dict(tally.counts),
        examples=tuple(DiscrepancyView.model_validate(each) for each in tally.examples),
        under_way_since=since,
    )
