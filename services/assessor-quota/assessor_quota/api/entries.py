"""Routes that read the register: public entries, full entries and their history (S7, N4)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chassis.handling import Filter, Sort
from chassis.http import DEFAULT_LIMIT, PROBLEMS, APIRouter, Authorize, Cursor, Limit, Page, RequestContext
from chassis.security import and_filters
from fastapi import Depends, Query
from messages.spelling import normalized_name
from messages.values import Prefecture, UnitType, Uscc
from rulebook import shanghai_date

from assessor_quota.api.policies import LIST, READ
from assessor_quota.api.views import AssessorDetail, AssessorEntry, HistoryEntry, affiliate
from assessor_quota.handlers import lookup, sanctions
from assessor_quota.store import Store

LAST = "\U0010ffff"
"""Sorts behind every character: texts with a prefix lie between the prefix and the prefix with this."""


class AssessorQuery:
    """Filters of the lists of assessors."""

    def __init__(
        self,
        scope: UnitType | None = None,
        name: Annotated[str | None, Query(min_length=1, max_length=200, description="How the name begins")] = None,
        sanctioned: Annotated[bool | None, Query(description="Whether a sanction holds today")] = None,
    ) -> None:
        self.scope = scope
        self.name = name
        self.sanctioned = sanctioned

    def where(self, today: date) -> Filter:
        found: Filter = {} if self.scope is None else {"scope": self.scope}
        if self.name is not None:
            begins = normalized_name(self.name)
            found = and_filters(found, {"name_key": {"$gte": begins, "$lt": begins + LAST}})
        if self.sanctioned is None:
            return found
        ended: Filter = {"$or": [{"sanctioned_until": None}, {"sanctioned_until": {"$lt": today}}]}
        return and_filters(found, {"sanctioned_until": {"$gte": today}} if self.sanctioned else ended)

    @property
    def order(self) -> Sort:
        """The order of what it filters by, so that a page is read from an index; else that of the codes."""
        if self.name is not None:
            return (("name_key", 1),)
        return () if self.sanctioned is None else (("sanctioned_until", 1),)


router = APIRouter(tags=["assessors"], responses=PROBLEMS)

ListAssessors = Annotated[RequestContext[Store], Depends(Authorize(LIST))]
ReadAssessor = Annotated[RequestContext[Store], Depends(Authorize(READ))]


@router.get("/assessors", summary="List registered assessors")
async def list_assessors(
    context: ListAssessors,
    query: Annotated[AssessorQuery, Depends()],
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[AssessorEntry]:
    """Everyone sees the scope and the sanctions of every assessor; no person is named."""
    where = query.where(shanghai_date(context.now))
    found = await context.page(context.store.assessors, where, query.order, limit, after)
    return found.map(AssessorEntry.model_validate)


@router.get("/prefectures/{prefecture}/assessors", summary="List the assessors working in a prefecture")
async def list_prefecture_assessors(
    prefecture: Prefecture,
    context: ReadAssessor,
    query: Annotated[AssessorQuery, Depends()],
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[AssessorDetail]:
    """The assessors that were granted items there, of those whose entries the caller may read."""
    there = and_filters(context.filter(), {"prefectures": prefecture})
    where = and_filters(there, query.where(shanghai_date(context.now)))
    found = await context.page(context.store.assessors, where, query.order, limit, after)
    return found.map(AssessorDetail.model_validate)


@router.get("/assessors/{uscc}", summary="Show an assessor")
async def get_assessor(uscc: Uscc, context: ReadAssessor) -> AssessorDetail:
    """With the other assessors of its legal representative, and whether one is sanctioned (S3)."""
    store = context.store
    assessor = await lookup.find_assessor(uscc, store)
    await context.authorize(assessor, absent=lookup.unknown_assessor(uscc))
    context.set_etag(store.assessors.version(uscc))
    today = shanghai_date(context.now)
    affiliates = tuple(affiliate(each, today) for each in await sanctions.affiliates_of(assessor, store))
    return AssessorDetail.model_validate(assessor).model_copy(update={"affiliates": affiliates})


@router.get("/assessors/{uscc}/history", summary="Show an assessor's history")
async def get_assessor_history(
    uscc: Uscc,
    context: ReadAssessor,
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[HistoryEntry]:
    """Everything that happened to the entry, in order."""
    assessor = await lookup.find_assessor(uscc, context.store)
    await context.authorize(assessor, absent=lookup.unknown_assessor(uscc))
    found = await context.page(context.store.entries, {"uscc": uscc}, (("number", 1),), limit, after)
    return found.map(HistoryEntry.model_validate)
