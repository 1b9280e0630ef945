"""Units and their prefectures over HTTP: read by those concerned, changed by the region after a move (V1)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import PROBLEMS, APIRouter, Authorize, Body, RequestContext, based_on_rule, located_at, refuses
from fastapi import Depends
from messages.entries import DocumentNumber
from messages.values import Prefecture, Uscc
from rulebook import basis

from applications.api.policies import MOVE_UNIT, READ_UNIT
from applications.api.views import UnitView
from applications.handlers import records
from applications.store import Store

router = APIRouter(prefix="/units/{uscc}", tags=["units"], responses=PROBLEMS)
ReadUnits = Annotated[RequestContext[Store], Depends(Authorize(READ_UNIT))]
MoveUnits = Annotated[RequestContext[Store], Depends(Authorize(MOVE_UNIT))]


class MoveBody(Body):
    prefecture: Prefecture
    document_number: DocumentNumber


@router.get("", summary="Show where a unit applies")
async def get_unit(uscc: Uscc, context: ReadUnits) -> UnitView:
    found = await context.store.standings.require(uscc)
    await context.authorize(found)
    return UnitView.model_validate(found)


@router.post(
    "/moves",
    summary="Move a unit to another prefecture",
    status_code=201,
    openapi_extra=based_on_rule(basis("V1")) | located_at("/v1/units/{uscc}"),
    responses=refuses("nothing-to-move"),
)
async def move_unit(uscc: Uscc, body: MoveBody, context: MoveUnits) -> UnitView:
    """Its next applications go there; what is under way goes on where it was submitted."""
    command = records.MoveUnit(uscc, body.prefecture, body.document_number)
    return await context.execute(
        records.move_unit, command, resource=command, prefetch=[("standings", uscc)], reply=UnitView
    )
