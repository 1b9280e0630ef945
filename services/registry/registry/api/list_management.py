"""Making of the year's list by the regional department: draft, close, announce, correct."""

from __future__ import annotations

from typing import Annotated

from chassis.http import PROBLEMS, Authorize, Body, RequestContext, based_on_rule, refuses
from fastapi import APIRouter, Depends, Path
from messages.values import Identifier, Text
from pydantic import Field, StringConstraints
from rulebook import basis

from registry.api.bodies import DocumentNumber
from registry.api.policies import LEVEL, MAKE_LISTS
from registry.api.views import ListView, full_list_view, list_view
from registry.domain.list_summary import ListSummary
from registry.handlers import announcing, closing, correcting
from registry.store import Store

MakeLists = Annotated[RequestContext[Store], Depends(Authorize(MAKE_LISTS))]
Year = Annotated[int, Path(ge=2024, le=2100)]
ListNumber = Annotated[int, Path(ge=1)]
UnitName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

router = APIRouter(prefix="/v1/lists", tags=["list management"], responses=PROBLEMS)


class CloseBody(Body):
    dry_run: bool = False
    """Show the list that closing would make, and change nothing."""


class AnnounceBody(Body):
    document_number: DocumentNumber
    list_id: Identifier | None = None
    """The list that is meant, as closing named it; left out, the one that waits."""


class CorrectBody(Body):
    names: Annotated[dict[str, UnitName], Field(min_length=1)]
    """Source of the line → the name as it should have been printed."""
    why: Text


@router.get("/{year}/draft", openapi_extra=based_on_rule(basis("L1")))
async def get_draft_list(year: Year, context: MakeLists) -> ListView:
    """The list that closing would make now, with each case held back and why; or the closed list that waits."""
    return await _draft(context, year)


@router.post(
    "/{year}/close",
    summary="Close the list of a year",
    openapi_extra=based_on_rule(basis("L2")),
    responses=refuses("nothing-to-list"),
)
async def close_list(year: Year, context: MakeLists, body: CloseBody | None = None) -> ListView:
    """Freeze the lines after the check of bans, sanctions and titles of this day (L2)."""
    if body is not None and body.dry_run:
        return await _draft(context, year)
    reply = await context.execute(closing.close_list, closing.CloseList(LEVEL, year), reply=ListSummary)
    return list_view(reply, for_office=True)


@router.post(
    "/{year}/announce",
    summary="Announce the closed list",
    openapi_extra=based_on_rule(basis("L3")),
    responses=refuses("nothing-to-announce", "list-no-longer-holds", "document-number-used"),
)
async def announce_list(year: Year, body: AnnounceBody, context: MakeLists) -> ListView:
    """Announce the closed list: as a whole, and once however often it is requested (L3)."""
    command = announcing.AnnounceList(LEVEL, year, body.document_number, body.list_id)
    return list_view(await context.execute(announcing.announce_list, command, reply=ListSummary), for_office=True)


@router.post(
    "/{number}/corrections",
    summary="Correct an announced list",
    openapi_extra=based_on_rule(basis("L4")),
    status_code=201,
    responses=refuses("list-awaits-announcement") | refuses("line-unknown", status=422),
)
async def correct_list(number: ListNumber, body: CorrectBody, context: MakeLists) -> ListView:
    """Make the list that puts right names printed in an announced one; it is then announced like any other (L4)."""
    command = correcting.CorrectList(LEVEL, number, body.names, body.why)
    return list_view(await context.execute(correcting.correct_list, command, reply=ListSummary), for_office=True)


async def _draft(context: RequestContext[Store], year: int) -> ListView:
    draft = await closing.draft_list(closing.CloseList(LEVEL, year), context.store, context.now)
    return full_list_view(draft, for_office=True)
