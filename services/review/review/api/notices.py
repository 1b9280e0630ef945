"""Public notices: shown to everybody, concluded by the region (V9, V10)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Key,
    Limit,
    Page,
    Prefer,
    RequestContext,
    Year,
    based_on_rule,
    filter_by,
    refuses,
)
from fastapi import Depends
from rulebook import basis

from review.api.acts import under_way, wait_for_act
from review.api.batches import NoticeResult, notice_result
from review.api.commands import acting_on_batch
from review.api.policies import PUBLISH_NOTICE, READ_NOTICE
from review.api.views import NoticeEntry, NoticeLineView
from review.domain.notice import PublicNotice
from review.domain.notice_list import LINE_ORDER
from review.handlers import notice
from review.handlers.acts import ActReceipt
from review.store import Store

router = APIRouter(prefix="/notices", tags=["notices"], responses=PROBLEMS)
ReadNotice = Annotated[RequestContext[Store], Depends(Authorize(READ_NOTICE))]
PublishNotice = Annotated[RequestContext[Store], Depends(Authorize(PUBLISH_NOTICE))]


@router.get("", summary="List public notices")
async def list_notices(
    context: ReadNotice,
    batch_year: Year | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[NoticeEntry]:
    where = filter_by(batch_year=batch_year)
    return (await context.page(context.store.notices, where, (("opened_on", -1),), limit, after)).map(
        NoticeEntry.model_validate
    )


@router.get("/{notice_id}", summary="Show a public notice")
async def get_notice(notice_id: Key, context: ReadNotice) -> PublicNotice:
    store = context.store
    found = await store.notices.require(notice_id)
    context.set_etag(store.notices.version(notice_id))
    return found


@router.get("/{notice_id}/lines", summary="List the units of a public notice")
async def list_notice_lines(
    notice_id: Key,
    context: ReadNotice,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[NoticeLineView]:
    """By unit type and rank, as the digest of the notice takes them."""
    shown = await context.store.notices.require(notice_id)
    where = {"notice_id": shown.notice_id}
    page = await context.page(context.store.notice_lines, where, LINE_ORDER, limit, after)
    return page.map(NoticeLineView.model_validate)


@router.post(
    "/{notice_id}/conclude",
    summary="Conclude a public notice",
    openapi_extra=based_on_rule(basis("V9")),
    responses=under_way(NoticeResult) | refuses("notice-running", "notice-concluded", "act-under-way"),
)
async def conclude_notice(notice_id: Key, context: PublishNotice, prefer: Prefer = None) -> NoticeResult:
    """Not before the published end is over; the day after, a job does it."""
    running = await context.store.notices.require(notice_id)
    by = await acting_on_batch(context, running.level, running.batch_year)
    command = notice.ConcludeNotice(context.new_id("act-", notice_id), notice_id, by)
    begun = await context.execute(notice.conclude_notice, command, reply=ActReceipt)
    return notice_result(await wait_for_act(context, begun.act_id, prefer, done=200))
