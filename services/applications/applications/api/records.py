"""Records of officers and agencies over HTTP: facts under Art. 12(5), and the prefectures' lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from chassis.handling import Refusal
from chassis.http import (
    DEFAULT_LIMIT,
    PROBLEMS,
    APIRouter,
    Authorize,
    Body,
    Cursor,
    Day,
    Key,
    Limit,
    Page,
    RequestContext,
    based_on_rule,
    filter_by,
    located_at,
    refuses,
)
from chassis.security import Denied, Policy, and_filters
from fastapi import Depends, Query
from messages.entries import DocumentNumber, EnteredUnit, EnteredUscc, Line
from messages.values import Prefecture, Reason, Role, UnitRef, UnitType, Uscc
from pydantic import Field
from rulebook import basis, reason, rules_on, shanghai_date

from applications.api.policies import END_FACT, READ_FACT, READ_LIST, RECORD_FACT, RECORD_LIST
from applications.domain.entitlement import not_entitled
from applications.domain.facts import REGION, Fact, FactKind, FactSource
from applications.domain.records import PrefectureList
from applications.handlers import records
from applications.store import Store

MAX_LIST_UNITS = 500
LISTS = 3
"""Lists in one answer, each with all its units: more would hold the event loop."""

ListLimit = Annotated[int, Query(ge=1, le=LISTS)]

router = APIRouter(responses=PROBLEMS)
RecordFacts = Annotated[RequestContext[Store], Depends(Authorize(RECORD_FACT))]
EndFacts = Annotated[RequestContext[Store], Depends(Authorize(END_FACT))]
ReadFacts = Annotated[RequestContext[Store], Depends(Authorize(READ_FACT))]
RecordLists = Annotated[RequestContext[Store], Depends(Authorize(RECORD_LIST))]
ReadLists = Annotated[RequestContext[Store], Depends(Authorize(READ_LIST))]


class FactBody(Body):
    uscc: EnteredUscc
    kind: FactKind
    happened_on: Day
    reference: Line
    """The record it rests on: a document, a public list."""
    ended_on: Day | None = None
    prefecture: Prefecture | None = None
    """Whose officers see it, while the unit has submitted nothing; an officer's own when absent."""


class EndBody(Body):
    ended_on: Day


class ListBody(Body):
    prefecture: Prefecture | None = None
    document_number: DocumentNumber
    published_on: Day
    units: Annotated[tuple[EnteredUnit, ...], Field(min_length=1, max_length=MAX_LIST_UNITS)]


@router.post(
    "/facts",
    summary="Record a fact about a unit",
    status_code=201,
    tags=["facts"],
    openapi_extra=based_on_rule(basis("E4")) | located_at("/v1/facts/{fact_id}"),
    responses=refuses("fact-malformed", status=422),
)
async def record_fact(body: FactBody, context: RecordFacts) -> Fact:
    """It counts from now on against what the unit declares itself (E4), and stops what is under way (V10)."""
    fact = _fact(body, await _prefecture(body, context), context)
    await _require_entitled(fact, RECORD_FACT, context)
    return await context.execute(
        records.record_fact,
        fact,
        resource=fact,
        prefetch=[("standings", fact.uscc)],
        prefetch_related=records.keys_of_fact,
        reply=Fact,
    )


@router.post(
    "/facts/{fact_id}/end",
    summary="End a recorded fact",
    tags=["facts"],
    openapi_extra=based_on_rule(basis("E4")),
    responses=refuses("fact-malformed", status=422),
)
async def end_fact(fact_id: Key, body: EndBody, context: EndFacts) -> Fact:
    """By whoever recorded it, and by the region."""
    found = await context.store.facts.require(fact_id)
    await context.authorize(found)
    await _require_entitled(found, END_FACT, context)
    return await context.execute(
        records.end_fact,
        records.EndFact(fact_id, body.ended_on),
        prefetch=[("facts", fact_id), ("standings", found.uscc)],
        prefetch_related=records.keys_of_ending,
        reply=Fact,
    )


@router.get("/facts", summary="List recorded facts", tags=["facts"])
async def list_facts(
    context: ReadFacts, uscc: Uscc | None = None, limit: Limit = DEFAULT_LIMIT, after: Cursor = None
) -> Page[Fact]:
    where = and_filters(context.filter(), filter_by(uscc=uscc))
    return await context.page(context.store.facts, where, limit=limit, after=after)


