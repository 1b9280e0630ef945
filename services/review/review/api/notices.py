"""Public notices: shown to everybody, concluded by the region (V9, V10)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    Authorize,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    filter_by,
    refuses,
)
from fastapi import APIRouter, Depends
from rulebook import basis

from review.api.commands import actor_of
from review.api.policies import PUBLISH_NOTICE, READ_NOTICE
from review.api.views import NoticeEntry
from review.domain.notice import PublicNotice
from review.handlers import notice
from review.store import Store

router = APIRouter(prefix="/notices", tags=["notices"], responses=PROBLEMS)
ReadNotice = Annotated[RequestContext[Store], Depends(Authorize(READ_NOTICE))]
PublishNotice = Annotated[RequestContext[Store], Depends(Authorize(PUBLISH_NOTICE))]


@router.get("", summary="List public notices")
async def list_notices(
    context: ReadNotice,
    batch_year: int | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[NoticeEntry]:
    where = filter_by(batch_year=batch_year)
    return (await context.page(context.store.notices, where, (("opened_on", -1),), limit, after)).map(
        NoticeEntry.model_validate
    )


@router.get("/{notice_id}", summary="Show a public notice")
async def get_notice(notice_id: str, context: ReadNotice) -> PublicNotice:
    store = context.store
    found = await store.notices.require(notice_id)
    context.set_etag(store.notices.version(notice_id))
    return found


@router.post(
    "/{notice_id}/conclude",
    summary="Conclude a public notice",
    openapi_extra=based_on_rule(basis("V9")),
    responses=refuses("notice-running", "notice-concluded"),
)
async def conclude_notice(notice_id: str, context: PublishNotice) -> PublicNotice:
    """Not before the published end is over; the day after, a job does it."""
    command = notice.ConcludeNotice(notice_id, await actor_of(context, PUBLISH_NOTICE, None))
    return await context.execute(notice.conclude_notice, command, reply=PublicNotice)
