"""Everyone asks the register, as of any day that has been (R1)."""

from datetime import date
from typing import Annotated

from chassis.handling import Filter, Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from chassis.security.policies import Allowed, Denied, and_filters
from fastapi import APIRouter, Depends, Path
from messages.values import Level, Prefecture, UnitType, normalized_name
from rulebook import basis, reason, shanghai_date

from registry.api.policies import READ, SEE_FLAGS
from registry.api.views import TitleView, UnitView, title_view, unit_view
from registry.domain.register import Listing, RegisteredUnit, unit_on_day
from registry.store import Store

Key = Annotated[str, Path(min_length=18, max_length=220)]


def add_routes(routes: APIRouter) -> None:
    Reading = Annotated[RequestContext[Store], Depends(Authorize(READ))]  # noqa: N806 - a type, made for this gate

    @routes.get(
        "/units",
        tags=["register"],
        openapi_extra=based_on_rule(basis("R1")),
        responses=PROBLEMS | refuses("flagged-is-of-today", "as-of-in-the-future", status=422),
    )
    async def list_titles(  # noqa: PLR0913 - one parameter for each question that can be asked
        call: Reading,
        *,
        as_of: date | None = None,
        prefecture: Prefecture | None = None,
        unit_type: UnitType | None = None,
        level: Level | None = None,
        flagged: bool | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[TitleView]:
        """What the register showed at the end of that day, one item for each title.

        ``flagged`` asks for titles under supervision today (or not): for the departments, and a unit of its own (S2).
        """
        day = _day(call, as_of)
        asked = {"prefecture": prefecture, "unit_type": unit_type, "level": level}
        where: Filter = {
            **{name: value for name, value in asked.items() if value is not None},
            "shown_from": {"$lte": day},
            "shown_until": {"$gt": day},
        }
        if flagged is not None:
            where = and_filters({"$and": [where]}, await _supervised(call, as_of, flagged=flagged))
        found = await call.page(call.store.listings, where, limit=limit, after=after)
        return Page(items=await _titles(found.items, day, call), next=found.next)

    @routes.get("/units/{key:path}", tags=["register"], openapi_extra=based_on_rule(basis("R1")))
    async def show_unit(key: Key, call: Reading, as_of: date | None = None) -> UnitView:
        """One unit with names, titles and removals as the register showed them at the end of that day."""
        store, day, key = call.store, _day(call, as_of), normalized_name(key)
        unit = await store.units.require(key)
        shown = unit_on_day(unit, await store.listings.find({"unit_key": key}), day)
        if shown is None:
            raise Refusal("not-found", status=404)
        call.set_etag(store.units.version(key))
        return unit_view(shown, day, with_flags=_sees_flags(call, unit))


async def _titles(listings: list[Listing], day: date, call: RequestContext[Store]) -> list[TitleView]:
    keys = sorted({each.unit_key for each in listings})
    units = {each.key: each for each in await call.store.units.find({"_id": {"$in": keys}})}
    seen = ((each, unit_on_day(units[each.unit_key], (), day)) for each in listings)
    return [
        title_view(listing, shown, day, with_flags=_sees_flags(call, listing))
        for listing, shown in seen
        if shown is not None
    ]


def _sees_flags(call: RequestContext[Store], of: Listing | RegisteredUnit) -> bool:
    return isinstance(SEE_FLAGS.authorize(call.actor, of), Allowed)


async def _supervised(call: RequestContext[Store], as_of: date | None, *, flagged: bool) -> Filter:
    """The filter of what is flagged, within what the actor may know of it; others are refused on record."""
    if isinstance(denied := SEE_FLAGS.allows_role(call.actor), Denied):
        raise await call.audit_denial(SEE_FLAGS, denied)
    if as_of is not None:
        text = "监督标记只按当日查询，请勿同时指定日期"
        why = reason("S2", "flagged-is-of-today", text, str(as_of))
        raise Refusal("flagged-is-of-today", why, status=422, title="Ask for what is flagged without as_of")
    return and_filters({"flagged": True if flagged else {"$ne": True}}, SEE_FLAGS.filter(call.actor))


def _day(call: RequestContext[Store], as_of: date | None) -> date:
    today = shanghai_date(call.now)
    if as_of is not None and as_of > today:
        why = reason("R1", "as-of-in-the-future", "名单登记只能查询当日及以往日期", str(as_of))
        raise Refusal("as-of-in-the-future", why, status=422, title="The register knows no day that has not been")
    return as_of or today