@router.get("/facts/{fact_id}", summary="Show a recorded fact", tags=["facts"])
async def get_fact(fact_id: Key, context: ReadFacts) -> Fact:
    found = await context.store.facts.require(fact_id)
    await context.authorize(found)
    return found


@router.post(
    "/prefecture-lists",
    summary="Record a prefecture list",
    status_code=201,
    tags=["lists"],
    openapi_extra=based_on_rule(basis("E10")) | located_at("/v1/prefecture-lists"),
    responses=refuses("list-malformed", status=422),
)
async def record_prefecture_list(body: ListBody, context: RecordLists) -> PrefectureList:
    """The region's applications draw on it (E10)."""
    command = _list(body, context)
    standings = [("standings", unit.uscc) for unit in command.units]
    return await context.execute(
        records.record_prefecture_list, command, resource=command, prefetch=standings, reply=PrefectureList
    )


@router.get("/prefecture-lists", summary="List recorded prefecture lists", tags=["lists"])
async def list_prefecture_lists(
    context: ReadLists, prefecture: Prefecture | None = None, limit: ListLimit = LISTS, after: Cursor = None
) -> Page[PrefectureList]:
    return await context.page(
        context.store.prefecture_lists, filter_by(prefecture=prefecture), limit=limit, after=after
    )


async def _prefecture(body: FactBody, context: RequestContext[Store]) -> str | None:
    """The unit's own; while it has submitted nothing, the one that the body names, or the officer's own (P2)."""
    standing = await context.store.standings.get(body.uscc)
    known = standing.prefecture if standing else None
    return known or body.prefecture or context.actor.prefecture


def _fact(body: FactBody, prefecture: str | None, context: RequestContext[Store]) -> Fact:
    source, recorded_by = _recorder(context)
    return Fact(
        fact_id=context.new_id("fact-"),
        uscc=body.uscc,
        kind=body.kind,
        happened_on=body.happened_on,
        source=source,
        reference=body.reference,
        prefecture=prefecture,
        recorded_by=recorded_by,
        ended_on=body.ended_on,
    )


def _recorder(context: RequestContext[Store]) -> tuple[FactSource, str | None]:
    """The office, not the person: officers come and go."""
    if Role.REGIONAL_OFFICER in context.actor.roles:
        return FactSource.OFFICER, REGION
    if Role.PREFECTURE_OFFICER in context.actor.roles:
        return FactSource.OFFICER, context.actor.prefecture
    return FactSource.AGENCY, context.actor.organisation


async def _require_entitled(fact: Fact, policy: Policy, context: RequestContext[Store]) -> None:
    """Refuse an agency a kind of fact that is not its own, to record or to end (X2); officers may know of any."""
    if _recorder(context)[0] is not FactSource.AGENCY:
        return
    rules = rules_on(shanghai_date(context.now))
    if (why := not_entitled(context.actor.organisation, fact.kind, rules)) is not None:
        raise await context.audit_denial(policy, Denied(why.rule, why.code, why.text, why.evidence))


def _list(body: ListBody, context: RequestContext[Store]) -> PrefectureList:
    prefecture = body.prefecture or context.actor.prefecture
    if prefecture is None:
        wrong = reason("E10", "prefecture-missing", "未指明盟市", pointer="/prefecture")
        raise Refusal("list-malformed", wrong, status=422)
    if problem := _list_problem(body.units, prefecture):
        raise Refusal("list-malformed", problem, status=422)
    list_id, (_, office) = context.new_id("list-"), _recorder(context)
    return PrefectureList(list_id, Prefecture(prefecture), body.document_number, body.published_on, body.units, office)


def _list_problem(units: Sequence[UnitRef], prefecture: str) -> Reason | None:
    if strangers := [each.name for each in units if each.prefecture != prefecture]:
        return reason("E10", "other-prefecture", "名单中有其他盟市的单位", "、".join(strangers), "/units")
    if unnamed := [each.name for each in units if each.unit_type is UnitType.PARK and each.key == each.uscc]:
        text = "名单中的园区应填写首次登记的园区名称"
        return reason("E10", "park-name-missing", text, "、".join(unnamed), "/units")
    return None
