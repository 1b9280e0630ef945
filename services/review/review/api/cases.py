"""Cases and their records, for reading."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chassis.http import PROBLEMS, Authorize, Body, Page, RequestContext, filter_by
from chassis.security import and_filters
from fastapi import APIRouter, Depends, Query
from messages.review import Stage
from messages.values import Level, Prefecture, UnitType
from pydantic import Field
from rulebook import shanghai_date

from review.api.commands import acting_on, actor_of
from review.api.policies import READ_CASE, READ_RECORD
from review.api.views import CaseDetail, CaseSummary, RecordView, detail, record_view, summarize
from review.domain.assessors import AssessorStatus, SanctionedAffiliate, sanctioned_affiliates
from review.domain.case import Case
from review.store import Store


class CaseQuery(Body):
    """Selects cases, and a page of them."""

    state: Stage | None = None
    prefecture: Prefecture | None = None
    batch_year: int | None = None
    unit_type: UnitType | None = None
    level: Level | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: str | None = None

    def filter(self) -> dict[str, object]:
        return filter_by(
            state=self.state,
            unit__prefecture=self.prefecture,
            batch_year=self.batch_year,
            unit__unit_type=self.unit_type,
            level=self.level,
        )


router = APIRouter(prefix="/cases", tags=["cases"], responses=PROBLEMS)
ReadCase = Annotated[RequestContext[Store], Depends(Authorize(READ_CASE))]
ReadRecord = Annotated[RequestContext[Store], Depends(Authorize(READ_RECORD))]


@router.get("", summary="List cases")
async def list_cases(query: Annotated[CaseQuery, Query()], context: ReadCase) -> Page[CaseSummary]:
    # Both may name the prefecture; neither may widen the other.
    where = and_filters({"$and": [query.filter()]}, context.filter())
    return (await context.page(context.store.cases, where, limit=query.limit, after=query.after)).map(summarize)


@router.get("/{case_id}", summary="Show a case")
async def get_case(case_id: str, context: ReadCase) -> CaseDetail:
    store = context.store
    case = await store.cases.require(case_id)
    by = await actor_of(context, READ_CASE, case)
    context.set_etag(store.cases.version(case_id))
    return detail(case, by, await _affiliates(case, store, shanghai_date(context.now)))


@router.get("/{case_id}/record", summary="Show the record of a case")
async def get_case_record(case_id: str, context: ReadRecord) -> RecordView:
    case, _ = await acting_on(context, READ_RECORD, case_id)
    entries = await context.store.records.find({"case_id": case_id}, sort=[("number", 1)])
    return record_view(case, entries)


async def _affiliates(case: Case, store: Store, day: date) -> tuple[SanctionedAffiliate, ...]:
    """Return the affiliates under sanction; read on demand, since their sanctions change nothing of the case (S3)."""
    if case.assessor is None:
        return ()
    own = await store.assessors.get(case.assessor.uscc) or AssessorStatus(case.assessor.uscc)
    of_sanction = {"affiliates": own.uscc}
    of_representative = {"representative": own.representative}
    where = of_sanction if own.representative is None else {"$or": [of_sanction, of_representative]}
    return sanctioned_affiliates(own, await store.assessors.find(where), day)
