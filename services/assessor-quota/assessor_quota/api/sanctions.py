"""Sanctions under Art. 31 over HTTP: decided, tried, revoked, and shown to everyone (S1, S3, S4, N4)."""

from datetime import date
from typing import Annotated

from chassis.handling import Filter
from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from chassis.security.policies import and_filters
from fastapi import APIRouter, Depends, Query
from messages.values import Prefecture, Uscc
from rulebook import basis, shanghai_date

from assessor_quota import handlers
from assessor_quota.api.bodies import DecisionBody, Revocation
from assessor_quota.api.commands import by, tagged
from assessor_quota.api.policies import REVOKE, SANCTION, SANCTIONS
from assessor_quota.api.views import AssessorDetail, ItemInUse, Kept, PublicSanction, SanctionPreview, sister
from assessor_quota.domain.sanction import ViolationFinding
from assessor_quota.store import Store


def router() -> APIRouter:
    routes = APIRouter(tags=["sanctions"], responses=PROBLEMS)
    _deciding(routes)
    _showing(routes)
    return routes


def _deciding(routes: APIRouter) -> None:
    @routes.post(
        "/assessors/{uscc}/sanctions",
        summary="Decide a sanction",
        openapi_extra=based_on_rule(basis("S1")),
        status_code=201,
        responses=refuses("decision-refused"),
    )
    async def decide(
        uscc: Uscc,
        body: DecisionBody,
        call: Annotated[RequestContext[Store], Depends(Authorize(SANCTION))],
        *,
        dry_run: Annotated[bool, Query(description="Show what the decision would reach; nothing is recorded")] = False,
    ) -> AssessorDetail | SanctionPreview:
        command = _decision(uscc, body, call)
        if dry_run:
            call.response.status_code = 200
            return await _preview(command, call)
        return tagged(call, await call.execute(handlers.sanction_assessor, command, reply=Kept))

    @routes.post(
        "/assessors/{uscc}/sanctions/revocation",
        summary="Revoke a sanction",
        openapi_extra=based_on_rule(basis("S4")),
        responses=refuses("revocation-refused"),
    )
    async def revoke(
        uscc: Uscc,
        body: Revocation,
        call: Annotated[RequestContext[Store], Depends(Authorize(REVOKE))],
    ) -> AssessorDetail:
        day = body.revoked_on or shanghai_date(call.now)
        command = handlers.RevokeSanction(uscc, body.document_number, day, by(call), body.decision)
        return tagged(call, await call.execute(handlers.revoke_sanction, command, reply=Kept))


def _showing(routes: APIRouter) -> None:
    showing = Depends(Authorize(SANCTIONS))

    @routes.get("/assessors/{uscc}/sanctions", summary="List the sanctions of an assessor")
    async def decided(
        uscc: Uscc,
        call: Annotated[RequestContext[Store], showing],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[PublicSanction]:
        """Every decision against one assessor, the revoked ones as well (S4)."""
        store = call.store
        await handlers.find_assessor(uscc, store)
        return await _page(call, {"assessor.uscc": uscc}, limit, after)

    @routes.get("/sanctions", summary="List the sanctions in force on a day")
    async def holding(
        call: Annotated[RequestContext[Store], showing],
        on: Annotated[date | None, Query(description="Today when absent")] = None,
        prefecture: Annotated[Prefecture | None, Query(description="Of assessors that work there")] = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[PublicSanction]:
        """The sanctions in force on a day."""
        where = in_force(on or shanghai_date(call.now))
        if prefecture is not None:
            working = await call.store.assessors.find({"prefectures": prefecture})
            where = and_filters(where, {"assessor.uscc": {"$in": [each.uscc for each in working]}})
        return await _page(call, where, limit, after)


def in_force(day: date) -> Filter:
    """The filter of the decisions that hold on ``day``: begun, not over, and not revoked by then (S1, S4)."""
    revoked_later = [{"sanction.revoked_on": None}, {"sanction.revoked_on": {"$gt": day}}]
    return {"sanction.ban.first_day": {"$lte": day}, "sanction.ban.last_day": {"$gte": day}, "$or": revoked_later}


def _decision(uscc: str, body: DecisionBody, call: RequestContext[Store]) -> handlers.SanctionAssessor:
    findings = tuple(ViolationFinding(each.text, each.evidence) for each in body.reasons)
    return handlers.SanctionAssessor(uscc, body.document_number, body.decided_on, findings, by(call))


async def _preview(command: handlers.SanctionAssessor, call: RequestContext[Store]) -> SanctionPreview:
    found = await handlers.preview_sanction(command, call.store, call.now)
    today = shanghai_date(call.now)
    return SanctionPreview(
        decision=PublicSanction.model_validate(found.decision),
        items=tuple(ItemInUse.model_validate(each) for each in found.items),
        sisters=tuple(sister(each, today) for each in found.sisters),
    )


async def _page(call: RequestContext[Store], where: Filter, limit: int, after: str | None) -> Page[PublicSanction]:
    found = await call.page(call.store.sanctions, where, limit=limit, after=after)
    return Page(items=[PublicSanction.model_validate(each) for each in found.items], next=found.next)
