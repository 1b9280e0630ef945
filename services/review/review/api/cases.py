"""Cases and their records, for reading."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Annotated

from chassis.http import PROBLEMS, APIRouter, Authorize, Body, Cursor, Key, Page, RequestContext, Year, filter_by
from chassis.security import and_filters
from fastapi import Depends, Query
from messages.review import Stage
from messages.values import Level, Prefecture, UnitType
from pydantic import Field
from rulebook import shanghai_date

from review.api.acts import read_whole
from review.api.commands import actor_of
from review.api.policies import READ_CASE, READ_RECORD
from review.api.views import CaseDetail, CaseSummary, RecordView, detail, record_view, summarize
from review.domain.act import case_as_seen
from review.domain.assessors import AssessorStatus, SanctionedAffiliate, sanctioned_affiliates
from review.domain.case import Case
from review.domain.expert import may_conflict
from review.store import Store


class CaseQuery(Body):
    """Selects cases, and a page of them."""

    state: Stage | None = None
    prefecture: Prefecture | None = None
    batch_year: Year | None = None
    unit_type: UnitType | None = None
    level: Level | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Cursor = None

    def filter(self) -> dict[str, object]:
        return filter_by(
            unit__prefecture=self.prefecture,
            batch_year=self.batch_year,
            unit__unit_type=self.unit_type,
            level=self.level,
        )

    def stage_filter(self, undecided: Collection[str]) -> dict[str, object]:
        """Select by the state as readers see it: before the act, for a case that an undecided act has changed."""
        if self.state is None or not undecided:
            return filter_by(state=self.state)
        acts = list(undecided)
        unchanged = {"state": self.state, "before.act": {"$nin": acts}}
        return {"$or": [unchanged, {"before.act": {"$in": acts}, "before.state": self.state}]}


router = APIRouter(prefix="/cases", tags=["cases"], responses=PROBLEMS)
ReadCase = Annotated[RequestContext[Store], Depends(Authorize(READ_CASE))]
ReadRecord = Annotated[RequestContext[Store], Depends(Authorize(READ_RECORD))]


@router.get("", summary="List cases")
async def list_cases(query: Annotated[CaseQuery, Query()], context: ReadCase) -> Page[CaseSummary]:
    """Show cases as before an act on their batch until it stands."""

    async def read(undecided: frozenset[str]) -> Page[CaseSummary]:
        # Both may name the prefecture; neither may widen the other.
        where = and_filters({"$and": [query.filter(), query.stage_filter(undecided)]}, context.filter())
        page = await context.page(context.store.cases, where, limit=query.limit, after=query.after)
        return page.map(lambda case: summarize(case_as_seen(case, undecided)))

    return await read_whole(context, read)


@router.get("/{case_id}", summary="Show a case")
async def get_case(case_id: Key, context: ReadCase) -> CaseDetail:
    store = context.store
    case, _ = await _case_as_seen(case_id, context, store)
    by = await actor_of(context, case)
    context.set_etag(store.cases.version(case_id))
    affiliates = await _affiliates(case, store, shanghai_date(context.now))
    return detail(case, by, affiliates, await _possible_conflicts(case, store))


@router.get("/{case_id}/record", summary="Show the record of a case")
async def get_case_record(case_id: Key, context: ReadRecord) -> RecordView:
    """Show the record and the end that the case holds of it, both of one instant."""
    while True:
        store, later = context.store, context.store
        case, changed = await _case_as_seen(case_id, context, store)
        by = await actor_of(context, case)
        entries = await store.records.find({"case_id": case_id}, sort=[("number", 1)])
        await later.cases.require(case_id)
        if later.cases.version(case_id) == store.cases.version(case_id):
            return record_view(case, entries[: case.head.entries] if changed else entries, by)


async def _case_as_seen(case_id: str, context: RequestContext[Store], store: Store) -> tuple[Case, bool]:
    """Return the case, and whether it is shown as it was before an undecided act changed it."""

    async def read(undecided: frozenset[str]) -> tuple[Case, bool]:
        now = await store.cases.require(case_id)
        seen = case_as_seen(now, undecided)
        return seen, seen is not now

    return await read_whole(context, read)


async def _possible_conflicts(case: Case, store: Store) -> tuple[str, ...]:
    if case.panel is None:
        return ()
    seated = await store.experts.find({"_id": {"$in": list(case.panel.experts)}})
    return tuple(each.expert_id for each in seated if may_conflict(each, case))


async def _affiliates(case: Case, store: Store, day: date) -> tuple[SanctionedAffiliate, ...]:
    """Return the affiliates under sanction; read on demand, since their sanctions change nothing of the case (S3)."""
    if case.assessor is None:
        return ()
    own = await store.assessors.get(case.assessor.uscc) or AssessorStatus(case.assessor.uscc)
    of_sanction = {"affiliates": own.uscc}
    of_representative = {"representative": own.representative}
    where = of_sanction if own.representative is None else {"$or": [of_sanction, of_representative]}
    return sanctioned_affiliates(own, await store.assessors.find(where), day)
