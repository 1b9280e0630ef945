"""The regional department makes the year's list: look, close, announce, correct."""

from typing import Annotated

from chassis.http.endpoint import Authorize, RequestContext, refuses
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends, Path
from rulebook import basis

from registry.api.policies import LEVEL, MAKE
from registry.api.views import AnnounceBody, CloseBody, CorrectBody, ListView, full_list_view, list_view
from registry.domain.refusals import ListSummary
from registry.handlers.announcing import AnnounceList, announce_list
from registry.handlers.closing import CloseList, close_list, draft_list
from registry.handlers.correcting import CorrectList, correct_list
from registry.store import Store

Year = Annotated[int, Path(ge=2024, le=2100)]
Number = Annotated[int, Path(ge=1)]


def add_routes(routes: APIRouter) -> None:
    Making = Annotated[RequestContext[Store], Depends(Authorize(MAKE))]  # noqa: N806 - a type, made for this gate

    @routes.get("/lists/{year}/draft", tags=["making lists"], openapi_extra=based_on_rule(basis("L1")))
    async def show_draft(year: Year, call: Making) -> ListView:
        """What closing would make now, with what is held back and why; or the closed list that waits."""
        return await _draft(call, year)

    @routes.post(
        "/lists/{year}/close",
        summary="Close the list of a year",
        openapi_extra=based_on_rule(basis("L2")),
        tags=["making lists"],
        responses=refuses("nothing-to-list"),
    )
    async def close(year: Year, call: Making, body: CloseBody | None = None) -> ListView:
        """Freeze the lines after the check of bans, sanctions and titles of this day (L2)."""
        if body is not None and body.dry_run:
            return await _draft(call, year)
        reply = await call.execute(close_list, CloseList(LEVEL, year), reply=ListSummary)
        return list_view(reply, for_office=True)

    @routes.post(
        "/lists/{year}/announce",
        summary="Announce the closed list",
        openapi_extra=based_on_rule(basis("L3")),
        tags=["making lists"],
        responses=refuses("nothing-to-announce", "list-no-longer-holds", "document-number-used"),
    )
    async def announce(year: Year, body: AnnounceBody, call: Making) -> ListView:
        """Announce the closed list: as a whole, and once however often it is asked (L3)."""
        command = AnnounceList(LEVEL, year, body.document_number, body.list_id)
        return list_view(await call.execute(announce_list, command, reply=ListSummary), for_office=True)

    @routes.post(
        "/lists/{number}/corrections",
        summary="Correct an announced list",
        openapi_extra=based_on_rule(basis("L4")),
        tags=["making lists"],
        status_code=201,
        responses=refuses("list-awaits-announcement") | refuses("line-unknown", status=422),
    )
    async def correct(number: Number, body: CorrectBody, call: Making) -> ListView:
        """Make the list that puts right names printed in an announced one; it is then announced like any other (L4)."""
        command = CorrectList(LEVEL, number, body.names, body.why)
        return list_view(await call.execute(correct_list, command, reply=ListSummary), for_office=True)


async def _draft(call: RequestContext[Store], year: int) -> ListView:
    return full_list_view(await draft_list(CloseList(LEVEL, year), call.store, call.now), for_office=True)
