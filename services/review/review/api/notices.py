"""Public notices: shown to everybody, concluded by the region (V9, V10)."""

from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends
from rulebook import basis

from review.api.commands import actor_of
from review.api.policies import PUBLISH, READ_NOTICE
from review.api.views import NoticeEntry
from review.domain.notice import PublicNotice
from review.handlers.notice import ConcludeNotice, conclude_notice
from review.store import Store


def router() -> APIRouter:
    routes = APIRouter(prefix="/notices", tags=["notices"], responses=PROBLEMS)
    reading = Depends(Authorize(READ_NOTICE))

    @routes.get("", summary="List public notices")
    async def listed(
        call: Annotated[RequestContext[Store], reading],
        batch_year: int | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[NoticeEntry]:
        where = {} if batch_year is None else {"batch_year": batch_year}
        found = await call.page(call.store.notices, where, (("opened_on", -1),), limit, after)
        return Page(items=[NoticeEntry.model_validate(each) for each in found.items], next=found.next)

    @routes.get("/{notice_id}", summary="Show a public notice")
    async def one(notice_id: str, call: Annotated[RequestContext[Store], reading]) -> PublicNotice:
        store = call.store
        notice = await store.notices.require(notice_id)
        call.set_etag(store.notices.version(notice_id))
        return notice

    @routes.post(
        "/{notice_id}/conclude",
        summary="Conclude a public notice",
        openapi_extra=based_on_rule(basis("V9")),
        responses=refuses("notice-running", "notice-concluded"),
    )
    async def conclude(
        notice_id: str, call: Annotated[RequestContext[Store], Depends(Authorize(PUBLISH))]
    ) -> PublicNotice:
        """Not before the published end is over; the day after, a job does it."""
        command = ConcludeNotice(notice_id, await actor_of(call, PUBLISH, None))
        return await call.execute(conclude_notice, command, reply=PublicNotice)

    return routes
