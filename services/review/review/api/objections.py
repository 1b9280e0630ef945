"""Objections to a public notice: lodged by verified persons, received and decided by the region (V9, V18)."""

from __future__ import annotations

from typing import Annotated

from chassis.handling import Refusal
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
    filter_by,
    located_at,
    refuses,
)
from fastapi import Depends
from messages.entries import OneLine, OptionalParagraphs, Paragraphs, enter_optional_text
from messages.values import Identifier
from pydantic import AfterValidator, Field
from rulebook import basis

from review.api.commands import actor_of
from review.api.policies import DECIDE_OBJECTION, LODGE_OBJECTION, READ_OBJECTION, LodgedObjection
from review.domain.objection import Objection, ObjectionState
from review.domain.record import ActorRef
from review.handlers import objections
from review.store import Store


class ObjectionBody(Body):
    case_id: Identifier
    facts: Annotated[str, Field(max_length=10_000), AfterValidator(enter_optional_text)]
    name: Annotated[OneLine, Field(max_length=200)]
    contact: Annotated[OneLine, Field(max_length=200)]


class ReceiptBody(Body):
    received: bool
    text: OptionalParagraphs = ""
    """Why it is not received."""


class ResolutionBody(Body):
    upheld: bool
    text: Paragraphs


router = APIRouter(prefix="/notices/{notice_id}/objections", tags=["objections"], responses=PROBLEMS)
LodgeObjection = Annotated[RequestContext[Store], Depends(Authorize(LODGE_OBJECTION))]
ReadObjection = Annotated[RequestContext[Store], Depends(Authorize(READ_OBJECTION))]
DecideObjection = Annotated[RequestContext[Store], Depends(Authorize(DECIDE_OBJECTION))]


@router.post(
    "",
    summary="Lodge an objection",
    openapi_extra=based_on_rule(basis("V9")) | located_at("/v1/notices/{notice_id}/objections"),
    status_code=201,
    max_body_size=64 * 1024,
    responses=refuses("notice-ended", "not-in-notice", "objection-open"),
)
async def lodge_objection(notice_id: Key, body: ObjectionBody, context: LodgeObjection) -> objections.ObjectionReceipt:
    """One of a person against a case at a time; it holds nothing up until the region has received it."""
    admitted = await context.authorize(None, stated=True)
    by = ActorRef(context.actor.subject, admitted.by.role)
    new = context.new_id("obj-", notice_id)
    command = objections.LodgeObjection(new, notice_id, body.case_id, body.facts, body.name, body.contact, by)
    reads = [("notices", notice_id), ("cases", body.case_id), ("open_objections", command.place)]
    return await context.execute(objections.lodge_objection, command, prefetch=reads, reply=objections.ObjectionReceipt)


@router.get("", summary="List the objections to a notice")
async def list_objections(
    notice_id: Key,
    context: DecideObjection,
    state: ObjectionState | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[Objection]:
    where = filter_by(notice_id=notice_id, state=state)
    return await context.page(context.store.objections, where, limit=limit, after=after)


@router.get("/{objection_id}", summary="Show an objection")
async def get_objection(notice_id: Key, objection_id: Key, context: ReadObjection) -> Objection:
    """For the region, and for the person who lodged it."""
    found = await context.store.objections.require(objection_id)
    await context.authorize(found)
    if found.notice_id != notice_id:
        raise Refusal("not-found", status=404)
    return found


@router.post(
    "/{objection_id}/receipt",
    summary="Receive an objection or not",
    openapi_extra=based_on_rule(basis("V18")),
    responses=refuses("receipt-decided", "wrong-state") | refuses("own-objection", status=403),
)
async def decide_receipt(
    notice_id: Key, objection_id: Key, body: ReceiptBody, context: DecideObjection
) -> objections.ObjectionReceipt:
    """From its receipt on the case waits for the decision; not to receive it needs reasons."""
    by = await _deciding_on(context, objection_id)
    command = objections.DecideReceipt(notice_id, objection_id, body.received, body.text, by)
    reads = [("objections", objection_id)]
    return await context.execute(objections.decide_receipt, command, prefetch=reads, reply=objections.ObjectionReceipt)


@router.post(
    "/{objection_id}/resolution",
    summary="Resolve an objection",
    openapi_extra=based_on_rule(basis("V9")),
    responses=refuses("objection-not-received", "objection-resolved") | refuses("own-objection", status=403),
)
async def resolve_objection(
    notice_id: Key, objection_id: Key, body: ResolutionBody, context: DecideObjection
) -> objections.ObjectionReceipt:
    by = await _deciding_on(context, objection_id)
    command = objections.ResolveObjection(notice_id, objection_id, body.upheld, body.text, by)
    reads = [("notices", notice_id), ("objections", objection_id)]
    return await context.execute(
        objections.resolve_objection, command, prefetch=reads, reply=objections.ObjectionReceipt
    )


async def _deciding_on(context: RequestContext[Store], objection_id: str) -> ActorRef:
    """Return who decides on the objection; refuse who lodged it or takes part in its case in a role apart (V18, P3)."""
    objection = await context.store.objections.require(objection_id)
    case = await context.store.cases.require(objection.case_id)
    return await actor_of(context, LodgedObjection(objection, case), case)
