"""Sanctions under Art. 31 over HTTP: decided, tried, revoked, and shown to everyone (S1, S3, S4, N4)."""

from datetime import date
from typing import Annotated

from chassis.security.policies import both
from chassis.handling import Where
from chassis.http.endpoint import PROBLEMS, Call, Gate, Limit, Page, refuses
from chassis.http.pagination import USUAL
from chassis.http.problems import rests_on
from fastapi import APIRouter, Depends, Query, Response
from messages.values import Prefecture, Uscc
from rulebook import basis, shanghai_date

from assessor_quota import handlers
from assessor_quota.api.bodies import DecisionBody, Revocation
from assessor_quota.api.commands import by, tagged
from assessor_quota.api.policies import REVOKE, SANCTION, SANCTIONS
from assessor_quota.api.views import AssessorDetail, ItemInUse, Kept, PublicSanction, SanctionPreview, sister
from assessor_quota.domain.sanction import Finding
from assessor_quota.store import Store


def router(gate: Gate) -> APIRouter:
    routes = APIRouter(tags=["sanctions"], responses=PROBLEMS)
    _deciding(routes, gate)
    _showing(routes, gate)
    return routes


def _deciding(routes: APIRouter, gate: Gate) -> None:
    @routes.post(
        "/assessors/{uscc}/sanctions",
        summary="Decide a sanction",
        openapi_extra=rests_on(basis("S1")),
        status_code=201,
        responses=refuses("decision-refused"),
    )
    async def decide(
        uscc: Uscc,
        body: DecisionBody,
        call: Annotated[Call, Depends(gate.call(SANCTION))],
        response: Response,
        *,
        dry_run: Annotated[bool, Query(description="Show what the decision would reach; nothing is recorded")] = False,
    ) -> AssessorDetail | SanctionPreview:
        command = _decision(uscc, body, call)
        if dry_run:
            response.status_code = 200
            return await _preview(command, call)
        return tagged(await call.perform(handlers.sanction_assessor, command, Store, reply=Kept), response)

    @routes.post(
        "/assessors/{uscc}/sanctions/revocation",
        summary="Revoke a sanction",
        openapi_extra=rests_on(basis("S4")),
        responses=refuses("revocation-refused"),
    )
    async def revoke(
        uscc: Uscc, body: Revocation, call: Annotated[Call, Depends(gate.call(REVOKE))], response: Response
    ) -> AssessorDetail:
        day = body.revoked_on or shanghai_date(call.now)
        command = handlers.RevokeSanction(uscc, body.document_number, day, by(call), body.decision)
        return tagged(await call.perform(handlers.revoke_sanction, command, Store, reply=Kept), response)


def _showing(routes: APIRouter, gate: Gate) -> None:
    showing = Depends(gate.call(SANCTIONS))

    @routes.get("/assessors/{uscc}/sanctions", summary="List the sanctions of an assessor")
    async def decided(
        uscc: Uscc, call: Annotated[Call, showing], limit: Limit = USUAL, after: str | None = None
    ) -> Page[PublicSanction]:
        """Every decision against one assessor, the revoked ones as well (S4)."""
        store = call.reads(Store)
        await handlers.registered(uscc, store)
        return await _page(call, {"assessor.uscc": uscc}, limit, after)

    @routes.get("/sanctions", summary="List the sanctions in force on a day")
    async def holding(
        call: Annotated[Call, showing],
        on: Annotated[date | None, Query(description="Today when absent")] = None,
        prefecture: Annotated[Prefecture | None, Query(description="Of assessors that work there")] = None,
        limit: Limit = USUAL,
        after: str | None = None,
    ) -> Page[PublicSanction]:
        """The sanctions in force on a day."""
        where = in_force(on or shanghai_date(call.now))
        if prefecture is not None:
            working = await call.reads(Store).assessors.find({"prefectures": prefecture})
            where = both(where, {"assessor.uscc": {"$in": [each.uscc for each in working]}})
        return await _page(call, where, limit, after)


def in_force(day: date) -> Where:
    """The filter of the decisions that hold on ``day``: begun, not over, and not revoked by then (S1, S4)."""
    revoked_later = [{"sanction.revoked_on": None}, {"sanction.revoked_on": {"$gt": day}}]
    return {"sanction.ban.first_day": {"$lte": day}, "sanction.ban.last_day": {"$gte": day}, "$or": revoked_later}


def _decision(uscc: str, body: DecisionBody, call: Call) -> handlers.SanctionAssessor:
    findings = tuple(Finding(each.text, each.evidence) for each in body.reasons)
    return handlers.SanctionAssessor(uscc, body.document_number, body.decided_on, findings, by(call))


async def _preview(command: handlers.SanctionAssessor, call: Call) -> SanctionPreview:
    found = await handlers.preview_sanction(command, call.reads(Store), call.now)
    today = shanghai_date(call.now)
    return SanctionPreview(
        decision=PublicSanction.model_validate(found.decision),
        items=tuple(ItemInUse.model_validate(each) for each in found.items),
        sisters=tuple(sister(each, today) for each in found.sisters),
    )


async def _page(call: Call, where: Where, limit: int, after: str | None) -> Page[PublicSanction]:
    found = await call.page(call.reads(Store).sanctions, where, limit=limit, after=after)
    return Page(items=[PublicSanction.model_validate(each) for each in found.items], next=found.next)
