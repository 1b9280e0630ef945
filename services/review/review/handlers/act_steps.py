"""The steps of every kind of act: what each needs, how it is taken, and who may stop it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from messages.event import Event

from review.domain.act import UNFINISHED, WITH_DISJOINT_STEPS, Act, ActKind, ActState, ActStep, halt_act
from review.domain.ranking import RankedBatch
from review.handlers import notice_steps, ranking_steps
from review.handlers.acts import STEP, StepOutcome, end_act, unhurried
from review.handlers.ports import Store
from review.handlers.transitions import apply_transitions

Take = Callable[[Act, ActStep, Store, datetime], Awaitable[StepOutcome]]

STEPS: Mapping[tuple[ActKind, ActState], Take] = MappingProxyType(
    {
        ("ranking", ActState.COLLECTING): ranking_steps.collect_values,
        ("ranking", ActState.COMPUTING): ranking_steps.record_result,
        ("ranking", ActState.APPLYING): ranking_steps.apply_ranking,
        ("ranking", ActState.SEALING): ranking_steps.record_ranking,
        ("ranking", ActState.PUBLISHING): ranking_steps.publish_closings,
        ("ranking", ActState.DISCARDING): ranking_steps.discard_values,
        ("notice", ActState.APPLYING): notice_steps.show_cases,
        ("notice", ActState.SEALING): notice_steps.record_notice,
        ("notice", ActState.PUBLISHING): notice_steps.publish_showings,
        ("notice", ActState.DISCARDING): ranking_steps.discard_values,
        ("conclusion", ActState.APPLYING): notice_steps.clear_cases,
        ("conclusion", ActState.SEALING): notice_steps.record_conclusion,
        ("conclusion", ActState.PUBLISHING): notice_steps.publish_clearings,
    }
)


class Rankings:
    """The ranking that this process is applying, so that it is computed once and not for every step."""

    def __init__(self) -> None:
        self._last: RankedBatch | None = None

    async def of(self, act: Act, store: Store) -> RankedBatch:
        """Return the ranking of an act; after a restart it is computed again from the values collected."""
        known = self._last
        if known is None or known.ranking.act != act.act_id or known.ranking.digest != act.result.digest:
            known = await self.compute(act, store)
        return known

    async def compute(self, act: Act, store: Store) -> RankedBatch:
        self._last = await ranking_steps.compute_ranking(act, store)
        return self._last

    def forget(self) -> None:
        self._last = None


_rankings = Rankings()


async def next_steps(store: Store, _now: datetime) -> Sequence[ActStep]:
    """Return the next step of every act under way, with what is computed for it outside its transaction."""
    acts = await store.acts.find({"state": {"$in": [*UNFINISHED]}, "halted": False})
    if not any(act.state is ActState.APPLYING for act in acts):
        _rankings.forget()
    return [await _prepare(act, store) for act in acts]


async def following_step(step: ActStep, store: Store, _now: datetime) -> ActStep | None:
    """Return the step after one that may not be saved yet; None where it rests on rows that this one wrote."""
    act = await store.acts.require(step.act_id)
    if act.halted or act.state is not step.state or act.state not in WITH_DISJOINT_STEPS:
        return None
    return await _prepare(act, store)


async def _prepare(act: Act, store: Store) -> ActStep:
    step = ActStep(act.act_id, act.steps, act.state)
    match act.kind, act.state:
        case "ranking", ActState.COMPUTING:
            return replace(step, result=(await _rankings.compute(act, store)).ranking)
        case "ranking", ActState.APPLYING:
            ranked = await _rankings.of(act, store)
            lines = ranked.lines[act.applied : act.applied + STEP]
            return replace(step, result=ranked.ranking.digest, lines=lines)
        case "ranking", ActState.SEALING:
            return replace(step, result=await ranking_steps.verify_ranking(act.result, store))
        case "notice", ActState.SEALING:
            return replace(step, result=await notice_steps.seal_list(act, store))
        case _:
            return step


async def take_step(step: ActStep, store: Store, now: datetime) -> list[Event]:
    """Take one step of an act; one that cannot be taken stops the act with the reason, and nothing else is changed."""
    act = await store.acts.require(step.act_id)
    if act.steps != step.number or act.halted or act.finished:
        return []
    try:
        outcome = await STEPS[act.kind, act.state](act, step, store, now)
    except (ArithmeticError, LookupError, TypeError, ValueError) as problem:
        store.acts.save(act.act_id, halt_act(act, f"{type(problem).__name__}: {problem}"))
        return []
    async for transitions in unhurried(outcome.transitions):
        apply_transitions(store, transitions, act.by, now)
    async for save in unhurried(outcome.saves):
        save()
    after = replace(outcome.act, steps=act.steps + 1)
    store.acts.save(act.act_id, after)
    if after.finished:
        await end_act(after, store)
    return list(outcome.events)
