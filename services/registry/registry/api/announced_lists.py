"""Everyone reads the announced lists: one by one, as a feed, as files, and verifies their chain (L5)."""

from typing import Annotated, Literal
from urllib.parse import quote

from chassis.http.endpoint import Authorize, Limit, Page, RequestContext
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends, Path, Query, Response
from rulebook import basis
from starlette.concurrency import run_in_threadpool

from registry.api import export
from registry.api.policies import LEVEL, READ
from registry.api.views import Feed, ListView, full_list_view, list_view
from registry.domain.chain import ChainCheck, verify
from registry.domain.lists import ListState, announcement_of
from registry.domain.refusals import overview
from registry.handlers.correcting import numbered
from registry.store import Store

Number = Annotated[int, Path(ge=1)]
ANNOUNCED = {"level": LEVEL, "state": ListState.ANNOUNCED}
IN_ORDER = (("announcement.number", 1),)


def add_routes(routes: APIRouter) -> None:
    Reading = Annotated[RequestContext[Store], Depends(Authorize(READ))]  # noqa: N806 - a type, made for this gate

    @routes.get("/lists", tags=["lists"], openapi_extra=based_on_rule(basis("L5")))
    async def list_announced(
        call: Reading,
        year: int | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[ListView]:
        """Announced lists without their lines, newest first."""
        where = ANNOUNCED | ({} if year is None else {"year": year})
        found = await call.page(call.store.lists, where, (("announcement.number", -1),), limit, after)
        return Page(items=[list_view(overview(each)) for each in found.items], next=found.next)

    @routes.get(
        "/lists/feed", summary="Follow the announced lists", tags=["lists"], openapi_extra=based_on_rule(basis("L5"))
    )
    async def feed(
        call: Reading, after: Annotated[int, Query(ge=0)] = 0, limit: Annotated[int, Query(ge=1, le=50)] = 10
    ) -> Feed:
        """Announced lists with their lines, from the one after number ``after`` on."""
        where = ANNOUNCED | {"announcement.number": {"$gt": after}}
        found = await call.store.lists.find(where, sort=IN_ORDER, limit=limit)
        return Feed(
            items=tuple(map(full_list_view, found)), after=announcement_of(found[-1]).number if found else after
        )

    @routes.get("/lists/chain", tags=["lists"], openapi_extra=based_on_rule(basis("L5")))
    async def verify_chain(call: Reading) -> ChainCheck:
        """Compute every digest again from the first list on and say whether the chain holds."""
        return verify(await call.store.lists.find(ANNOUNCED, sort=IN_ORDER))

    @routes.get(
        "/lists/{number}", summary="Show an announced list", tags=["lists"], openapi_extra=based_on_rule(basis("L5"))
    )
    async def show(number: Number, call: Reading, response: Response) -> ListView:
        one = await numbered(LEVEL, number, call.store)
        response.headers["ETag"] = f'"{announcement_of(one).digest}"'
        return full_list_view(one)

    @routes.get(
        "/lists/{number}/export", tags=["lists"], response_class=Response, openapi_extra=based_on_rule(basis("L5"))
    )
    async def export_list(number: Number, call: Reading, format: Literal["xlsx", "csv"] = "xlsx") -> Response:
        """The list as a workbook, or as CSV in UTF-8 with a byte order mark."""
        one = await numbered(LEVEL, number, call.store)
        content = await run_in_threadpool(export.WRITERS[format], one)
        name = quote(f"{export.title(one)}.{format}")
        return Response(
            content,
            media_type=export.MEDIA_TYPES[format],
            headers={
                "Content-Disposition": f"attachment; filename=\"list-{number}.{format}\"; filename*=UTF-8''{name}"
            },
        )
