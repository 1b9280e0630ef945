"""Announced lists for everyone: one by one, as a feed, as files, with the check of their chain (L5)."""

from __future__ import annotations

from time import monotonic
from typing import Annotated, Literal

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Contents,
    Cursor,
    Limit,
    Page,
    RequestContext,
    Year,
    based_on_rule,
    contents_of,
    file_responses,
    filter_by,
)
from fastapi import Depends, Path, Query, Response
from pydantic import TypeAdapter
from rulebook import basis

from registry.api import export
from registry.api.list_views import LineView, ListFeed, ListView, line_view, list_view
from registry.api.policies import LEVEL, READ_REGISTER
from registry.domain.chain import ChainCheck
from registry.domain.lists import ListState, announcement_of
from registry.handlers.correcting import require_announced_list
from registry.handlers.reading import pages_of_lines
from registry.handlers.verifying import verify_chain
from registry.store import Store

ReadRegister = Annotated[RequestContext[Store], Depends(Authorize(READ_REGISTER))]


ListNumber = Annotated[int, Path(ge=1, le=1_000_000)]
PublicContents = Annotated[Contents, Depends(contents_of)]
CHAIN_CHECK = TypeAdapter(ChainCheck)
CHECK_KEPT_SECONDS = 60
ANNOUNCED = {"level": LEVEL, "state": ListState.ANNOUNCED}

router = APIRouter(prefix="/v1/lists", tags=["lists"], responses=PROBLEMS)


@router.get("", openapi_extra=based_on_rule(basis("L5")))
async def list_announced_lists(
    context: ReadRegister,
    year: Year | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[ListView]:
    """Announced lists, newest first."""
    where = ANNOUNCED | filter_by(year=year)
    found = await context.page(context.store.lists, where, (("announcement.number", -1),), limit, after)
    return found.map(list_view)


@router.get("/feed", summary="Follow the announced lists", openapi_extra=based_on_rule(basis("L5")))
async def get_list_feed(
    context: ReadRegister,
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> ListFeed:
    """Announced lists from the one after number ``after`` on; the lines of each have a route of their own."""
    where = ANNOUNCED | {"announcement.number": {"$gt": after}}
    found = await context.store.lists.find(where, sort=(("announcement.number", 1),), limit=limit)
    last = announcement_of(found[-1]).number if found else after
    return ListFeed(items=tuple(map(list_view, found)), after=last)


@router.get("/chain", summary="Verify the chain of lists", openapi_extra=based_on_rule(basis("L5")))
async def get_chain(context: ReadRegister, contents: PublicContents) -> ChainCheck:
    """Compute every digest again from the first list on, line by line, and say whether the chain holds.

    Not more than once a minute in each process: everybody may ask, and it reads every line ever announced.
    """

    async def check() -> bytes:
        return CHAIN_CHECK.dump_json(await verify_chain(LEVEL, lambda: context.store))

    minute = int(monotonic() // CHECK_KEPT_SECONDS)
    return CHAIN_CHECK.validate_json(await contents.get(("chain", minute), check))


@router.get("/{number}", summary="Show an announced list", openapi_extra=based_on_rule(basis("L5")))
async def get_announced_list(number: ListNumber, context: ReadRegister) -> ListView:
    one = await require_announced_list(LEVEL, number, context.store)
    context.response.headers["ETag"] = f'"{announcement_of(one).digest}"'
    return list_view(one)


@router.get("/{number}/lines", summary="Show the lines of an announced list", openapi_extra=based_on_rule(basis("L5")))
async def list_lines(
    number: ListNumber, context: ReadRegister, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[LineView]:
    """Lines in the order of print."""
    one = await require_announced_list(LEVEL, number, context.store)
    where = {"edition": one.edition}
    found = await context.page(context.store.list_lines, where, (("number", 1),), limit, after)
    return found.map(line_view)


@router.get(
    "/{number}/export",
    response_class=Response,
    openapi_extra=based_on_rule(basis("L5")),
    responses=file_responses(*export.MEDIA_TYPES.values()),
)
async def export_announced_list(
    number: ListNumber, context: ReadRegister, contents: PublicContents, format: Literal["xlsx", "csv"] = "xlsx"
) -> Response:
    """The list as a workbook, or as CSV in UTF-8 with a byte order mark."""
    one = await require_announced_list(LEVEL, number, context.store)
    return await export.file_of(one, pages_of_lines(one.edition, lambda: context.store), format, contents)
