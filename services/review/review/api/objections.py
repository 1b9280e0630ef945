"""Objections to a public notice: lodged by anybody with name and contact, seen and decided by the region (V9)."""

from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Call, Gate, Limit, Page, refuses
from chassis.http.pagination import USUAL
from chassis.http.problems import rests_on
from fastapi import APIRouter, Depends
from messages.values import Identifier, Text
from pydantic import Field
from rulebook import basis

from review.api.commands import acting
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


def router(gate: Gate) -> APIRouter:
    routes = APIRouter(prefix="/notices/{notice_id}/objections", tags=["objections"], responses=PROBLEMS)
    deciding = Depends(gate.call(DECIDE_OBJECTION))

    @routes.post(
        "",
        summary="Lodge an objection",
        openapi_extra=rests_on(basis("V9")),
        status_code=201,
        responses=refuses("notice-ended", "not-in-notice"),
    )
    async def lodge(
        notice_id: str, body: ObjectionBody, call: Annotated[Call, Depends(gate.call(OBJECT))]
    ) -> ObjectionReceipt:
        by = await acting(call, OBJECT, None)
        new = call.new_id("obj-", notice_id)
        command = LodgeObjection(new, notice_id, body.case_id, body.facts, body.name, body.contact, by)
        return await call.perform(lodge_objection, command, Store, reply=ObjectionReceipt)

    @routes.get("", summary="List the objections to a notice")
    async def listed(
        notice_id: str,
        call: Annotated[Call, deciding],
        limit: Limit = USUAL,
        after: str | None = None,
    ) -> Page[Objection]:
        return await call.page(call.reads(Store).objections, {"notice_id": notice_id}, limit=limit, after=after)

    @routes.post(
        "/{objection_id}/resolution",
        summary="Resolve an objection",
        openapi_extra=rests_on(basis("V9")),
        responses=refuses("objection-resolved"),
    )
    async def resolve(
        notice_id: str, objection_id: str, body: ResolutionBody, call: Annotated[Call, deciding]
    ) -> ObjectionReceipt:
        by = await acting(call, DECIDE_OBJECTION, None)
        command = ResolveObjection(notice_id, objection_id, body.upheld, body.text, by)
        return await call.perform(resolve_objection, command, Store, reply=ObjectionReceipt)

    return routes
