"""Score sheets, the decision on one that deviates and the findings on site (V6, V7)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from chassis.handling import Refusal
from chassis.http import PROBLEMS, APIRouter, Authorize, Body, Key, RequestContext, based_on_rule, refuses
from fastapi import Depends
from messages.entries import EnteredIndicator
from messages.values import Identifier
from pydantic import Field
from rulebook import basis

from review.api.bodies import ShortText
from review.api.commands import act_on_case, acting_on, actor_of
from review.api.policies import DECIDE_DEVIATION, FILL_SHEET, READ_SHEET, RECORD_VISIT, PanelSeat
from review.api.views import SheetView
from review.domain.case import ScoreSheet
from review.domain.scoring import DeviationDecision
from review.domain.site import Findings
from review.handlers import scoring
from review.handlers.transitions import Receipt
from review.store import Store

MAX_ITEMS = 500
Points = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20)]


class SheetBody(Body):
    values: Annotated[
        dict[Identifier, Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20)]], Field(max_length=500)
    ]
    mandatory_items: Annotated[dict[Identifier, bool], Field(max_length=MAX_ITEMS)]
    """Mandatory item → whether it is met."""
    site_visit_wanted: bool = False
    sign: bool = False
    """False saves a draft; a signature is given once."""


class DeviationBody(Body):
    decision: DeviationDecision
    text: ShortText


class SiteBody(Body):
    changed: Annotated[tuple[EnteredIndicator, ...], Field(max_length=MAX_ITEMS)] = ()
    findings: Annotated[ShortText, Field(pattern=r"\S")]
    reasons: ShortText = ""


router = APIRouter(prefix="/cases/{case_id}", tags=["scoring"], responses=PROBLEMS)
FillSheet = Annotated[RequestContext[Store], Depends(Authorize(FILL_SHEET))]
ReadSheet = Annotated[RequestContext[Store], Depends(Authorize(READ_SHEET))]
DecideDeviation = Annotated[RequestContext[Store], Depends(Authorize(DECIDE_DEVIATION))]
RecordVisit = Annotated[RequestContext[Store], Depends(Authorize(RECORD_VISIT))]


@router.put(
    "/score-sheets/{expert}",
    summary="Fill and sign a score sheet",
    openapi_extra=based_on_rule(basis("V6")),
    responses=refuses("wrong-state", "sheet-signed", "case-suspended") | refuses("not-on-panel", status=403),
)
async def fill_score_sheet(
    case_id: Key,
    expert: Key,
    body: SheetBody,
    context: FillSheet,
) -> Receipt:
    case = await context.store.cases.require(case_id)
    by = await actor_of(context, PanelSeat(expert, case), case)
    sheet = ScoreSheet(expert, body.values, body.mandatory_items, body.site_visit_wanted)
    command = scoring.FillScoreSheet(case_id, sheet, body.sign, by)
    return await act_on_case(context, scoring.fill_score_sheet, command, Receipt)


@router.get("/score-sheets/{expert}", summary="Show a score sheet")
async def get_score_sheet(case_id: Key, expert: Key, context: ReadSheet) -> SheetView:
    """Only the expert sees a sheet that is not signed."""
    case = await context.store.cases.require(case_id)
    by = await actor_of(context, PanelSeat(expert, case))
    found = case.sheet_of(expert)
    if found is None or not (found.signed or by.subject == expert):
        raise Refusal("not-found", status=404)
    return SheetView.model_validate(found)


@router.post(
    "/deviation-decision",
    summary="Decide on a deviating sheet",
    openapi_extra=based_on_rule(basis("V6")),
    responses=refuses("wrong-state", "no-deviation", "case-suspended") | refuses("not-the-decider", status=403),
)
async def decide_deviation(
    case_id: Key,
    body: DeviationBody,
    context: DecideDeviation,
) -> Receipt:
    """Confirm the score although an expert's lies far from it, or return the sheets.

    The chair decides; where the chair's own sheet deviates, a member whose sheet does not, or the region.
    """
    _, by = await acting_on(context, case_id)
    command = scoring.DecideDeviation(case_id, body.decision, body.text, by)
    return await act_on_case(context, scoring.decide_deviation, command, Receipt)


@router.post(
    "/site-verification",
    summary="Record a site verification",
    openapi_extra=based_on_rule(basis("V7")),
    responses=refuses("wrong-state", "case-suspended"),
)
async def record_site_visit(case_id: Key, body: SiteBody, context: RecordVisit) -> Receipt:
    _, by = await acting_on(context, case_id)
    findings = Findings(body.changed, body.findings, body.reasons)
    command = scoring.RecordSiteVisit(case_id, findings, by)
    return await act_on_case(context, scoring.record_site_visit, command, Receipt)
