"""Acts on lists: begun by a command, carried on step by step by a job, one at a time at a level."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from chassis.handling import Refusal
from messages.event import Event
from messages.values import Level

from registry.domain import refusals
from registry.domain.chain import ChainHead
from registry.domain.lines import HeldBack, HeldBackLine, PrintedLine
from registry.domain.list_acts import ActKind, ActRef, ListAct
from registry.domain.lists import AnnualList, YearLists
from registry.handlers.ports import Store

LINES_PER_STEP = 200
"""The most lines that one step, and so one transaction, deals with."""

REASONS_SHOWN = 100
"""Cases that a refusal names; all of them are rows of the act."""

Step: TypeAlias = Callable[[ListAct, Store, datetime], Awaitable[list[Event]]]


@dataclass(frozen=True)
class CarryOn:
    """The next step of an act; it has its effect once, whoever asks for it."""

    act_id: str
    step: int


async def carry_on(item: CarryOn, store: Store, now: datetime, steps: Mapping[ActKind, Step]) -> Sequence[Event]:
    act = await store.list_acts.require(item.act_id)
    if act.over or act.step != item.step:
        return []
    return await steps[act.kind](act, store, now)


async def chain_head_of(level: Level, store: Store) -> ChainHead:
    return await store.chain_heads.get(level.value) or ChainHead(level)


async def lists_of(level: Level, year: int, store: Store) -> YearLists:
    """Read all lists of a year in one query; corrections make some more than one or two."""
    return YearLists(level, year, tuple(await store.lists.find({"level": level, "year": year})))


def next_act_id(head: ChainHead) -> str:
    return f"act-{head.level.value}-{head.acts + 1}"


def begin(act: ListAct, head: ChainHead, store: Store) -> ActRef:
    store.list_acts.save(act.act_id, act)
    store.chain_heads.save(head.level.value, replace(head, act_id=act.act_id, acts=head.acts + 1))
    return ActRef(act.list_id, act.act_id)


async def act_under_way(head: ChainHead, store: Store) -> ListAct | None:
    return None if head.act_id is None else await store.list_acts.require(head.act_id)


def require_none_under_way(act: ListAct | None) -> None:
    if act is not None:
        raise refusals.act_under_way(act.act_id)


async def finish(act: ListAct, store: Store) -> None:
    """Let the next act begin."""
    head = await chain_head_of(act.level, store)
    store.list_acts.save(act.act_id, act)
    store.chain_heads.save(act.level.value, replace(head, act_id=None))


async def refusal_of(act: ListAct, store: Store) -> Refusal:
    """The answer to those who asked for an act that was withdrawn."""
    rows = await store.held_back_lines.find({"act_id": act.act_id}, sort=(("number", 1),), limit=REASONS_SHOWN)
    held_back = [each.held for each in rows]
    if act.code == "nothing-to-list":
        return refusals.nothing_to_list(held_back)
    return refusals.no_longer_holds(held_back, act.held_back)


def save_held_back(act: ListAct, held_back: Sequence[HeldBack], store: Store) -> int:
    """Save each as a row of the act; return how many it has now."""
    for number, each in enumerate(held_back, start=act.held_back + 1):
        line = HeldBackLine(act.act_id, number, each)
        store.held_back_lines.save(line.key, line)
    return act.held_back + len(held_back)


async def next_lines(act: ListAct, store: Store) -> list[PrintedLine]:
    """The lines after those that are done, in the order of print."""
    where = {"edition": act.edition, "number": {"$gt": act.done, "$lte": act.done + LINES_PER_STEP}}
    return await store.list_lines.find(where, sort=(("number", 1),))


def save_lines(lines: Sequence[PrintedLine], store: Store) -> None:
    for each in lines:
        store.list_lines.save(each.key, each)


async def list_of(act: ListAct, store: Store) -> AnnualList:
    return await store.lists.require(act.list_id)
