"""Experts and their conflicts of interest (V5)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    DEFAULT_LIMIT,
    IF_MATCH,
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
    located_at,
)
from fastapi import Depends
from messages.entries import EnteredUscc, Line, Name, Paragraphs
from messages.values import Identifier
from pydantic import Field
from rulebook import basis

from review.api.commands import actor_of
from review.api.policies import DECLARE_CONFLICT, READ_EXPERTS, REGISTER_EXPERTS, ExpertEntry
from review.domain.expert import EarlierEvaluation, Expert
from review.handlers import panel
from review.store import Store

MAX_ENTRIES = 200


class EvaluatedBody(Body):
    uscc: EnteredUscc
    year: Annotated[int, Field(ge=2000, le=2200)]


class ExpertBody(Body):
    expert_id: Identifier
    employer: Line
    """USCC or name of the organisation the expert works for."""
    groups: Annotated[tuple[Name, ...], Field(max_length=200)] = ()
    evaluated: Annotated[tuple[EvaluatedBody, ...], Field(max_length=200)] = ()
    """Added to the earlier ones; none is ever removed."""


class ConflictBody(Body):
    """Names the other party: by code, by name, or by both."""

    uscc: EnteredUscc | None = None
    """Of the unit or the assessor."""
    name: Line | None = None
    """Of the unit, the assessor or the group."""
    text: Paragraphs


router = APIRouter(prefix="/experts", tags=["experts"], responses=PROBLEMS)
RegisterExperts = Annotated[RequestContext[Store], Depends(Authorize(REGISTER_EXPERTS))]
ReadExperts = Annotated[RequestContext[Store], Depends(Authorize(READ_EXPERTS))]
DeclareConflict = Annotated[RequestContext[Store], Depends(Authorize(DECLARE_CONFLICT))]


@router.post(
    "",
    summary="Register an expert",
    openapi_extra=based_on_rule(basis("V5")) | IF_MATCH | located_at("/v1/experts/{expert_id}"),
    status_code=201,
)
async def register_expert(body: ExpertBody, context: RegisterExperts) -> Expert:
    """Registering again updates the entry; a seat that the expert may not hold any more passes on."""
    evaluated = tuple(EarlierEvaluation(each.uscc, each.year) for each in body.evaluated)
    by = await actor_of(context, ExpertEntry(body.expert_id))
    command = panel.RegisterExpert(body.expert_id, body.employer, body.groups, evaluated, by, context.if_match())
    reads = [("experts", body.expert_id)]
    return await context.execute(panel.register_expert, command, prefetch=reads, reply=Expert)


@router.get("", summary="List experts")
async def list_experts(
    context: ReadExperts,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[Expert]:
    return await context.page(context.store.experts, context.filter(), limit=limit, after=after)


@router.get("/{expert_id}", summary="Show an expert")
async def get_expert(
    expert_id: Key,
    context: ReadExperts,
) -> Expert:
    store = context.store
    expert = await store.experts.require(expert_id)
    await context.authorize(expert)
    context.set_etag(store.experts.version(expert_id))
    return expert


@router.post(
    "/{expert_id}/conflicts", summary="Declare a conflict of interest", openapi_extra=based_on_rule(basis("V5"))
)
async def declare_conflict(expert_id: Key, body: ConflictBody, context: DeclareConflict) -> Expert:
    """Store the declaration: seats on cases of the unit, assessor or group pass on; a score already made is flagged."""
    by = await actor_of(context, await context.store.experts.require(expert_id))
    command = panel.DeclareConflict(expert_id, body.uscc or "", body.text, by, body.name or "")
    return await context.execute(panel.declare_conflict, command, prefetch=[("experts", expert_id)], reply=Expert)
