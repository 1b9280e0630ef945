"""Acts on a whole batch: begun by a command, then taken step by step, each step a transaction of bounded size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from chassis.handling import Done
from messages.event import Event
from rulebook import shanghai_date

from review.domain.act import RULES, UNDECIDED, UNFINISHED, Act, continue_act
from review.domain.record import ActorRef, Transition
from review.domain.refusals import refusal
from review.handlers.loading import CurrentCase, find_cases
from review.handlers.ports import Store

STEP = 200
"""Cases that one step changes, in one transaction."""
MOST_UNDER_WAY = 100
CASES_WITHOUT_PAUSE = 20
"""Cases after which a step lets the event loop go on with other work."""
T = TypeVar("T")


@dataclass(frozen=True)
class ActReceipt:
    """The answer to a command that begins an act or has it continued."""

    act_id: str


@dataclass(frozen=True)
class ContinueAct:
    act_id: str
    by: ActorRef


@dataclass(frozen=True)
class StepOutcome:
    """Everything that one step changes; nothing is saved before all of it is known."""

    act: Act
    transitions: Sequence[Sequence[Transition]] = ()
    """The transitions of each case; of their events only those in ``events`` are published."""
    saves: Sequence[Callable[[], object]] = ()
    """Whatever is saved or removed beside the cases of ``transitions``."""
    events: Sequence[Event] = ()


async def begin_act(act: Act, store: Store) -> Done:
    """Begin an act, unless another one on the batch is under way."""
    batch = await store.batches.require(act.batch)
    if batch.act is not None:
        text = "该批次另有事项正在办理，办结后方可进行此项操作"
        raise refusal(RULES[act.kind], "act-under-way", text, evidence=batch.act)
    store.batches.save(batch.batch_id, replace(batch, act=act.act_id))
    store.acts.save(act.act_id, act)
    return Done(value=ActReceipt(act.act_id))


async def end_act(act: Act, store: Store) -> None:
    """Free the batch for the next act."""
    batch = await store.batches.require(act.batch)
    store.batches.save(batch.batch_id, replace(batch, act=None))


async def have_act_continued(command: ContinueAct, store: Store, _now: datetime) -> Done:
    """Let an act go on that stopped for a reason which somebody has removed."""
    act = await store.acts.require(command.act_id)
    store.acts.save(act.act_id, continue_act(act))
    return Done(value=ActReceipt(act.act_id))


async def acts_under_way(store: Store) -> Sequence[Act]:
    """Return the acts that have not ended; a batch has one at most, of few batches that are open."""
    return await store.acts.find({"state": {"$in": [*UNFINISHED]}}, limit=MOST_UNDER_WAY)


async def undecided_acts(store: Store) -> frozenset[str]:
    """Return the acts whose changes readers do not see yet; hardly ever is there one."""
    return frozenset(act.act_id for act in await store.acts.find({"state": {"$in": [*UNDECIDED]}}))


def rows_after(prefix: str, cursor: str) -> dict[str, object]:
    """Return the filter of rows whose keys begin with ``prefix:``, after the one of ``cursor``."""
    return {"_id": {"$gt": f"{prefix}:{cursor}", "$lt": f"{prefix};"}}


async def cases_by_id(case_ids: Iterable[str], store: Store, now: datetime) -> dict[str, CurrentCase]:
    """Return cases as the newest word on assessor and unit has them.

    One that this word changes is left to the job that settles it: no act selects, shows or clears it meanwhile.
    """
    found = await find_cases({"_id": {"$in": list(case_ids)}}, store, shanghai_date(now))
    return {current.case.case_id: current for current in found}


async def unhurried(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield the items, with a pause for the event loop after every few."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % CASES_WITHOUT_PAUSE == 0:
            await asyncio.sleep(0)
