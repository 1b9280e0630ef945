"""Announced lists for everyone: one by one, as a feed, as files, with the check of their chain (L5)."""

from __future__ import annotations

from typing import Annotated, Literal

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    Authorize,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    file_response,
    file_responses,
    filter_by,
)
from fastapi import APIRouter, Depends, Path, Query, Response
from rulebook import basis
from starlette.concurrency import run_in_threadpool

from registry.api import export
from registry.api.policies import LEVEL, READ_REGISTER
from registry.api.views import ListFeed, ListView, full_list_view, list_view
from registry.domain.chain import ChainCheck, verify
from registry.domain.list_summary import summary_of
from registry.domain.lists import ListState, announcement_of
from registry.handlers.correcting import require_announced_list
from registry.store import Store

ReadRegister = Annotated[RequestContext[Store], Depends(Authorize(READ_REGISTER))]
ListNumber = Annotated[int, Path(ge=1)]
ANNOUNCED = {"level": LEVEL, "state": ListState.ANNOUNCED}
BY_NUMBER = (("announcement.number", 1),)

router = APIRouter(prefix="/v1/lists", tags=["lists"], responses=PROBLEMS)


@router.get("", openapi_extra=based_on_rule(basis("L5")))
async def list_announced_lists(
    context: ReadRegister,
    year: int | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[ListView]:
    """Announced lists without their lines, newest first."""
    where = ANNOUNCED | filter_by(year=year)
    found = await context.page(context.store.lists, where, (("announcement.number", -1),), limit, after)
    return found.map(lambda each: list_view(summary_of(each)))


@router.get("/feed", summary="Follow the announced lists", openapi_extra=based_on_rule(basis("L5")))
async def get_list_feed(
    context: ReadRegister, after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> ListFeed:
    """Announced lists with their lines, from the one after number ``after`` on."""
    where = ANNOUNCED | {"announcement.number": {"$gt": after}}
    found = await context.store.lists.find(where, sort=BY_NUMBER, limit=limit)
    last = announcement_of(found[-1]).number if found else after
    return ListFeed(items=tuple(map(full_list_view, found)), after=last)


@router.get("/chain", openapi_extra=based_on_rule(basis("L5")))
async def verify_chain(context: ReadRegister) -> ChainCheck:
    """Compute every digest again from the first list on and say whether the chain holds."""
    return verify(await context.store.lists.find(ANNOUNCED, sort=BY_NUMBER))


@router.get("/{number}", summary="Show an announced list", openapi_extra=based_on_rule(basis("L5")))
async def get_announced_list(number: ListNumber, context: ReadRegister) -> ListView:
    one = await require_announced_list(LEVEL, number, context.store)
    context.response.headers["ETag"] = f'"{announcement_of(one).digest}"'
    return full_list_view(one)


@router.get(
    "/{number}/export",
    response_class=Response,
    openapi_extra=based_on_rule(basis("L5")),
    responses=file_responses(*export.MEDIA_TYPES.values()),
)
async def export_announced_list(
    number: ListNumber, context: ReadRegister, format: Literal["xlsx", "csv"] = "xlsx"
) -> Response:
    """The list as a workbook, or as CSV in UTF-8 with a byte order mark."""
    one = await require_announced_list(LEVEL, number, context.store)
    content = await run_in_threadpool(export.WRITERS[format], one)
    name = f"{export.title_of(one)}.{format}"
    return file_response(content, export.MEDIA_TYPES[format], name, ascii_name=f"list-{number}.{format}")
