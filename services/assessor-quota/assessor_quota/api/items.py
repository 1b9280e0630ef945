"""Items, and how many are left by assessor and by legal representative, over HTTP (Q7)."""

from collections.abc import Sequence
from typing import Annotated

from chassis.handling import Filter, Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.security.policies import and_filters
from fastapi import APIRouter, Depends, Query
from messages.values import Digest, Identifier, PersonRef, Uscc
from rulebook import reason, rules_on, shanghai_date

from assessor_quota import handlers
from assessor_quota.api.policies import READ_ITEMS, READ_QUOTA, CountedAgainst
from assessor_quota.api.views import ItemDetail, ItemInUse, Quota, sister
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import IN_USE, ItemState
from assessor_quota.domain.ledger import Ledger, queried_year_problems
from assessor_quota.store import Store

Year = Annotated[int | None, Query(description="The counting year; this year when absent")]


def router() -> APIRouter:
    routes = APIRouter(tags=["items"], responses=PROBLEMS)
    _counting(routes)
    _listing(routes)
    return routes


def _counting(routes: APIRouter) -> None:
    no_such_year = refuses("year-out-of-range", status=422)
    counting = Depends(Authorize(READ_QUOTA))

    @routes.get("/assessors/{uscc}/items", summary="Show an assessor's items and places left", responses=no_such_year)
    async def of_assessor(uscc: Uscc, call: Annotated[RequestContext[Store], counting], year: Year = None) -> Quota:
        """The counts are those of the legal representative who counts for it in the year; the items are its own."""
        asked = _year(call, year)
        assessor = await handlers.find_assessor(uscc, call.store)
        await call.authorize(CountedAgainst((uscc,), assessor.prefectures))
        person = assessor.counted_with(shanghai_date(call.now), asked)[-1].person
        return await _quota(call, person, await _represented_by(call, person.digest), asked, {"assessor.uscc": uscc})

    @routes.get(
        "/representatives/{digest}/items",
        summary="Show a legal representative's items and places left",
        responses=no_such_year,
    )
    async def of_representative(
        digest: Digest, call: Annotated[RequestContext[Store], counting], year: Year = None
    ) -> Quota:
        """Everything that counts with one legal representative, of present and of former assessors (Q4)."""
        asked = _year(call, year)
        if (person := await call.store.persons.get(digest)) is None:
            unknown = reason("Q7", "representative-unknown", "没有第三方服务机构登记过该法定代表人", digest)
            raise Refusal("not-found", unknown, status=404)
        represented = await _represented_by(call, person.digest)
        where = {each for assessor in represented for each in assessor.prefectures}
        await call.authorize(CountedAgainst(tuple(each.uscc for each in represented), tuple(sorted(where))))
        return await _quota(call, person, represented, asked, {})


def _listing(routes: APIRouter) -> None:
    reading = Depends(Authorize(READ_ITEMS))

    @routes.get("/items", summary="List items")
    async def listed(  # noqa: PLR0913, PLR0917 - by what the items can be filtered
        call: Annotated[RequestContext[Store], reading],
        assessor: Uscc | None = None,
        year: int | None = None,
        state: ItemState | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[ItemDetail]:
        """What became of every application that asked for an item, also where it was refused."""
        asked = {"assessor.uscc": assessor, "year": year, "state": state}
        named = {field: value for field, value in asked.items() if value is not None}
        where = and_filters(call.filter(), named)
        found = await call.page(call.store.items, where, limit=limit, after=after)
        return Page(items=[ItemDetail.model_validate(each) for each in found.items], next=found.next)

    @routes.get("/items/{application_id}", summary="Show the item of an application")
    async def one(application_id: Identifier, call: Annotated[RequestContext[Store], reading]) -> ItemDetail:
        item = await call.store.items.require(application_id)
        await call.authorize(item)
        return ItemDetail.model_validate(item)


def _year(call: RequestContext[Store], year: int | None) -> int:
    """The year asked for; refused (422) where nothing can be counted in it."""
    today = shanghai_date(call.now)
    asked = today.year if year is None else year
    if problems := list(queried_year_problems(asked, today)):
        raise Refusal("year-out-of-range", *problems, status=422)
    return asked


async def _represented_by(call: RequestContext[Store], digest: str) -> list[Assessor]:
    """Now or before: what was carried away with an assessor stays here as well (Q4)."""
    either = [{"representative.digest": digest}, {"former.person.digest": digest}]
    return await call.store.assessors.find({"$or": either})


async def _quota(
    call: RequestContext[Store], person: PersonRef, assessors: Sequence[Assessor], year: int, where: Filter
) -> Quota:
    store, today = call.store, shanghai_date(call.now)
    empty = Ledger(person, year)
    ledger = await store.ledgers.get(empty.key) or empty
    limit = rules_on(today).quota.items_per_year
    counted = and_filters({"ledgers": ledger.key, "state": {"$in": list(IN_USE)}}, where)
    shown = await store.items.find(and_filters(counted, READ_ITEMS.filter(call.actor)))
    return Quota(
        representative=ledger.representative,
        year=ledger.year,
        limit=limit,
        used=ledger.used,
        remaining=ledger.left(limit),
        assessors=tuple(sister(each, today) for each in assessors),
        items=tuple(ItemInUse.model_validate(each) for each in shown),
    )
