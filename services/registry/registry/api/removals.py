"""Removals, which the regional department records, and the check for a running ban, open to everyone (Art. 24, 25)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

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
    Year,
    based_on_rule,
    filter_by,
    located_at,
    refuses,
)
from fastapi import Depends, Path, Query
from messages.entries import EnteredUscc
from rulebook import basis, shanghai_date

from registry.api.bodies import RemovalBody
from registry.api.policies import LEVEL, READ_REGISTER, REMOVE_UNITS
from registry.api.views import BanCheck, BanView, RemovalView, removal_view
from registry.domain.bans import BanRecord, bans_on, barred_until
from registry.domain.removals import Removal, RemovalDecision
from registry.handlers import removals
from registry.handlers.list_acts import chain_head_of
from registry.store import Store

ReadRegister = Annotated[RequestContext[Store], Depends(Authorize(READ_REGISTER))]
RemoveUnits = Annotated[RequestContext[Store], Depends(Authorize(REMOVE_UNITS))]

router = APIRouter(prefix="/v1", tags=["removals"], responses=PROBLEMS)


@router.post(
    "/removals",
    summary="Record a removal",
    openapi_extra=based_on_rule(basis("L1")) | located_at("/v1/removals/{removal_id}"),
    status_code=201,
    responses=refuses("document-number-used", "no-title-held")
    | refuses("decided-in-the-future", "no-rule-set", status=422),
)
async def record_removal(body: RemovalBody, context: RemoveUnits) -> RemovalView:
    """Record a decision: D5 takes effect at once, others with the list of their year or, where it is out, now."""
    command = RemovalDecision(body.unit, body.ground, body.document_number, body.decided_on, body.levels, body.historic)
    return await _shown(
        await context.execute(removals.record_removal, command, resource=command, reply=Removal), context
    )


@router.get("/removals", openapi_extra=based_on_rule(basis("L1")))
async def list_removals(
    context: RemoveUnits,
    year: Year | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[RemovalView]:
    """Recorded decisions, the latest first."""
    found = await context.page(context.store.removals, filter_by(year=year), (("decided_on", -1),), limit, after)
    last_number = (await chain_head_of(LEVEL, context.store)).last_number
    return found.map(lambda each: removal_view(each, last_number))


@router.get("/removals/{removal_id}", openapi_extra=based_on_rule(basis("L1")))
async def get_removal(removal_id: Annotated[str, Path(max_length=40)], context: RemoveUnits) -> RemovalView:
    return await _shown(await context.store.removals.require(removal_id), context)


@router.get("/bans", openapi_extra=based_on_rule(basis("B1")))
async def check_ban(
    context: ReadRegister, uscc: Annotated[EnteredUscc, Query()], on: Annotated[Day | None, Query()] = None
) -> BanCheck:
    """Whether the organisation is barred on a day, today when none is named, until when and by which decisions.

    A mistyped code is refused: it would be told free.
    """
    await context.check_entries({"uscc": uscc})
    store = context.store
    last_number = (await chain_head_of(LEVEL, store)).last_number
    record = await store.ban_records.get(uscc) or BanRecord(uscc)
    return _ban_check(record, on or shanghai_date(context.now), last_number)


async def _shown(removal: Removal, context: RequestContext[Store]) -> RemovalView:
    return removal_view(removal, (await chain_head_of(LEVEL, context.store)).last_number)


def _ban_check(record: BanRecord, day: date, last_number: int) -> BanCheck:
    running = bans_on(record, day, last_number)
    shown = tuple(map(BanView.model_validate, running))
    return BanCheck(uscc=record.uscc, on=day, barred=bool(running), until=barred_until(running), bans=shown)
