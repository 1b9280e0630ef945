"""Objections to a public notice: lodged by anybody with name and contact, seen and decided by the region (V9)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    Cursor,
    Key,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    refuses,
)
from fastapi import Depends
from messages.entries import OneLine, Paragraphs, enter_optional_text
from messages.values import Identifier
from pydantic import AfterValidator, Field
from rulebook import basis

from review.api.commands import actor_of
from review.api.policies import DECIDE_OBJECTION, LODGE_OBJECTION, LodgedObjection
from review.domain.notice import Objection
from review.handlers import notice
from review.store import Store


class ObjectionBody(Body):
    case_id: Identifier
    facts: Annotated[str, Field(max_length=10_000), AfterValidator(enter_optional_text)]
    name: Annotated[OneLine, Field(max_length=200)]
    contact: Annotated[OneLine, Field(max_length=200)]


class ResolutionBody(Body):
    upheld: bool
    text: Paragraphs


router = APIRouter(prefix="/notices/{notice_id}/objections", tags=["objections"], responses=PROBLEMS)
LodgeObjection = Annotated[RequestContext[Store], Depends(Authorize(LODGE_OBJECTION))]
DecideObjection = Annotated[RequestContext[Store], Depends(Authorize(DECIDE_OBJECTION))]


@router.post(
    "",
    summary="Lodge an objection",
    openapi_extra=based_on_rule(basis("V9")),
    status_code=201,
    max_body_size=64 * 1024,
    responses=refuses("notice-ended", "not-in-notice"),
)
async def lodge_objection(notice_id: Key, body: ObjectionBody, context: LodgeObjection) -> notice.ObjectionReceipt:
    by = await actor_of(context, None)
    new = context.new_id("obj-", notice_id)
    command = notice.LodgeObjection(new, notice_id, body.case_id, body.facts, body.name, body.contact, by)
    reads = [("notices", notice_id), ("cases", body.case_id)]
    return await context.execute(notice.lodge_objection, command, prefetch=reads, reply=notice.ObjectionReceipt)


@router.get("", summary="List the objections to a notice")
async def list_objections(
    notice_id: Key,
    context: DecideObjection,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[Objection]:
    return await context.page(context.store.objections, {"notice_id": notice_id}, limit=limit, after=after)


@router.post(
    "/{objection_id}/resolution",
    summary="Resolve an objection",
    openapi_extra=based_on_rule(basis("V9")),
    responses=refuses("objection-resolved"),
)
async def resolve_objection(
    notice_id: Key, objection_id: Key, body: ResolutionBody, context: DecideObjection
) -> notice.ObjectionReceipt:
    objection = await context.store.objections.require(objection_id)
    case = await context.store.cases.require(objection.case_id)
    by = await actor_of(context, LodgedObjection(objection, case), case)
    command = notice.ResolveObjection(notice_id, objection_id, body.upheld, body.text, by)
    reads = [("notices", notice_id), ("objections", objection_id)]
    return await context.execute(notice.resolve_objection, command, prefetch=reads, reply=notice.ObjectionReceipt)
