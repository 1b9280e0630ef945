"""Panels of experts: appointed for one case or for a batch (V5)."""

from __future__ import annotations

from typing import Annotated

from chassis.http import (
    CURSOR_LENGTH,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    Key,
    RequestContext,
    Year,
    based_on_rule,
    refuses,
)
from fastapi import Body as FromBody
from fastapi import Depends, Query
from messages.values import Identifier, Level
from pydantic import Field
from rulebook import basis

from review.api.commands import act_on_case, acting_on, acting_on_batch
from review.api.policies import APPOINT_PANEL, APPOINT_PANELS
from review.handlers import panel
from review.store import Store


class PanelBody(Body):
    experts: Annotated[tuple[Identifier, ...], Field(max_length=50)] = ()
    """The chair first; nobody named: drawn."""


router = APIRouter(tags=["panels"], responses=PROBLEMS)
AppointPanel = Annotated[RequestContext[Store], Depends(Authorize(APPOINT_PANEL))]
AppointPanels = Annotated[RequestContext[Store], Depends(Authorize(APPOINT_PANELS))]


@router.post(
    "/cases/{case_id}/panel",
    summary="Appoint the panel of a case",
    openapi_extra=based_on_rule(basis("V5")),
    responses=refuses("wrong-state", "experts-too-few", "case-suspended", "level-not-reviewed"),
)
async def appoint_panel(
    case_id: Key,
    context: AppointPanel,
    body: Annotated[PanelBody | None, FromBody()] = None,
) -> panel.PanelAppointment:
    _, by = await acting_on(context, case_id)
    experts = body.experts if body else ()
    command = panel.AppointPanel(case_id, experts, by)
    named = [("experts", each) for each in experts]
    return await act_on_case(context, panel.appoint_panel, command, panel.PanelAppointment, named)


@router.post(
    "/batches/{year}/panels",
    summary="Appoint the panels of a batch",
    openapi_extra=based_on_rule(basis("V5")),
    responses=refuses("level-not-reviewed"),
)
async def appoint_panels(
    year: Year,
    context: AppointPanels,
    level: Level = Level.REGION,
    after: Annotated[str, Query(max_length=CURSOR_LENGTH)] = "",
) -> panel.Appointments:
    """Draw panels for the next hundred forwarded cases that have none yet; ask again with ``after`` = ``next``."""
    command = panel.AppointPanels(level, year, await acting_on_batch(context, level, year), after)
    return await context.execute(panel.appoint_panels, command, reply=panel.Appointments)
