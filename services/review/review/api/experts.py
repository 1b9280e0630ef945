"""Experts and the panels they sit on (V5)."""

from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Body, Depends
from messages.values import Identifier, Level, Text, Uscc
from pydantic import Field
from rulebook import basis

from review.api import views
from review.api.commands import acting_on, actor_of
from review.api.policies import APPOINT, APPOINT_ALL, DECLARE, KEEP_EXPERTS, READ_EXPERTS
from review.domain.expert import Evaluated, Expert
from review.handlers.panel import (
    Appointed,
    Appointments,
    AppointPanel,
    AppointPanels,
    DeclareConflict,
    RegisterExpert,
    appoint_panel,
    appoint_panels,
    declare_conflict,
    register_expert,
)
from review.store import Store


class EvaluatedBody(views.Body):
    uscc: Uscc
    year: Annotated[int, Field(ge=2000, le=2200)]


class ExpertBody(views.Body):
    expert_id: Identifier
    employer: Text
    """USCC or name of the organisation the expert works for."""
    groups: tuple[Text, ...] = ()
    evaluated: tuple[EvaluatedBody, ...] = ()
    """Added to what is known: nothing that was evaluated is forgotten."""


class ConflictBody(views.Body):
    """Of whom it is: by code, by name, or by both."""

    uscc: Uscc | None = None
    """Of the unit or the assessor."""
    name: Text | None = None
    """Of the unit, the assessor or the group."""
    text: Text


class PanelBody(views.Body):
    experts: tuple[Identifier, ...] = ()
    """The chair first; nobody named: drawn."""


def router() -> APIRouter:
    routes = APIRouter(responses=PROBLEMS)
    routes.include_router(_experts())
    routes.include_router(_panels())
    return routes


def _experts() -> APIRouter:
    routes = APIRouter(prefix="/experts", tags=["experts"])

    @routes.post("", summary="Register an expert", openapi_extra=based_on_rule(basis("V5")), status_code=201)
    async def register(
        body: ExpertBody, call: Annotated[RequestContext[Store], Depends(Authorize(KEEP_EXPERTS))]
    ) -> Expert:
        """Registering again brings the entry up to date; a seat that the expert may not hold any more passes on."""
        evaluated = tuple(Evaluated(each.uscc, each.year) for each in body.evaluated)
        by = await actor_of(call, KEEP_EXPERTS, None)
        command = RegisterExpert(body.expert_id, body.employer, body.groups, evaluated, by)
        return await call.execute(register_expert, command, reply=Expert)

    @routes.get("", summary="List experts")
    async def listed(
        call: Annotated[RequestContext[Store], Depends(Authorize(READ_EXPERTS))],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[Expert]:
        return await call.page(call.store.experts, call.filter(), limit=limit, after=after)

    @routes.get("/{expert_id}", summary="Show an expert")
    async def one(
        expert_id: str,
        call: Annotated[RequestContext[Store], Depends(Authorize(READ_EXPERTS))],
    ) -> Expert:
        store = call.store
        expert = await store.experts.require(expert_id)
        await call.authorize(expert)
        call.set_etag(store.experts.version(expert_id))
        return expert

    @routes.post(
        "/{expert_id}/conflicts", summary="Declare a conflict of interest", openapi_extra=based_on_rule(basis("V5"))
    )
    async def declare(
        expert_id: str, body: ConflictBody, call: Annotated[RequestContext[Store], Depends(Authorize(DECLARE))]
    ) -> Expert:
        """Always kept: seats on cases of the unit, assessor or group pass on; a score already made is flagged."""
        by = await actor_of(call, DECLARE, await call.store.experts.require(expert_id))
        command = DeclareConflict(expert_id, body.uscc or "", body.text, by, body.name or "")
        return await call.execute(declare_conflict, command, reply=Expert)

    return routes


def _panels() -> APIRouter:
    routes = APIRouter(tags=["panels"])

    @routes.post(
        "/cases/{case_id}/panel",
        summary="Appoint the panel of a case",
        openapi_extra=based_on_rule(basis("V5")),
        responses=refuses("wrong-state", "experts-too-few", "case-suspended", "level-not-reviewed"),
    )
    async def appoint(
        case_id: str,
        call: Annotated[RequestContext[Store], Depends(Authorize(APPOINT))],
        body: Annotated[PanelBody | None, Body()] = None,
    ) -> Appointed:
        _, by = await acting_on(call, APPOINT, case_id)
        command = AppointPanel(case_id, body.experts if body else (), by)
        return await call.execute(appoint_panel, command, reply=Appointed)

    @routes.post(
        "/batches/{year}/panels",
        summary="Appoint the panels of a batch",
        openapi_extra=based_on_rule(basis("V5")),
        responses=refuses("level-not-reviewed"),
    )
    async def appoint_all(
        year: int,
        call: Annotated[RequestContext[Store], Depends(Authorize(APPOINT_ALL))],
        level: Level = Level.REGION,
    ) -> Appointments:
        """Every forwarded case of the batch that has no panel yet."""
        command = AppointPanels(level, year, await actor_of(call, APPOINT_ALL, None))
        return await call.execute(appoint_panels, command, reply=Appointments)

    return routes
