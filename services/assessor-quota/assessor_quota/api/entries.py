"""What the register shows, to everyone and to those concerned, and its history (S7, N4)."""

from datetime import date
from typing import Annotated

from chassis.handling import Filter
from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.security.policies import and_filters
from fastapi import APIRouter, Depends, Query
from messages.values import Prefecture, UnitType, Uscc
from rulebook import shanghai_date

from assessor_quota import handlers
from assessor_quota.api.policies import LIST, READ
from assessor_quota.api.sanctions import in_force
from assessor_quota.api.views import AssessorDetail, AssessorEntry, HistoryEntry, sister
from assessor_quota.store import Store

LAST = "\U0010ffff"
"""Stands behind every character: what begins with a text lies between the text and the text with this."""


class AssessorQuery:
    """By what the lists of assessors can be filtered."""

    def __init__(
        self,
        scope: UnitType | None = None,
        name: Annotated[str | None, Query(min_length=1, max_length=200, description="How the name begins")] = None,
        sanctioned: Annotated[bool | None, Query(description="Whether a sanction holds today")] = None,
    ) -> None:
        self.scope = scope
        self.name = name
        self.sanctioned = sanctioned

    async def where(self, store: Store, today: date) -> Filter:
        found: Filter = {} if self.scope is None else {"scope": self.scope}
        if self.name is not None:
            found = and_filters(found, {"name": {"$gte": self.name, "$lt": self.name + LAST}})
        if self.sanctioned is None:
            return found
        holding = sorted({each.assessor.uscc for each in await store.sanctions.find(in_force(today))})
        return and_filters(found, {"uscc": {"$in" if self.sanctioned else "$nin": holding}})


def router() -> APIRouter:
    routes = APIRouter(tags=["assessors"], responses=PROBLEMS)
    reading = Depends(Authorize(READ))

    @routes.get("/assessors", summary="List registered assessors")
    async def registered(
        call: Annotated[RequestContext[Store], Depends(Authorize(LIST))],
        sought: Annotated[AssessorQuery, Depends()],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[AssessorEntry]:
        """Everyone sees who is registered for what and who is sanctioned; no person is named."""
        store = call.store
        where = await sought.where(store, shanghai_date(call.now))
        found = await call.page(store.assessors, where, limit=limit, after=after)
        return Page(items=[AssessorEntry.model_validate(each) for each in found.items], next=found.next)

    @routes.get("/prefectures/{prefecture}/assessors", summary="List the assessors working in a prefecture")
    async def working_in(
        prefecture: Prefecture,
        call: Annotated[RequestContext[Store], reading],
        sought: Annotated[AssessorQuery, Depends()],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[AssessorDetail]:
        """The assessors that were granted items there, of those whose entries the caller may read."""
        store = call.store
        there = and_filters(call.filter(), {"prefectures": prefecture})
        where = and_filters(there, await sought.where(store, shanghai_date(call.now)))
        found = await call.page(store.assessors, where, limit=limit, after=after)
        return Page(items=[AssessorDetail.model_validate(each) for each in found.items], next=found.next)

    @routes.get("/assessors/{uscc}", summary="Show an assessor")
    async def one(uscc: Uscc, call: Annotated[RequestContext[Store], reading]) -> AssessorDetail:
        """With the other assessors of its legal representative, and whether one is sanctioned (S3)."""
        store = call.store
        assessor = await handlers.find_assessor(uscc, store)
        await call.authorize(assessor)
        call.set_etag(store.assessors.version(uscc))
        today = shanghai_date(call.now)
        sisters = tuple(sister(each, today) for each in await handlers.sisters_of(assessor, store))
        return AssessorDetail.model_validate(assessor).model_copy(update={"sisters": sisters})

    @routes.get("/assessors/{uscc}/history", summary="Show an assessor's history")
    async def history(
        uscc: Uscc,
        call: Annotated[RequestContext[Store], reading],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[HistoryEntry]:
        """Everything that happened to the entry, in order."""
        store = call.store
        await call.authorize(await handlers.find_assessor(uscc, store))
        found = await call.page(store.entries, {"uscc": uscc}, (("number", 1),), limit, after)
        return Page(items=[HistoryEntry.model_validate(each) for each in found.items], next=found.next)

    return routes
