"""Routes of sanctions under Art. 31: decision, preview, revocation and the public lists (S1, S3, S4, N4)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chassis.handling import Filter
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Day,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    filter_by,
    located_at,
    refuses,
)
from chassis.security import and_filters
from fastapi import Depends, Query
from messages.values import Prefecture, Uscc
from rulebook import basis, load_rule_sets, shanghai_date, three_years_from

from assessor_quota.api.bodies import DecisionBody, Revocation
from assessor_quota.api.commands import actor_ref, authorize_on, execute
from assessor_quota.api.policies import REVOKE, SANCTION, SANCTIONS
from assessor_quota.api.views import (
    AssessorDetail,
    ItemInUse,
    PublicSanction,
    SanctionPreviewView,
    affiliate,
)
from assessor_quota.domain.sanction import ViolationFinding
from assessor_quota.handlers import lookup, sanctions
from assessor_quota.store import Store

BY_LAST_DAY = (("last_day", 1),)
"""The order of the lists: those that end first come first."""

router = APIRouter(tags=["sanctions"], responses=PROBLEMS)

Sanction = Annotated[RequestContext[Store], Depends(Authorize(SANCTION))]
Revoke = Annotated[RequestContext[Store], Depends(Authorize(REVOKE))]
ListSanctions = Annotated[RequestContext[Store], Depends(Authorize(SANCTIONS))]


@router.post(
    "/assessors/{uscc}/sanctions",
    summary="Decide a sanction",
    openapi_extra=based_on_rule(basis("S1")) | located_at("/v1/assessors/{uscc}/sanctions"),
    status_code=201,
    responses=refuses("decision-refused"),
)
async def decide_sanction(
    uscc: Uscc,
    body: DecisionBody,
    context: Sanction,
    *,
    dry_run: Annotated[bool, Query(description="Show what the decision would reach; nothing is recorded")] = False,
) -> AssessorDetail | SanctionPreviewView:
    await authorize_on(context, uscc)
    command = _sanction_command(uscc, body, context)
    if dry_run:
        context.response.status_code = 200
        return await _preview(command, context)
    return await execute(context, sanctions.sanction_assessor, command, uscc)


@router.post(
    "/assessors/{uscc}/sanctions/revocation",
    summary="Revoke a sanction",
    openapi_extra=based_on_rule(basis("S4")),
    responses=refuses("revocation-refused"),
)
async def revoke_sanction(
    uscc: Uscc,
    body: Revocation,
    context: Revoke,
) -> AssessorDetail:
    await authorize_on(context, uscc)
    day = body.revoked_on or shanghai_date(context.now)
    command = sanctions.RevokeSanction(uscc, body.document_number, day, actor_ref(context), body.decision)
    return await execute(context, sanctions.revoke_sanction, command, uscc)


@router.get("/assessors/{uscc}/sanctions", summary="List the sanctions of an assessor")
async def list_assessor_sanctions(
    uscc: Uscc,
    context: ListSanctions,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[PublicSanction]:
    """Every decision against one assessor, the revoked ones as well (S4)."""
    await lookup.find_assessor(uscc, context.store)
    return await _page(context, {"assessor.uscc": uscc}, limit, after)


@router.get("/sanctions", summary="List the sanctions in force on a day")
async def list_sanctions_in_force(
    context: ListSanctions,
    on: Annotated[Day | None, Query(description="Today when absent")] = None,
    prefecture: Annotated[Prefecture | None, Query(description="Of assessors that work there")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[PublicSanction]:
    """The sanctions in force on a day."""
    where = and_filters(in_force(on or shanghai_date(context.now)), filter_by(prefectures=prefecture))
    return await _page(context, where, limit, after)


def in_force(day: date) -> Filter:
    """Return the filter of the decisions in force on ``day``: begun, not over, and not revoked by then (S1, S4)."""
    longest = max(rules.sanction.years for rules in load_rule_sets().all)
    ended_later = {"$gte": day, "$lte": three_years_from(day, longest)}
    return {"last_day": ended_later, "sanction.ban.first_day": {"$lte": day}}


def _sanction_command(uscc: str, body: DecisionBody, context: RequestContext[Store]) -> sanctions.SanctionAssessor:
    findings = tuple(ViolationFinding(each.text, each.evidence) for each in body.reasons)
    return sanctions.SanctionAssessor(uscc, body.document_number, body.decided_on, findings, actor_ref(context))


async def _preview(command: sanctions.SanctionAssessor, context: RequestContext[Store]) -> SanctionPreviewView:
    found = await sanctions.preview_sanction(command, context.store, context.now)
    today = shanghai_date(context.now)
    return SanctionPreviewView(
        decision=PublicSanction.model_validate(found.decision),
        items=tuple(ItemInUse.model_validate(each) for each in found.items),
        affiliates=tuple(affiliate(each, today) for each in found.affiliates),
    )


async def _page(context: RequestContext[Store], where: Filter, limit: int, after: str | None) -> Page[PublicSanction]:
    found = await context.page(context.store.sanctions, where, BY_LAST_DAY, limit, after)
    return found.map(PublicSanction.model_validate)
