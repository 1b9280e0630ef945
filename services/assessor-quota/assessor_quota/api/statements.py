"""Annual statements over HTTP: filed by the assessor or for it, and seen by the departments it works under (S5)."""

from datetime import date
from typing import Annotated

from chassis.handling import Filter
from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.openapi import IF_MATCH
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.security.policies import Policy, Rule, and_filters, everything, own_organisation, own_prefecture
from fastapi import APIRouter, Depends, Path, Query
from messages.values import AssessorRef, Digest, Identifier, Prefecture, Role, Text, Uscc
from pydantic import BaseModel, ConfigDict, Field

from assessor_quota.api.commands import by
from assessor_quota.api.views import View
from assessor_quota.domain.statements import Content, DutyState, statement_key
from assessor_quota.handlers.statements import FileStatement, file_statement
from assessor_quota.store import Store

FILE = Policy(
    "statement.file",
    (Rule(Role.REGIONAL_OFFICER, everything), Rule(Role.ASSESSOR, own_organisation("uscc"))),
)
READ = Policy(
    "statement.read",
    (
        Rule(Role.REGIONAL_OFFICER, everything),
        Rule(Role.PREFECTURE_OFFICER, own_prefecture("prefectures")),
        Rule(Role.ASSESSOR, own_organisation("assessor.uscc")),
    ),
    protected=True,
)
"""What is owed and what was filed: a department sees it of the assessors that work in its prefecture."""

Year = Annotated[int, Field(ge=2000, le=2200)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]


class StatementBody(BaseModel):
    """第三方机构年度工作情况 (Art. 30)."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    year: Year
    projects_evaluated: Count
    staff: Count
    """Professional staff at the end of the year."""
    staff_trained: Count
    trainings_given: Count
    """Held for candidates (Art. 29)."""
    complaints: Count
    summary: Text
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
    """One year's statement with everything that was ever filed of it; the last filing holds."""

    statement_id: Identifier
    assessor: AssessorRef
    year: int
    late: bool
    filings: tuple[FilingView, ...]


class DutyView(View):
    """What an assessor owes for a year, and how it stands."""

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
    """By what the list can be filtered."""

    def __init__(
        self,
        year: Annotated[int | None, Query(ge=2000, le=2200)] = None,
        state: DutyState | None = None,
        assessor: Uscc | None = None,
    ) -> None:
        asked = {"year": year, "state": state, "assessor.uscc": assessor}
        self.where: Filter = {name: value for name, value in asked.items() if value is not None}


def router() -> APIRouter:
    routes = APIRouter(tags=["statements"], responses=PROBLEMS)
    reading = Depends(Authorize(READ))

    @routes.post(
        "/assessors/{uscc}/statements",
        summary="File or amend an annual statement",
        status_code=201,
        openapi_extra=IF_MATCH,
        responses=refuses("statement-refused") | refuses("version-stale", status=412),
    )
    async def file(
        uscc: Uscc, body: StatementBody, call: Annotated[RequestContext[Store], Depends(Authorize(FILE))]
    ) -> StatementView:
        """File the statement of a year that is over; filing again amends it and keeps what was filed before."""
        own = call.actor.acts_as(Role.ASSESSOR) and call.actor.organisation == uscc
        command = FileStatement(
            uscc=uscc,
            year=body.year,
            content=body.content(),
            document=body.document,
            by=by(call),
            on_behalf=not own,
            seen=call.if_match(),
        )
        return await call.execute(file_statement, command, resource=command, reply=StatementView)

    @routes.get("/assessors/{uscc}/statements/{year}", summary="A year's statement with its amendments")
    async def one(
        uscc: Uscc,
        year: Annotated[int, Path(ge=2000, le=2200)],
        call: Annotated[RequestContext[Store], reading],
    ) -> StatementView:
        store, key = call.store, statement_key(uscc, year)
        await call.authorize(await store.duties.require(key))
        statement = await store.statements.require(key)
        call.set_etag(store.statements.version(key))
        return StatementView.model_validate(statement)

    @routes.get("/statements", summary="Statements owed, filed and overdue")
    async def owed(
        call: Annotated[RequestContext[Store], reading],
        sought: Annotated[StatementQuery, Depends()],
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[DutyView]:
        """Which statements are open, filed, late or overdue."""
        where = and_filters(sought.where, call.filter())
        found = await call.page(call.store.duties, where, limit=limit, after=after)
        return Page(items=[DutyView.model_validate(each) for each in found.items], next=found.next)

    return routes
