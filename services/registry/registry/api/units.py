"""The register for everyone, as of any day up to today (R1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, TypeVar

from chassis.handling import Filter, Refusal
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
    name_unreadable,
    refuses,
)
from chassis.persistence import UnreadableDocumentError
from chassis.security import Allowed, Denied, and_filters
from fastapi import Depends, Path
from messages.values import Level, Prefecture, UnitType, unit_key
from rulebook import basis, reason, shanghai_date

from registry.api.policies import READ_FLAGS, READ_REGISTER
from registry.api.views import TitleView, UnitView, title_view, unit_view
from registry.domain.listings import FOREVER, Listing, facet
from registry.domain.register import RegisteredUnit, unit_on_day
from registry.handlers.reading import read_register
from registry.store import Store

ReadRegister = Annotated[RequestContext[Store], Depends(Authorize(READ_REGISTER))]
T = TypeVar("T")
_NO_FILTER: Filter = {}
UnitKey = Annotated[str, Path(min_length=18, max_length=220)]

router = APIRouter(prefix="/v1/units", tags=["register"], responses=PROBLEMS)


@router.get(
    "",
    openapi_extra=based_on_rule(basis("R1")),
    responses=PROBLEMS
    | refuses("flagged-is-of-today", "as-of-in-the-future", status=422)
    | refuses("role-not-allowed", status=403),
)
async def list_titles(  # noqa: PLR0913 - one parameter for each filter
    context: ReadRegister,
    *,
    as_of: Day | None = None,
    prefecture: Prefecture | None = None,
    unit_type: UnitType | None = None,
    level: Level | None = None,
    flagged: bool | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[TitleView]:
    """The register as it was at the end of that day, one item for each title.

    ``flagged`` asks for titles under supervision today (or not): for the departments, and a unit of its own (S2).
    """
    day, allowed = _day(context, as_of), _NO_FILTER
    if flagged is not None:
        allowed = await _flagged_filter(context, as_of)
        if prefecture is None and "prefecture" in allowed:  # so that the index yields no other
            prefecture = Prefecture(str(allowed["prefecture"]))
    asked = {"facets": facet(prefecture, unit_type, level, flagged=flagged)}

    async def read(store: Store, last_number: int) -> Page[TitleView]:
        shown = {"list_number": {"$lte": last_number}, "ended_number": {"$gt": last_number}}
        until = FOREVER if day == shanghai_date(context.now) else {"$gt": day}
        where = and_filters(asked | shown | {"shown_until": until}, allowed)
        found = await context.page(store.listings, where, (("list_number", 1),), limit, after)
        there = [each for each in found.items if prefecture in (None, each.residence.on(day))]
        titles, unreadable = await _titles(there, day, last_number, context, store)
        return found.with_items(titles, name_unreadable(unreadable, context.metrics))

    return await _read(context, day, read)


@router.get("/{key:path}", openapi_extra=based_on_rule(basis("R1")))
async def get_unit(key: UnitKey, context: ReadRegister, as_of: Day | None = None) -> UnitView:
    """One unit with names, titles and removals as the register showed them at the end of that day."""
    day, key = _day(context, as_of), unit_key(*key.split("/", 1))

    async def read(store: Store, last_number: int) -> UnitView:
        unit = await store.units.require(key)
        shown = unit_on_day(unit, await store.listings.find({"unit_key": key}), day, last_number)
        if shown is None:
            raise Refusal("not-found", status=404)
        context.set_etag(store.units.version(key))
        return unit_view(shown, day, with_flags=_may_read_flags(context, unit))

    return await _read(context, day, read)


async def _read(context: RequestContext[Store], day: date, read: Callable[[Store, int], Awaitable[T]]) -> T:
    return await read_register(lambda: context.store, day, shanghai_date(context.now), read)


async def _titles(
    listings: list[Listing], day: date, last_number: int, context: RequestContext[Store], store: Store
) -> tuple[list[TitleView], list[UnreadableDocumentError]]:
    """Return the titles, and the units that cannot be read, whose titles are left out."""
    if not listings:
        return [], []
    found = await store.units.readable({"_id": {"$in": sorted({each.unit_key for each in listings})}})
    unreadable = {problem.key for problem in found.unreadable}
    units = {each.key: each.value for each in found.entries}
    rows = (
        (each, unit_on_day(units[each.unit_key], (), day, last_number))
        for each in listings
        if each.unit_key not in unreadable
    )
    titles = [
        title_view(listing, shown, day, with_flags=_may_read_flags(context, listing))
        for listing, shown in rows
        if shown is not None
    ]
    return titles, found.unreadable


def _may_read_flags(context: RequestContext[Store], of: Listing | RegisteredUnit) -> bool:
    return isinstance(READ_FLAGS.authorize(context.actor, of), Allowed)


async def _flagged_filter(context: RequestContext[Store], as_of: date | None) -> Filter:
    """Return the filter of the titles whose flags the actor may know of; record and refuse any other actor."""
    if isinstance(denied := READ_FLAGS.allows_role(context.actor), Denied):
        raise await context.audit_denial(READ_FLAGS, denied)
    if as_of is not None:
        why = reason("S2", "flagged-is-of-today", "监督标记只按当日查询，请勿同时指定日期", str(as_of))
        raise Refusal("flagged-is-of-today", why, status=422, title="Ask for flagged titles without as_of")
    return READ_FLAGS.filter(context.actor)


def _day(context: RequestContext[Store], as_of: date | None) -> date:
    today = shanghai_date(context.now)
    if as_of is not None and as_of > today:
        why = reason("R1", "as-of-in-the-future", "名单登记只能查询当日及以往日期", str(as_of))
        raise Refusal("as-of-in-the-future", why, status=422, title="The register knows no day after today")
    return as_of or today
