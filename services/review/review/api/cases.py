"""Cases and their records, for reading."""

from datetime import date
from typing import Annotated

from chassis.http.endpoint import PROBLEMS, Authorize, Page, RequestContext
from chassis.security.policies import and_filters
from fastapi import APIRouter, Depends, Query
from messages.stages import Stage
from messages.values import Level, Prefecture, UnitType
from pydantic import Field
from rulebook import shanghai_date

from review.api.commands import acting_on, actor_of
from review.api.policies import READ_CASE, READ_RECORD
from review.api.views import Body, CaseDetail, CaseSummary, RecordView, detail, record_view, summary
from review.domain.assessors import AssessorStatus, SanctionedAffiliate, sanctioned_sisters
from review.domain.case import Case
from review.store import Store


class CaseQuery(Body):
    """Which cases are wanted, and which page of them."""

    state: Stage | None = None
    prefecture: Prefecture | None = None
    batch_year: int | None = None
    unit_type: UnitType | None = None
    level: Level | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: str | None = None

    def where(self) -> dict[str, object]:
        wanted = {
            "state": self.state,
            "unit.prefecture": self.prefecture,
            "batch_year": self.batch_year,
            "unit.unit_type": self.unit_type,
            "level": self.level,
        }
        return {path: value for path, value in wanted.items() if value is not None}


def router() -> APIRouter:
    routes = APIRouter(prefix="/cases", tags=["cases"], responses=PROBLEMS)

    @routes.get("", summary="List cases")
    async def listed(
        asked: Annotated[CaseQuery, Query()], call: Annotated[RequestContext[Store], Depends(Authorize(READ_CASE))]
    ) -> Page[CaseSummary]:
        # Both may speak of the prefecture; neither may widen the other.
        where = and_filters({"$and": [asked.where()]}, call.filter())
        found = await call.page(call.store.cases, where, limit=asked.limit, after=asked.after)
        return Page(items=[summary(case) for case in found.items], next=found.next)

    @routes.get("/{case_id}", summary="Show a case")
    async def one(case_id: str, call: Annotated[RequestContext[Store], Depends(Authorize(READ_CASE))]) -> CaseDetail:
        store = call.store
        case = await store.cases.require(case_id)
        by = await actor_of(call, READ_CASE, case)
        call.set_etag(store.cases.version(case_id))
        return detail(case, by, await _sisters(case, store, shanghai_date(call.now)))

    @routes.get("/{case_id}/record", summary="Show the record of a case")
    async def record(
        case_id: str, call: Annotated[RequestContext[Store], Depends(Authorize(READ_RECORD))]
    ) -> RecordView:
        case, _ = await acting_on(call, READ_RECORD, case_id)
        entries = await call.store.records.find({"case_id": case_id}, sort=[("number", 1)])
        return record_view(case, entries)

    return routes


async def _sisters(case: Case, store: Store, day: date) -> tuple[SanctionedAffiliate, ...]:
    """Looked up when asked for: a sanction of a sister says nothing about the case itself (S3)."""
    if case.assessor is None:
        return ()
    own = await store.assessors.get(case.assessor.uscc) or AssessorStatus(case.assessor.uscc)
    told = {"sisters": own.uscc}
    same = {"representative": own.representative}
    where = told if own.representative is None else {"$or": [told, same]}
    return sanctioned_sisters(own, await store.assessors.find(where), day)
