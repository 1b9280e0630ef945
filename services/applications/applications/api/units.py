"""Where an organisation belongs over HTTP: shown to whom it concerns, changed by the region when it has moved (V1)."""

from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext, refuses
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends
from messages.values import Prefecture, Uscc
from rulebook import basis

from applications import handlers
from applications.api.bodies import Body, Line
from applications.api.policies import MOVE_UNIT, READ_UNIT
from applications.api.views import UnitView
from applications.store import Store


class MoveBody(Body):
    prefecture: Prefecture
    document_number: Line


def router() -> APIRouter:
    routes = APIRouter(prefix="/units/{uscc}", tags=["units"], responses=PROBLEMS)

    @routes.get("", summary="Show where a unit applies")
    async def one(uscc: Uscc, call: Annotated[RequestContext[Store], Depends(Authorize(READ_UNIT))]) -> UnitView:
        found = await call.store.standings.require(uscc)
        await call.authorize(found)
        return UnitView.model_validate(found)

    @routes.post(
        "/moves",
        summary="Move a unit to another prefecture",
        status_code=201,
        openapi_extra=based_on_rule(basis("V1")),
        responses=refuses("nothing-to-move"),
    )
    async def move(
        uscc: Uscc, body: MoveBody, call: Annotated[RequestContext[Store], Depends(Authorize(MOVE_UNIT))]
    ) -> UnitView:
        """Its next applications go there; what is under way goes on where it was submitted."""
        command = handlers.MoveUnit(uscc, body.prefecture, body.document_number)
        return await call.execute(handlers.move_unit, command, resource=command, reply=UnitView)

    return routes
