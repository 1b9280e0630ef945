"""Routes of items, and of the quota by assessor and by legal representative (Q7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from chassis.handling import Filter, Refusal
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Cursor,
    Limit,
    Page,
    RequestContext,
    filter_by,
    refuses,
)
from chassis.security import and_filters
from fastapi import Depends, Query
from messages.values import Digest, Identifier, PersonRef, Uscc
from rulebook import reason, rules_on, shanghai_date

from assessor_quota.api.orders import by_year
from assessor_quota.api.policies import READ_ITEMS, READ_QUOTA, CountedAgainst
from assessor_quota.api.views import ItemDetail, ItemInUse, Quota, affiliate
from assessor_quota.domain.assessor import Assessor
from assessor_quota.domain.item import IN_USE, ItemState
from assessor_quota.domain.ledger import Ledger, queried_year_problems
from assessor_quota.handlers import lookup
from assessor_quota.store import Store

Year = Annotated[int | None, Query(ge=-1_000_000, le=1_000_000, description="The counting year; this year when absent")]


router = APIRouter(tags=["items"], responses=PROBLEMS)

ReadQuota = Annotated[RequestContext[Store], Depends(Authorize(READ_QUOTA))]
ReadItems = Annotated[RequestContext[Store], Depends(Authorize(READ_ITEMS))]


YEAR_REFUSED = refuses("year-out-of-range", status=422)


@router.get("/assessors/{uscc}/items", summary="Show an assessor's items and how many are left", responses=YEAR_REFUSED)
async def get_assessor_quota(uscc: Uscc, context: ReadQuota, year: Year = None) -> Quota:
    """The counts are those of the legal representative who counts for it in the year; the items are its own."""
    counting_year = _counting_year(context, year)
    assessor = await lookup.find_assessor(uscc, context.store)
    counted = CountedAgainst((uscc,), assessor.prefectures)
    await context.authorize(counted, absent=lookup.unknown_assessor(uscc))
    person = assessor.counted_with(shanghai_date(context.now), counting_year)[-1].person
    return await _quota(
        context, person, await _represented_by(context, person.digest), counting_year, {"assessor.uscc": uscc}
    )


@router.get(
    "/representatives/{digest}/items",
    summary="Show a legal representative's items and how many are left",
    responses=YEAR_REFUSED,
)
async def get_representative_quota(digest: Digest, context: ReadQuota, year: Year = None) -> Quota:
    """Everything that counts with one legal representative, of present and of former assessors (Q4)."""
    counting_year = _counting_year(context, year)
    why = reason("Q7", "representative-unknown", "没有第三方服务机构登记过该法定代表人", digest)
    unknown = Refusal("not-found", why, status=404)
    if (person := await context.store.persons.get(digest)) is None:
        raise unknown
    represented = await _represented_by(context, person.digest)
    prefectures = {each for assessor in represented for each in assessor.prefectures}
    counted = CountedAgainst(tuple(each.uscc for each in represented), tuple(sorted(prefectures)))
    await context.authorize(counted, absent=unknown)
    return await _quota(context, person, represented, counting_year, {})


@router.get("/items", summary="List items")
async def list_items(  # noqa: PLR0913, PLR0917 - by what the items can be filtered
    context: ReadItems,
    assessor: Uscc | None = None,
    year: Year | None = None,
    state: ItemState | None = None,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[ItemDetail]:
    """The items of all applications that requested one, refused ones included."""
    states = {"$in": [*ItemState] if state is None else [state]}
    where = and_filters(context.filter(), filter_by(assessor__uscc=assessor, state=states, year=year))
    found = await context.page(context.store.items, where, by_year(year), limit, after)
    return found.map(ItemDetail.model_validate)


@router.get("/items/{application_id}", summary="Show the item of an application")
async def get_item(application_id: Identifier, context: ReadItems) -> ItemDetail:
    item = await context.store.items.require(application_id)
    await context.authorize(item)
    return ItemDetail.model_validate(item)


def _counting_year(context: RequestContext[Store], year: int | None) -> int:
    """Return the requested year; refused (422) where nothing can be counted in it."""
    today = shanghai_date(context.now)
    counting_year = today.year if year is None else year
    if problems := list(queried_year_problems(counting_year, today)):
        raise Refusal("year-out-of-range", *problems, status=422)
    return counting_year


async def _represented_by(context: RequestContext[Store], digest: str) -> list[Assessor]:
    """Return the assessors represented now or before: items carried away with one count here as well (Q4)."""
    either = [{"representative.digest": digest}, {"former.person.digest": digest}]
    return await context.store.assessors.find({"$or": either})


async def _quota(
    context: RequestContext[Store], person: PersonRef, assessors: Sequence[Assessor], year: int, where: Filter
) -> Quota:
    today = shanghai_date(context.now)
    empty = Ledger(person, year)
    ledger = await context.store.ledgers.get(empty.key) or empty
    limit = rules_on(today).quota.items_per_year
    counted = and_filters({"ledgers": ledger.key, "state": {"$in": list(IN_USE)}}, where)
    visible = await context.store.items.find(and_filters(counted, READ_ITEMS.filter(context.actor)))
    return Quota(
        representative=ledger.representative,
        year=ledger.year,
        limit=limit,
        used=ledger.used,
        remaining=ledger.left(limit),
        assessors=tuple(affiliate(each, today) for each in assessors),
        items=tuple(ItemInUse.model_validate(each) for each in visible),
    )
