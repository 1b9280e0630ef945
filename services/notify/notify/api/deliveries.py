"""Deliveries by e-mail, for operators."""

from __future__ import annotations

from typing import Annotated, Literal

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
)
from fastapi import Depends, Path
from rulebook import basis

from notify.api.policies import OVERSEE_DELIVERIES
from notify.api.views import DeliveryView
from notify.domain.notification import State
from notify.handlers import deliveries
from notify.store import Store

DeliveryId = Annotated[str, Path(pattern="^(notice|confirmation)-[0-9a-f]{32}:email$")]
OverseeDeliveries = Annotated[RequestContext[Store], Depends(Authorize(OVERSEE_DELIVERIES))]

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"], responses=PROBLEMS)


@router.get("", openapi_extra=based_on_rule(basis("N2")))
async def list_deliveries(
    context: OverseeDeliveries,
    state: State | Literal["all"] = "failed",
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[DeliveryView]:
    """E-mails by state, without addresses."""
    where = {} if state == "all" else {"state": state}
    found = await context.page(context.store.deliveries, where, limit=limit, after=after)
    return found.map(DeliveryView.model_validate)


@router.post(
    "/{delivery_id}/resend",
    summary="Send a failed e-mail again",
    openapi_extra=based_on_rule(basis("N2")),
)
async def resend_delivery(delivery_id: DeliveryId, context: OverseeDeliveries) -> DeliveryView:
    """Try a parked e-mail again; one that arrived is not sent twice (N2)."""
    command = deliveries.ResendDelivery(delivery_id, context.actor.subject)
    return await context.execute(
        deliveries.resend_delivery, command, prefetch=[("deliveries", delivery_id)], reply=DeliveryView
    )
