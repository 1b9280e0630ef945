"""Jobs: carry on what is under way on a list, bring titles to the newest word on their assessor, reconcile."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from chassis.scheduling import Job
from messages.event import Event
from messages.values import Level

from registry.domain.list_acts import ActKind
from registry.domain.reconciliation import Reconciliation
from registry.handlers.announcing import carry_on_announcing
from registry.handlers.assessors import UpdateFlags, update_flags
from registry.handlers.closing import carry_on_closing
from registry.handlers.list_acts import CarryOn, carry_on
from registry.handlers.reconciliation import RECONCILIATION, REST, CheckPage, check_page
from registry.store import Store

ASSESSORS_PER_POLL = 20
STEPS = MappingProxyType({ActKind.CLOSE: carry_on_closing, ActKind.ANNOUNCE: carry_on_announcing})
ACT_INTERVAL = timedelta(milliseconds=250)
"""Somebody waits for the answer; the scheduler asks again at once while there are steps."""


async def acts_under_way(store: Store, _now: datetime) -> Sequence[CarryOn]:
    """The next step of the act under way at each level."""
    heads = await store.chain_heads.find({"_id": {"$in": list(Level)}})
    under_way = [each.act_id for each in heads if each.act_id is not None]
    acts = await store.list_acts.find({"_id": {"$in": under_way}})
    return [CarryOn(each.act_id, each.step) for each in acts if not each.over]


async def take_step(item: CarryOn, store: Store, now: datetime) -> Sequence[Event]:
    return await carry_on(item, store, now, STEPS)


async def following_step(item: CarryOn, store: Store, _now: datetime) -> CarryOn | None:
    """Return the step after one that may not be saved yet; None where it rests on rows that this one wrote."""
    act = await store.list_acts.require(item.act_id)
    return CarryOn(act.act_id, act.step) if act.next_lines_are_others else None


async def assessors_to_settle(store: Store, now: datetime) -> Sequence[UpdateFlags]:
    found = await store.assessors.find(
        {"settling.due": {"$lte": now}}, sort=[("settling.due", 1)], limit=ASSESSORS_PER_POLL
    )
    return [UpdateFlags(each.uscc, each.settling.rounds) for each in found]


async def next_page(store: Store, now: datetime) -> Sequence[CheckPage]:
    reconciliation = await store.reconciliations.get(RECONCILIATION) or Reconciliation()
    step = reconciliation.next_step(now, REST)
    return [] if step is None else [CheckPage(step.started_at, step.phase, step.after)]


JOBS = (
    Job(
        "carry-on-lists",
        acts_under_way,
        lambda item: f"{item.act_id}:{item.step}",
        take_step,
        every=ACT_INTERVAL,
        following=following_step,
    ),
    Job("update-flags", assessors_to_settle, lambda item: f"{item.uscc}:{item.round}", update_flags),
    Job(
        "reconcile",
        next_page,
        lambda item: f"{item.started_at.isoformat()}:{item.phase}:{item.after}",
        check_page,
        prefetch=lambda _: [("reconciliations", RECONCILIATION)],
    ),
)
