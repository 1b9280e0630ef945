"""Routes that decide who asks before they read what is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from http import HTTPStatus
from typing import Any

import fastapi
from fastapi import HTTPException, Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from chassis.handling import Refusal
from chassis.http.admission import caller_of
from chassis.http.body_room import BodyRoom
from chassis.http.endpoint import Authorize, address_of
from chassis.http.idempotency import COMMAND_METHODS
from chassis.security.policies import ANONYMOUS

MAX_VALUES = 8_000
"""Values in a JSON body, counted by its commas and brackets: to read and refuse one by one what a megabyte can hold
would block the process for seconds. The largest body in use, an evaluation report, has two thirds of this."""
_SEPARATORS = (b",", b"[", b"{")


class AuthorizedRoute(APIRoute):
    """A route that authorizes before it reads the body: the framework reads and parses it first, for anybody.

    A command is not registered unless its policy says from whom the actor must be apart, or why from nobody (P3).
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        authorize = _authorize_in(self.dependant)
        if not frozenset(COMMAND_METHODS).isdisjoint(self.methods or ()) and (
            authorize is None or authorize.policy.duties is None
        ):
            policy = "no policy" if authorize is None else f"the policy {authorize.policy.name}"
            raise TypeError(f"{self.path}: {policy} does not say from whom the actor must be apart (P3)")
        reads_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)

        async def authorize_and_answer(request: Request) -> Response:
            actor = ANONYMOUS if authorize is None else await authorize.admit(request)
            if not reads_json:
                return await answer(request)
            room: BodyRoom = request.app.state.bodies
            with room.hold(address_of(request) if actor is ANONYMOUS else actor.subject) as take:
                caller_of(request.scope).count_body(take)
                await _refuse_too_many_values(request.body)
                return await answer(request)

        return authorize_and_answer


class APIRouter(fastapi.APIRouter):  # noqa: TID251 - the one that it extends
    """FastAPI's router with authorized routes; every service uses this one."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - FastAPI's own options
        super().__init__(route_class=AuthorizedRoute, **options)


def _authorize_in(dependant: Dependant) -> Authorize | None:
    if isinstance(dependant.call, Authorize):
        return dependant.call
    return next((found for each in dependant.dependencies if (found := _authorize_in(each)) is not None), None)


async def _refuse_too_many_values(read: Callable[[], Awaitable[bytes]]) -> None:
    try:
        body = await read()
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    if sum(map(body.count, _SEPARATORS)) > MAX_VALUES:
        raise Refusal("request-invalid", status=422, title=f"The body holds more than {MAX_VALUES} values")
