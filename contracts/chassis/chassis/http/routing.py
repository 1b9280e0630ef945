"""Routes that decide who asks before they read what is asked, and that say where what they made can be read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import fastapi
import orjson
from fastapi import HTTPException, Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from chassis.handling import Refusal
from chassis.http.admission import caller_of
from chassis.http.body_room import BodyRoom
from chassis.http.endpoint import Authorize, address_of
from chassis.http.idempotency import COMMAND_METHODS
from chassis.http.parameters import query_parameters, refuse_unknown_parameters
from chassis.security.policies import ANONYMOUS

LOCATION = "x-location"

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
        known = query_parameters(self.dependant, self.openapi_extra)
        location = (self.openapi_extra or {}).get(LOCATION)
        reads_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)

        async def authorize_and_answer(request: Request) -> Response:
            actor = ANONYMOUS
            if authorize is not None:
                actor = await authorize.admit(request)
                refuse_unknown_parameters(request, known)
            if not reads_json:
                return _located(location, request, await answer(request))
            room: BodyRoom = request.app.state.bodies
            with room.hold(address_of(request) if actor is ANONYMOUS else actor.subject) as take:
                caller_of(request.scope).count_body(take)
                await _refuse_too_many_values(request.body)
                return _located(location, request, await answer(request))

        return authorize_and_answer


class APIRouter(fastapi.APIRouter):  # noqa: TID251 - the one that it extends
    """FastAPI's router with authorized routes; every service uses this one."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - FastAPI's own options
        super().__init__(route_class=AuthorizedRoute, **options)


def located_at(template: str) -> dict[str, Any]:
    """Return ``openapi_extra`` of a route that answers 201: the address where what it made can be read.

    Names in braces stand for fields of the answer and parts of the route's own address; a field of a field is
    ``{act[notice_id]}``.
    """
    return {LOCATION: template}


def _located(template: str | None, request: Request, answered: Response) -> Response:
    """Return the answer, with the address of what was made."""
    if template is not None and answered.status_code == HTTPStatus.CREATED:
        answered.headers["Location"] = _address(template, request, answered)
    return answered


def _address(template: str, request: Request, made: Response) -> str:
    return template.format_map(_quoted({**request.path_params, **orjson.loads(made.body)}))


def _quoted(parts: Mapping[str, object]) -> dict[str, object]:
    """Return the parts as an address writes them, with the fields of those that have some."""
    return {
        name: _quoted(value) if isinstance(value, Mapping) else quote(str(value), safe="")
        for name, value in parts.items()
    }


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
