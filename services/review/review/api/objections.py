"""Objections to a public notice: lodged by anybody with name and contact, seen and decided by the region (V9)."""

from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends
from messages.values import Identifier, Text
from pydantic import Field
from rulebook import basis

from review.api.commands import actor_of
from review.api.policies import DECIDE_OBJECTION, OBJECT
from review.api.views import Body
from review.domain.notice import Objection
from review.handlers.notice import (
    LodgeObjection,
    ObjectionReceipt,
    ResolveObjection,
    lodge_objection,
    resolve_objection,
)
from review.store import Store

Words = Annotated[str, Field(max_length=10_000)]


class ObjectionBody(Body):
    case_id: Identifier
    facts: Words
    name: Annotated[str, Field(max_length=200)]
    contact: Annotated[str, Field(max_length=200)]


class ResolutionBody(Body):
    upheld: bool
    text: Text


def router() -> APIRouter:
    routes = APIRouter(prefix="/notices/{notice_id}/objections", tags=["objections"], responses=PROBLEMS)
    deciding = Depends(Authorize(DECIDE_OBJECTION))

    @routes.post(
        "",
        summary="Lodge an objection",
        openapi_extra=based_on_rule(basis("V9")),
        status_code=201,
        responses=refuses("notice-ended", "not-in-notice"),
    )
    async def lodge(
        notice_id: str, body: ObjectionBody, call: Annotated[RequestContext[Store], Depends(Authorize(OBJECT))]
    ) -> ObjectionReceipt:
        by = await actor_of(call, OBJECT, None)
        new = call.new_id("obj-", notice_id)
        command = LodgeObjection(new, notice_id, body.case_id, body.facts, body.name, body.contact, by)
        return await call.execute(lodge_objection, command, reply=ObjectionReceipt)

    @routes.get("", summary="List the objections to a notice")
    async def listed(
        notice_id: str,
        call: Annotated[RequestContext[Store], deciding],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[Objection]:
        return await call.page(call.store.objections, {"notice_id": notice_id}, limit=limit, after=after)

    @routes.post(
        "/{objection_id}/resolution",
        summary="Resolve an objection",
        openapi_extra=based_on_rule(basis("V9")),
        responses=refuses("objection-resolved"),
    )
    async def resolve(
        notice_id: str, objection_id: str, body: ResolutionBody, call: Annotated[RequestContext[Store], deciding]
    ) -> ObjectionReceipt:
        by = await actor_of(call, DECIDE_OBJECTION, None)
        command = ResolveObjection(notice_id, objection_id, body.upheld, body.text, by)
        return await call.execute(resolve_objection, command, reply=ObjectionReceipt)

    return routes
