"""Records beside the applications: facts, the prefectures' lists, and moves of units."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done, Refusal
from messages.applications import UnitMoved
from messages.values import Prefecture
from rulebook import reason, shanghai_date

from applications.domain.facts import Fact
from applications.domain.organisation_status import Move
from applications.domain.records import PrefectureList
from applications.domain.refusals import refusal
from applications.handlers.eligibility_loss import keys_of_weighing, stop_ineligible
from applications.handlers.ports import Store, standing_of

SLICE = 50
"""Units of a list recorded in one go."""


@dataclass(frozen=True)
class EndFact:
    fact_id: str
    ended_on: date


@dataclass(frozen=True)
class MoveUnit:
    uscc: str
    prefecture: Prefecture
    document_number: str


@dataclass(frozen=True)
class UnitLocation:
    """The prefecture that a unit belongs to, and the moves by which it came there."""

    uscc: str
    prefecture: Prefecture
    moves: tuple[Move, ...]


async def record_fact(command: Fact, store: Store, now: datetime) -> Done:
    _refuse_future(command.happened_on, shanghai_date(now))
    if command.ended_on is not None:
        _refuse_reversed_days(command.happened_on, command.ended_on)
    store.facts.save(command.fact_id, command)
    standing = (await standing_of(command.uscc, store)).with_fact(command.fact_id)
    return Done(await stop_ineligible(standing, store, now), value=command)


async def end_fact(command: EndFact, store: Store, now: datetime) -> Done:
    """End a fact or correct its end: a later day may weigh on applications under way."""
    fact = await store.facts.require(command.fact_id)
    _refuse_reversed_days(fact.happened_on, command.ended_on)
    ended = replace(fact, ended_on=command.ended_on)
    store.facts.save(ended.fact_id, ended)
    return Done(await stop_ineligible(await standing_of(ended.uscc, store), store, now), value=ended)


async def keys_of_fact(command: Fact, store: Store) -> Iterable[tuple[str, str]]:
    return await keys_of_weighing(command.uscc, store)


async def keys_of_ending(command: EndFact, store: Store) -> Iterable[tuple[str, str]]:
    fact = await store.facts.get(command.fact_id)
    return await keys_of_weighing(fact.uscc, store) if fact else ()


async def record_prefecture_list(command: PrefectureList, store: Store, now: datetime) -> Done:
    """Record the list; each unit on it may be put forward to the region (E10)."""
    if command.published_on > shanghai_date(now):
        found = command.published_on.isoformat()
        wrong = reason("E10", "not-published-yet", "名单发布日期晚于今日", found, "/published_on")
        raise Refusal("list-malformed", wrong, status=422)
    for place, unit in enumerate(command.units):
        standing = (await standing_of(unit.uscc, store)).with_listing(command.listing_of(unit))
        store.standings.save(standing.uscc, standing)
        if place % SLICE == SLICE - 1:
            await asyncio.sleep(0)  # a whole list at once would hold the event loop
    store.prefecture_lists.save(command.list_id, command)
    return Done(value=command)


async def move_unit(command: MoveUnit, store: Store, now: datetime) -> Done:
    """Move the unit: its next applications go there, those under way go on where they were submitted (V1)."""
    standing = await store.standings.require(command.uscc)
    former = standing.prefecture
    if former is None or former is command.prefecture:
        text = "申报单位尚未提交过申报，或已由该盟市管辖"
        raise refusal("V1", "nothing-to-move", text, former, pointer="/prefecture")
    move = Move(former, command.prefecture, command.document_number, shanghai_date(now))
    moved = standing.with_move(move)
    store.standings.save(moved.uscc, moved)
    event = UnitMoved(
        uscc=moved.uscc,
        former=former,
        prefecture=command.prefecture,
        moved_on=move.recorded_on,
        document_number=command.document_number,
    )
    return Done([event], value=UnitLocation(moved.uscc, command.prefecture, moved.moves))


def _refuse_future(happened: date, today: date) -> None:
    if happened > today:
        wrong = reason("E4", "not-happened-yet", "发生日期晚于今日", happened.isoformat(), "/date")
        raise Refusal("fact-malformed", wrong, status=422)


def _refuse_reversed_days(began: date, ended: date) -> None:
    if ended < began:
        text = "结束日期早于发生日期"
        wrong = reason("E4", "ends-before-it-began", text, f"{began}至{ended}", "/ended")
        raise Refusal("fact-malformed", wrong, status=422)
