"""Making of the year's list by the regional department: draft, close, announce, correct."""

from __future__ import annotations

from typing import Annotated, Any

from chassis.handling import Refusal
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    Cursor,
    Limit,
    Page,
    Prefer,
    RequestContext,
    based_on_rule,
    located_at,
    refuses,
)
from fastapi import Depends, Path, Response
from messages.entries import DocumentNumber, Name, Paragraphs
from messages.values import Identifier
from pydantic import Field
from rulebook import basis

from registry.api.list_views import (
    ActView,
    DraftView,
    HeldBackView,
    LineView,
    ListView,
    held_back_view,
    line_view,
    list_view,
)
from registry.api.matters import announced_list, list_of_year
from registry.api.policies import LEVEL, MAKE_LISTS
from registry.api.waiting import outcome_of
from registry.domain.list_acts import ActRef
from registry.domain.lists import AnnualList
from registry.handlers import announcing, closing, correcting, drafting
from registry.handlers.list_acts import lists_of
from registry.store import Store

MakeLists = Annotated[RequestContext[Store], Depends(Authorize(MAKE_LISTS))]
Year = Annotated[int, Path(ge=2024, le=2100)]
ListNumber = Annotated[int, Path(ge=1, le=1_000_000)]
ActId = Annotated[str, Path(max_length=60)]
GOES_ON: dict[int | str, dict[str, Any]] = {
    202: {"model": ActView, "description": "The act goes on; its address is in `Location`"}
}

router = APIRouter(prefix="/v1/lists", tags=["list management"], responses=PROBLEMS)


class AnnounceBody(Body):
    document_number: DocumentNumber
    list_id: Identifier | None = None
    """The list that is meant, as closing named it; left out, the one that waits."""


class CorrectBody(Body):
    names: Annotated[dict[Identifier, Name], Field(min_length=1, max_length=correcting.MAX_NAMES)]
    """Source of the line → the name as it should have been printed."""
    why: Paragraphs


@router.get("/{year}/draft", openapi_extra=based_on_rule(basis("L1")), responses=refuses("list-act-under-way"))
async def get_draft_list(
    year: Year, context: MakeLists, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> DraftView:
    """A page of the list that closing would make now, with each case held back and why."""
    draft = await drafting.draft_page(closing.CloseList(LEVEL, year), context.store, context.now, after, limit)
    return DraftView.model_validate(draft)


@router.get("/{year}/closed", summary="Show the closed list", openapi_extra=based_on_rule(basis("L2")))
async def get_closed_list(year: Year, context: MakeLists) -> ListView:
    """The list that is closed and waits for its announcement."""
    return list_view(await _closed_list(year, context), for_office=True)


@router.get(
    "/{year}/closed/lines", summary="Show the lines of the closed list", openapi_extra=based_on_rule(basis("L2"))
)
async def list_closed_lines(
    year: Year, context: MakeLists, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[LineView]:
    where = {"edition": (await _closed_list(year, context)).edition}
    found = await context.page(context.store.list_lines, where, (("number", 1),), limit, after)
    return found.map(line_view)


@router.post(
    "/{year}/close",
    summary="Close the list of a year",
    openapi_extra=based_on_rule(basis("L2")),
    response_model=ListView,
    responses=refuses("nothing-to-list", "list-act-under-way") | GOES_ON,
)
async def close_list(year: Year, context: MakeLists, prefer: Prefer = None) -> ListView | Response:
    """Freeze the lines after the check of bans, sanctions and titles of this day (L2)."""
    await context.authorize(await list_of_year(year, context))
    command = closing.CloseList(LEVEL, year)
    return await outcome_of(await context.execute(closing.begin_closing, command, reply=ActRef), context, prefer)


@router.post(
    "/{year}/announce",
    summary="Announce the closed list",
    openapi_extra=based_on_rule(basis("L3")),
    response_model=ListView,
    responses=refuses("nothing-to-announce", "list-no-longer-holds", "document-number-used", "list-act-under-way")
    | GOES_ON,
)
async def announce_list(
    year: Year, body: AnnounceBody, context: MakeLists, prefer: Prefer = None
) -> ListView | Response:
    """Announce the closed list: as a whole, and once however often it is requested (L3)."""
    await context.authorize(await list_of_year(year, context))
    command = announcing.AnnounceList(LEVEL, year, body.document_number, body.list_id)
    return await outcome_of(await context.execute(announcing.begin_announcing, command, reply=ActRef), context, prefer)


@router.get("/{year}/acts", summary="List the acts of a year", openapi_extra=based_on_rule(basis("L3")))
async def list_acts(
    year: Year, context: MakeLists, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[ActView]:
    """Closings and announcements, under way and past."""
    found = await context.page(context.store.list_acts, {"level": LEVEL, "year": year}, limit=limit, after=after)
    return found.map(ActView.model_validate)


@router.get("/acts/{act_id}", summary="Show an act and its progress", openapi_extra=based_on_rule(basis("L3")))
async def get_act(act_id: ActId, context: MakeLists) -> ActView:
    return ActView.model_validate(await context.store.list_acts.require(act_id))


@router.get(
    "/acts/{act_id}/held-back", summary="Show the cases an act held back", openapi_extra=based_on_rule(basis("L2"))
)
async def list_held_back(
    act_id: ActId, context: MakeLists, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[HeldBackView]:
    """Cases that a closing held back, or that no longer held when the list was to be announced, each with why."""
    where = {"act_id": (await context.store.list_acts.require(act_id)).act_id}
    found = await context.page(context.store.held_back_lines, where, (("number", 1),), limit, after)
    return found.map(held_back_view)


@router.post(
    "/{number}/corrections",
    summary="Correct an announced list",
    openapi_extra=based_on_rule(basis("L4")) | located_at("/v1/lists/{year}/closed"),
    status_code=201,
    responses=refuses("list-awaits-announcement", "list-act-under-way") | refuses("line-unknown", status=422),
)
async def correct_list(number: ListNumber, body: CorrectBody, context: MakeLists) -> ListView:
    """Make the list that puts right names printed in an announced one; it is then announced like any other (L4)."""
    await context.authorize(await announced_list(number, context))
    command = correcting.CorrectList(LEVEL, number, body.names, body.why)
    return list_view(await context.execute(correcting.correct_list, command, reply=AnnualList), for_office=True)


async def _closed_list(year: int, context: RequestContext[Store]) -> AnnualList:
    pending = (await lists_of(LEVEL, year, context.store)).pending
    if pending is None:
        raise Refusal("not-found", status=404)
    return pending
