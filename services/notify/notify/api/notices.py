"""Notices: the inbox of each reader, and the public board."""

from __future__ import annotations

from typing import Annotated

from chassis.clock import SystemClock
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
)
from chassis.security import and_filters
from fastapi import Depends, Path
from messages.values import Role
from rulebook import basis

from notify.api.policies import READ_BOARD, READ_INBOX
from notify.api.views import NoticeView
from notify.domain.recipients import Recipient
from notify.handlers.notifications import ReadNotice, read_notice
from notify.store import Store

NoticeId = Annotated[str, Path(pattern="^notice-[0-9a-f]{32}$")]
ReadInbox = Annotated[RequestContext[Store], Depends(Authorize(READ_INBOX))]
ReadBoard = Annotated[RequestContext[Store], Depends(Authorize(READ_BOARD))]

NEWEST_FIRST = (("at", -1),)

router = APIRouter(prefix="/v1", responses=PROBLEMS)


@router.get("/inbox", tags=["inbox"], openapi_extra=based_on_rule(basis("N1")))
async def list_own_notices(
    context: ReadInbox, *, unread: bool = False, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[NoticeView]:
    """Own notices, newest first."""
    where = and_filters(context.filter(), {"read_at": None} if unread else {})
    return (await context.page(context.store.notices, where, NEWEST_FIRST, limit, after)).map(NoticeView.model_validate)


@router.post("/inbox/{notice_id}/read", tags=["inbox"], openapi_extra=based_on_rule(basis("N1")))
async def mark_as_read(notice_id: NoticeId, context: ReadInbox) -> NoticeView:
    """Mark as read; a second time changes nothing."""
    await context.authorize(await context.store.notices.require(notice_id))
    command = ReadNotice(notice_id, SystemClock().now())
    return await context.execute(read_notice, command, prefetch=[("notices", notice_id)], reply=NoticeView)


@router.get("/board", tags=["board"], openapi_extra=based_on_rule(basis("N4")))
async def list_public_announcements(
    context: ReadBoard, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[NoticeView]:
    """Everything public: notices, lists, registrations, sanctions, removals (N4); newest first."""
    where = {"reader": Recipient(Role.PUBLIC).key}
    return (await context.page(context.store.notices, where, NEWEST_FIRST, limit, after)).map(NoticeView.model_validate)
