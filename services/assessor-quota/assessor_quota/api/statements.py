"""Routes of annual statements: filed by the assessor or for it, read by the departments it works under (S5)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from chassis.handling import Filter
from chassis.http import (
    DEFAULT_LIMIT,
    IF_MATCH,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    Cursor,
    Limit,
    Page,
    RequestContext,
    filter_by,
    located_at,
    refuses,
)
from chassis.security import and_filters
from fastapi import Depends, Path, Query
from messages.entries import Paragraphs
from messages.values import AssessorRef, Digest, Identifier, Prefecture, Role, Text, Uscc
from pydantic import Field

from assessor_quota.api.commands import actor_ref
from assessor_quota.api.orders import by_year
from assessor_quota.api.policies import FILE_STATEMENT, READ_STATEMENTS
from assessor_quota.api.views import View
from assessor_quota.domain.statements import Content, DutyState, statement_key
from assessor_quota.handlers import statements
from assessor_quota.store import Store

Year = Annotated[int, Field(ge=2000, le=2200)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class StatementBody(Body):
    """第三方机构年度工作情况 (Art. 30)."""

    year: Year
    projects_evaluated: Count
    staff: Count
    """Professional staff at the end of the year."""
    staff_trained: Count
    trainings_given: Count
    """Held for candidates (Art. 29)."""
    complaints: Count
    summary: Paragraphs
    document: Digest | None = None
    """SHA-256 of the document as the platform holds it."""

    def content(self) -> Content:
        return Content(**self.model_dump(exclude={"year", "document"}))


class StatementContent(View):
    projects_evaluated: int
    staff: int
    staff_trained: int
    trainings_given: int
    complaints: int
    summary: Text


class FilingView(View):
    filed_on: date
    on_behalf: bool
    content: StatementContent
    document: Digest | None


class StatementView(View):
    """One year's statement with all filings of it; the last filing counts."""

    statement_id: Identifier
    assessor: AssessorRef
    year: int
    late: bool
    filings: tuple[FilingView, ...]


class DutyView(View):
    """The statement that an assessor owes for a year, and its state."""

    duty_id: Identifier
    assessor: AssessorRef
    year: int
    due: date
    provisional: bool
    rule_set: str
    opened_on: date
    prefectures: tuple[Prefecture, ...]
    state: DutyState
    met_on: date | None
    noted_on: date | None


class StatementQuery:
    """Filters of the list."""

    def __init__(
        self,
        year: Annotated[int | None, Query(ge=2000, le=2200)] = None,
        state: DutyState | None = None,
        assessor: Uscc | None = None,
    ) -> None:
        self.order = by_year(year)
        states = {"$in": [*DutyState] if state is None else [state]}
        self.where: Filter = filter_by(assessor__uscc=assessor, state=states, year=year)


router = APIRouter(tags=["statements"], responses=PROBLEMS)

FileStatement = Annotated[RequestContext[Store], Depends(Authorize(FILE_STATEMENT))]
ReadStatements = Annotated[RequestContext[Store], Depends(Authorize(READ_STATEMENTS))]


@router.post(
    "/assessors/{uscc}/statements",
    summary="File or amend an annual statement",
    status_code=201,
    openapi_extra=IF_MATCH | located_at("/v1/assessors/{uscc}/statements/{year}"),
    responses=refuses("statement-refused") | refuses("version-stale", status=412),
)
async def file_statement(uscc: Uscc, body: StatementBody, context: FileStatement) -> StatementView:
    """File the statement of a year that is over; filing again amends it and keeps the earlier filings."""
    own = context.actor.acts_as(Role.ASSESSOR) and context.actor.organisation == uscc
    command = statements.FileStatement(
        uscc=uscc,
        year=body.year,
        content=body.content(),
        document=body.document,
        by=actor_ref(context),
        on_behalf=not own,
        expected_version=context.if_match(),
    )
    key = statement_key(uscc, body.year)
    return await context.execute(
        statements.file_statement,
        command,
        resource=command,
        prefetch=[("assessors", uscc), ("duties", key), ("statements", key)],
        reply=StatementView,
    )


@router.get("/assessors/{uscc}/statements/{year}", summary="A year's statement with its amendments")
async def get_statement(
    uscc: Uscc,
    year: Annotated[int, Path(ge=2000, le=2200)],
    context: ReadStatements,
) -> StatementView:
    store, key = context.store, statement_key(uscc, year)
    await context.authorize(await store.duties.require(key))
    statement = await store.statements.require(key)
    context.set_etag(store.statements.version(key))
    return StatementView.model_validate(statement)


@router.get("/statements", summary="Statements owed, filed and overdue")
async def list_statement_duties(
    context: ReadStatements,
    query: Annotated[StatementQuery, Depends()],
    limit: Limit = DEFAULT_LIMIT,
    after: Cursor = None,
) -> Page[DutyView]:
    """The duties with their state: open, filed, late or overdue."""
    where = and_filters(query.where, context.filter())
    found = await context.page(context.store.duties, where, query.order, limit, after)
    return found.map(DutyView.model_validate)
