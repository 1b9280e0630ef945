"""What officers and agencies put on record over HTTP: facts under Art. 12(5), and the prefectures' lists."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from chassis.handling import Refusal
from chassis.http.endpoint import PROBLEMS, Authorize, Limit, Page, RequestContext, refuses
from chassis.http.pagination import DEFAULT_LIMIT
from chassis.http.problems import based_on_rule
from chassis.security.policies import and_filters
from fastapi import APIRouter, Depends
from messages.values import Prefecture, Reason, Role, UnitRef, UnitType, Uscc
from pydantic import Field
from rulebook import basis, reason

from applications import handlers
from applications.api.bodies import Body, Line, NamedUnit
from applications.api.policies import END_FACT, READ_FACT, READ_LIST, RECORD_FACT, RECORD_LIST
from applications.domain.facts import REGION, Fact, FactKind, FactSource
from applications.domain.records import PrefectureList
from applications.store import Store

LARGEST_LIST = 500


class FactBody(Body):
    uscc: Uscc
    kind: FactKind
    happened_on: Annotated[date, Field(alias="date")]
    source: Line
    """Where it is on record: a document, a public list."""
    ended_on: Annotated[date | None, Field(alias="ended")] = None
    prefecture: Prefecture | None = None
    """Whose officers see it, while the unit has submitted nothing; an officer's own when absent."""


class EndBody(Body):
    ended_on: Annotated[date, Field(alias="ended")]


class ListBody(Body):
    prefecture: Prefecture | None = None
    document_number: Line
    published_on: date
    units: Annotated[tuple[NamedUnit, ...], Field(min_length=1, max_length=LARGEST_LIST)]


def router() -> APIRouter:
    routes = APIRouter(responses=PROBLEMS)
    _facts(routes)
    _lists(routes)
    return routes


def _facts(routes: APIRouter) -> None:
    recording, ending = Depends(Authorize(RECORD_FACT)), Depends(Authorize(END_FACT))
    reading = Depends(Authorize(READ_FACT))
    malformed = refuses("fact-malformed", status=422)

    @routes.post(
        "/facts",
        summary="Record a fact about a unit",
        status_code=201,
        tags=["facts"],
        openapi_extra=based_on_rule(basis("E4")),
        responses=malformed,
    )
    async def record(body: FactBody, call: Annotated[RequestContext[Store], recording]) -> Fact:
        """It counts from now on against what the unit declares itself (E4), and stops what is under way (V10)."""
        fact = _fact(body, await _place(body, call), call)
        await call.authorize(fact)
        return await call.execute(handlers.record_fact, fact, resource=fact, reply=Fact)

    @routes.post(
        "/facts/{fact_id}/end",
        summary="End a recorded fact",
        tags=["facts"],
        openapi_extra=based_on_rule(basis("E4")),
        responses=malformed,
    )
    async def end(fact_id: str, body: EndBody, call: Annotated[RequestContext[Store], ending]) -> Fact:
        """By whoever recorded it, and by the region."""
        await call.authorize(await call.store.facts.require(fact_id))
        return await call.execute(handlers.end_fact, handlers.EndFact(fact_id, body.ended_on), reply=Fact)

    @routes.get("/facts", summary="List recorded facts", tags=["facts"])
    async def recorded(
        call: Annotated[RequestContext[Store], reading],
        uscc: Uscc | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[Fact]:
        where = and_filters(call.filter(), {} if uscc is None else {"uscc": uscc})
        return await call.page(call.store.facts, where, limit=limit, after=after)


def _lists(routes: APIRouter) -> None:
    @routes.post(
        "/prefecture-lists",
        summary="Record a prefecture list",
        status_code=201,
        tags=["lists"],
        openapi_extra=based_on_rule(basis("E10")),
        responses=refuses("list-malformed", status=422),
    )
    async def record(
        body: ListBody, call: Annotated[RequestContext[Store], Depends(Authorize(RECORD_LIST))]
    ) -> PrefectureList:
        """The region's applications draw on it (E10)."""
        recorded = _list(body, call)
        return await call.execute(handlers.record_prefecture_list, recorded, resource=recorded, reply=PrefectureList)

    @routes.get("/prefecture-lists", summary="List recorded prefecture lists", tags=["lists"])
    async def recorded(
        call: Annotated[RequestContext[Store], Depends(Authorize(READ_LIST))],
        prefecture: Prefecture | None = None,
        limit: Limit = DEFAULT_LIMIT,
        after: str | None = None,
    ) -> Page[PrefectureList]:
        where = {} if prefecture is None else {"prefecture": prefecture}
        return await call.page(call.store.prefecture_lists, where, limit=limit, after=after)


async def _place(body: FactBody, call: RequestContext[Store]) -> str | None:
    """The unit's own prefecture; of a unit that has submitted nothing yet, what is said, or the officer's own (P2)."""
    standing = await call.store.standings.get(body.uscc)
    known = standing.prefecture if standing else None
    return known or body.prefecture or call.actor.prefecture


def _fact(body: FactBody, prefecture: str | None, call: RequestContext[Store]) -> Fact:
    source, recorded_by = _recorder(call)
    return Fact(
        fact_id=call.new_id("fact-"),
        uscc=body.uscc,
        kind=body.kind,
        happened_on=body.happened_on,
        source=source,
        reference=body.source,
        prefecture=prefecture,
        recorded_by=recorded_by,
        ended_on=body.ended_on,
    )


def _recorder(call: RequestContext[Store]) -> tuple[FactSource, str | None]:
    """The office, not the person: officers come and go."""
    if Role.REGIONAL_OFFICER in call.actor.roles:
        return FactSource.OFFICER, REGION
    if Role.PREFECTURE_OFFICER in call.actor.roles:
        return FactSource.OFFICER, call.actor.prefecture
    return FactSource.AGENCY, call.actor.organisation


def _list(body: ListBody, call: RequestContext[Store]) -> PrefectureList:
    prefecture = body.prefecture or call.actor.prefecture
    if prefecture is None:
        wrong = reason("E10", "prefecture-missing", "未指明盟市", pointer="/prefecture")
        raise Refusal("list-malformed", wrong, status=422)
    if misfit := _misfit(body.units, prefecture):
        raise Refusal("list-malformed", misfit, status=422)
    list_id, (_, office) = call.new_id("list-"), _recorder(call)
    return PrefectureList(list_id, Prefecture(prefecture), body.document_number, body.published_on, body.units, office)


def _misfit(units: Sequence[UnitRef], prefecture: str) -> Reason | None:
    if strangers := [each.name for each in units if each.prefecture != prefecture]:
        return reason("E10", "other-prefecture", "名单中有其他盟市的单位", "、".join(strangers), "/units")
    if unnamed := [each.name for each in units if each.unit_type is UnitType.PARK and each.key == each.uscc]:
        text = "名单中的园区应填写首次登记的园区名称"
        return reason("E10", "park-name-missing", text, "、".join(unnamed), "/units")
    return None
