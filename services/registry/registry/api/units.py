"""The register for everyone, as of any day up to today (R1)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chassis.handling import Filter, Refusal
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    Authorize,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    filter_by,
    refuses,
)
from chassis.security import Allowed, Denied, and_filters
from fastapi import APIRouter, Depends, Path
from messages.values import Level, Prefecture, UnitType, normalized_name
from rulebook import basis, reason, shanghai_date

from registry.api.policies import READ_FLAGS, READ_REGISTER
from registry.api.views import TitleView, UnitView, title_view, unit_view
from registry.domain.register import Listing, RegisteredUnit, unit_on_day
from registry.store import Store

ReadRegister = Annotated[RequestContext[Store], Depends(Authorize(READ_REGISTER))]
UnitKey = Annotated[str, Path(min_length=18, max_length=220)]

router = APIRouter(prefix="/v1/units", tags=["register"], responses=PROBLEMS)


@router.get(
    "",
    openapi_extra=based_on_rule(basis("R1")),
    responses=PROBLEMS | refuses("flagged-is-of-today", "as-of-in-the-future", status=422),
)
async def list_titles(  # noqa: PLR0913 - one parameter for each filter
    context: ReadRegister,
    *,
    as_of: date | None = None,
    prefecture: Prefecture | None = None,
    unit_type: UnitType | None = None,
    level: Level | None = None,
    flagged: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: str | None = None,
) -> Page[TitleView]:
    """The register as it was at the end of that day, one item for each title.

    ``flagged`` asks for titles under supervision today (or not): for the departments, and a unit of its own (S2).
    """
    day = _day(context, as_of)
    where: Filter = {
        **filter_by(prefecture=prefecture, unit_type=unit_type, level=level),
        "shown_from": {"$lte": day},
        "shown_until": {"$gt": day},
    }
    if flagged is not None:
        where = and_filters({"$and": [where]}, await _flagged_filter(context, as_of, flagged=flagged))
    found = await context.page(context.store.listings, where, limit=limit, after=after)
    return Page(items=await _titles(found.items, day, context), next=found.next)


@router.get("/{key:path}", openapi_extra=based_on_rule(basis("R1")))
async def get_unit(key: UnitKey, context: ReadRegister, as_of: date | None = None) -> UnitView:
    """One unit with names, titles and removals as the register showed them at the end of that day."""
    store, day, key = context.store, _day(context, as_of), normalized_name(key)
    unit = await store.units.require(key)
    shown = unit_on_day(unit, await store.listings.find({"unit_key": key}), day)
    if shown is None:
        raise Refusal("not-found", status=404)
    context.set_etag(store.units.version(key))
    return unit_view(shown, day, with_flags=_may_read_flags(context, unit))


async def _titles(listings: list[Listing], day: date, context: RequestContext[Store]) -> list[TitleView]:
    keys = sorted({each.unit_key for each in listings})
    units = {each.key: each for each in await context.store.units.find({"_id": {"$in": keys}})}
    rows = ((each, unit_on_day(units[each.unit_key], (), day)) for each in listings)
    return [
        title_view(listing, shown, day, with_flags=_may_read_flags(context, listing))
        for listing, shown in rows
        if shown is not None
    ]


def _may_read_flags(context: RequestContext[Store], of: Listing | RegisteredUnit) -> bool:
    return isinstance(READ_FLAGS.authorize(context.actor, of), Allowed)


async def _flagged_filter(context: RequestContext[Store], as_of: date | None, *, flagged: bool) -> Filter:
    """Return the filter of flagged titles within those the actor may know of; record and refuse any other actor."""
    if isinstance(denied := READ_FLAGS.allows_role(context.actor), Denied):
        raise await context.audit_denial(READ_FLAGS, denied)
    if as_of is not None:
        why = reason("S2", "flagged-is-of-today", "监督标记只按当日查询，请勿同时指定日期", str(as_of))
        raise Refusal("flagged-is-of-today", why, status=422, title="Ask for flagged titles without as_of")
    return and_filters({"flagged": True if flagged else {"$ne": True}}, READ_FLAGS.filter(context.actor))


def _day(context: RequestContext[Store], as_of: date | None) -> date:
    today = shanghai_date(context.now)
    if as_of is not None and as_of > today:
        why = reason("R1", "as-of-in-the-future", "名单登记只能查询当日及以往日期", str(as_of))
        raise Refusal("as-of-in-the-future", why, status=422, title="The register knows no day after today")
    return as_of or today
