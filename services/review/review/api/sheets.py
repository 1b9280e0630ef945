"""Score sheets, the decision on one that deviates and the findings on site (V6, V7)."""

from decimal import Decimal
from typing import Annotated

from chassis.handling import Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, RequestContext, refuses
from chassis.http.problems import based_on_rule
from fastapi import APIRouter, Depends
from messages.values import IndicatorValue
from pydantic import Field
from rulebook import basis

from review.api.commands import acting_on, actor_of
from review.api.policies import DECIDE_DEVIATION, READ_SHEET, SCORE, VISIT, PanelSeat
from review.api.views import Body, SheetView
from review.domain.case import ScoreSheet
from review.domain.scoring import Decision
from review.domain.site import Findings
from review.handlers.ports import Receipt
from review.handlers.scoring import (
    DecideDeviation,
    FillScoreSheet,
    RecordSiteVisit,
    decide_deviation,
    fill_score_sheet,
    record_site_visit,
)
from review.store import Store

Words = Annotated[str, Field(max_length=2000)]


class SheetBody(Body):
    values: dict[str, Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20)]]
    mandatory_items: dict[str, bool]
    """Mandatory item → whether it is met."""
    site_visit_wanted: bool = False
    sign: bool = False
    """False saves a draft; a signature is given once."""


class DeviationBody(Body):
    decision: Decision
    text: Words


class SiteBody(Body):
    changed: tuple[IndicatorValue, ...] = ()
    findings: Annotated[Words, Field(pattern=r"\S")]
    reasons: Words = ""


def router() -> APIRouter:
    routes = APIRouter(prefix="/cases/{case_id}", tags=["scoring"], responses=PROBLEMS)

    @routes.put(
        "/score-sheets/{expert}",
        summary="Fill and sign a score sheet",
        openapi_extra=based_on_rule(basis("V6")),
        responses=refuses("wrong-state", "sheet-signed", "case-suspended") | refuses("not-on-panel", status=403),
    )
    async def fill(
        case_id: str,
        expert: str,
        body: SheetBody,
        call: Annotated[RequestContext[Store], Depends(Authorize(SCORE))],
    ) -> Receipt:
        by = await actor_of(call, SCORE, PanelSeat(expert))
        sheet = ScoreSheet(expert, body.values, body.mandatory_items, body.site_visit_wanted)
        return await call.execute(fill_score_sheet, FillScoreSheet(case_id, sheet, body.sign, by), reply=Receipt)

    @routes.get("/score-sheets/{expert}", summary="Show a score sheet")
    async def sheet(
        case_id: str, expert: str, call: Annotated[RequestContext[Store], Depends(Authorize(READ_SHEET))]
    ) -> SheetView:
        await call.authorize(PanelSeat(expert))
        case = await call.store.cases.require(case_id)
        if (found := case.sheet_of(expert)) is None:
            raise Refusal("not-found", status=404)
        return SheetView.model_validate(found)

    @routes.post(
        "/chair-decision",
        summary="Decide on a deviating sheet",
        openapi_extra=based_on_rule(basis("V6")),
        responses=refuses("wrong-state", "no-deviation", "case-suspended") | refuses("not-the-decider", status=403),
    )
    async def decide(
        case_id: str,
        body: DeviationBody,
        call: Annotated[RequestContext[Store], Depends(Authorize(DECIDE_DEVIATION))],
    ) -> Receipt:
        """The score stands although an expert's lies far from it, or the sheets go back.

        The chair's word; where the chair's own sheet deviates, that of a member whose sheet does not, or the region's.
        """
        _, by = await acting_on(call, DECIDE_DEVIATION, case_id)
        command = DecideDeviation(case_id, body.decision, body.text, by)
        return await call.execute(decide_deviation, command, reply=Receipt)

    @routes.post(
        "/site-verification",
        summary="Record a site verification",
        openapi_extra=based_on_rule(basis("V7")),
        responses=refuses("wrong-state", "case-suspended"),
    )
    async def visit(
        case_id: str, body: SiteBody, call: Annotated[RequestContext[Store], Depends(Authorize(VISIT))]
    ) -> Receipt:
        _, by = await acting_on(call, VISIT, case_id)
        findings = Findings(body.changed, body.findings, body.reasons)
        return await call.execute(record_site_visit, RecordSiteVisit(case_id, findings, by), reply=Receipt)

    return routes
