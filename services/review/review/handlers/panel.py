"""Experts and panels: registered, drawn or named, and replaced when a conflict is declared (V5)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done, Refusal, require_current_version
from messages.event import Event
from messages.review import Stage
from messages.values import Level, Reason
from rulebook import reason, rules_of, shanghai_date

from review.domain import panel
from review.domain.case import JUDGED, OPEN_SEATS, Case, Panel, stage_before
from review.domain.expert import Declaration, EarlierEvaluation, Expert, conflicts
from review.domain.panel import Pool
from review.domain.ranking import batch_id
from review.domain.record import ActorRef, Transition
from review.domain.refusals import malformed, require_next_stage, require_region
from review.handlers.loading import CurrentCase, find_cases, load_case
from review.handlers.ports import Store
from review.handlers.transitions import apply_act

CASES_PER_COMMAND = 100
"""The most cases of a batch that one command appoints panels for."""


@dataclass(frozen=True)
class RegisterExpert:
    expert_id: str
    employer: str
    groups: tuple[str, ...]
    evaluated: tuple[EarlierEvaluation, ...]
    by: ActorRef
    expected_version: int | None = None
    """The version of the entry that the caller has read; none where it does not matter."""


@dataclass(frozen=True)
class DeclareConflict:
    expert_id: str
    uscc: str
    """Of the unit or the assessor; empty where only the name is known, as of a group."""
    text: str
    by: ActorRef
    name: str = ""


@dataclass(frozen=True)
class AppointPanel:
    case_id: str
    experts: tuple[str, ...]
    """Named by the review organisation, the chair first; empty: drawn."""
    by: ActorRef


@dataclass(frozen=True)
class AppointPanels:
    level: Level
    batch_year: int
    by: ActorRef
    after: str = ""
    """The ``next`` of the command before; empty: from the first case."""


@dataclass(frozen=True)
class PanelAppointment:
    case_id: str
    experts: tuple[str, ...]
    chair: str


@dataclass(frozen=True)
class Appointments:
    appointed: tuple[PanelAppointment, ...]
    impossible: tuple[str, ...]
    """Cases for which too few experts are free of conflict."""
    next: str | None = None
    """The case after which the next command goes on; None when this was the last share of the batch."""


async def register_expert(command: RegisterExpert, store: Store, now: datetime) -> Done:
    """Register or update an expert; declarations stay, and a new conflict may cost a seat."""
    known = await store.experts.get(command.expert_id) or Expert(command.expert_id, command.employer)
    stale = reason("V5", "version-stale", "专家的登记在读取后已被修改，请重新读取")
    require_current_version(command.expected_version, store.experts.version(command.expert_id), stale)
    expert = known.with_registration(command.employer, command.groups, command.evaluated)
    return await _give_up_seats(expert, command.by, store, now)


async def declare_conflict(command: DeclareConflict, store: Store, now: datetime) -> Done:
    """Store the declaration for ever, whomever it is about."""
    if not command.uscc and not command.name.strip():
        text = "应当写明与哪一单位、第三方服务机构或集团存在利益关系"
        raise malformed(reason("V5", "conflict-with-nobody", text, pointer="/uscc"))
    expert = await store.experts.require(command.expert_id)
    declared = Declaration(command.uscc, command.text, shanghai_date(now), command.name)
    expert = replace(expert, declared=(*expert.declared, declared))
    return await _give_up_seats(expert, command.by, store, now)


async def _give_up_seats(expert: Expert, by: ActorRef, store: Store, now: datetime) -> Done:
    """Pass on the seats on cases that the expert may not judge; flag cases that are scored already."""
    today, events = shanghai_date(now), list[Event]()
    mine = {"panel.experts": expert.expert_id, "state": {"$in": [*OPEN_SEATS, *JUDGED]}}
    for current in await find_cases(mine, store, today):
        case, rules = current.case, rules_of(current.case.rule_set)
        if case.ended or not conflicts(expert, case, rules.panel.conflict_years, today):
            continue
        if case.state in OPEN_SEATS:
            events += apply_act(store, current, [await _pass_on(case, expert, store, today)], by, now)
            expert = expert.without_seat(case)
        else:
            events += apply_act(store, current, panel.flag_conflict(case, expert, rules, today), by, now)
    store.experts.save(expert.expert_id, expert)
    return Done(events, expert)


async def _pass_on(case: Case, leaving: Expert, store: Store, today: date) -> Transition:
    transition = panel.replace_expert(case, leaving, await _pool(case, store), today)
    await _release(_members(case) - _members(transition.case) - {leaving.expert_id}, case, store)
    await _seat(_members(transition.case) - _members(case), transition.case, store)
    return transition


def _members(case: Case) -> set[str]:
    return set(case.panel.experts) if case.panel else set()


async def appoint_panel(command: AppointPanel, store: Store, now: datetime) -> Done:
    today = shanghai_date(now)
    current = await load_case(command.case_id, store, today)
    case = current.case
    require_region(case.level)
    require_next_stage(case, "V5", Stage.PANEL_APPOINTED)
    if command.experts:
        seats, seed = await _name_panel(case, command.experts, store, today), ""
    else:
        seats, seed = await _draw_panel(case, store, today)
    events = apply_act(store, current, [panel.appoint_panel(case, seats, seed)], command.by, now)
    await _seat(seats.experts, case, store)
    return Done(events, PanelAppointment(case.case_id, seats.experts, seats.chair))


async def _name_panel(case: Case, names: Sequence[str], store: Store, today: date) -> Panel:
    found = [(name, await store.experts.get(name)) for name in names]
    unknown = [name for name, expert in found if expert is None]
    if unknown:
        raise malformed(*(_unknown_expert(name) for name in unknown))
    experts = [expert for _, expert in found if expert is not None]
    return panel.name_panel(case, experts, rules_of(case.rule_set), today)


async def _draw_panel(case: Case, store: Store, today: date) -> tuple[Panel, str]:
    pool = await _pool(case, store)
    seats = panel.draw_panel(case, pool, today)
    if seats is None:
        raise Refusal("experts-too-few", panel.too_few_experts(case, pool.rules))
    return seats, pool.seed


async def appoint_panels(command: AppointPanels, store: Store, now: datetime) -> Done:
    """Draw panels for the next forwarded cases of the batch; one without enough experts does not stop the others."""
    require_region(command.level)
    today = shanghai_date(now)
    page = await _forwarded_cases(command, store, today)
    pool = await _pool(page[0].case, store) if page else None
    events, done, impossible = list[Event](), list[PanelAppointment](), list[str]()
    for current in page:
        case = current.case
        if pool is None or case.state is not _BEFORE_PANEL or case.suspended_by is not None:
            continue
        await asyncio.sleep(0)  # others go on between the lots of two cases
        pool = replace(pool, rules=rules_of(case.rule_set))
        if (seats := panel.draw_panel(case, pool, today)) is None:
            impossible.append(case.case_id)
            continue
        events += apply_act(store, current, [panel.appoint_panel(case, seats, pool.seed)], command.by, now)
        pool = pool.with_panel(seats, case)
        done.append(PanelAppointment(case.case_id, seats.experts, seats.chair))
    seated = {name for each in done for name in each.experts}
    for expert in (each for each in (pool.experts if pool else ()) if each.expert_id in seated):
        store.experts.save(expert.expert_id, expert)
    following = page[-1].case.case_id if len(page) == CASES_PER_COMMAND else None
    return Done(events, Appointments(tuple(done), tuple(impossible), following))


_BEFORE_PANEL = stage_before(Stage.PANEL_APPOINTED)


async def _forwarded_cases(command: AppointPanels, store: Store, today: date) -> list[CurrentCase]:
    where = {"level": command.level, "batch_year": command.batch_year, "state": _BEFORE_PANEL}
    following = {**where, "_id": {"$gt": command.after}}
    return await find_cases(following, store, today, limit=CASES_PER_COMMAND)


async def _pool(case: Case, store: Store) -> Pool:
    batch = await store.batches.require(batch_id(case.level, case.batch_year))
    return Pool(tuple(await store.experts.find()), rules_of(case.rule_set), batch.seed)


async def _seat(names: Iterable[str], case: Case, store: Store) -> None:
    for name in names:
        expert = await store.experts.require(name)
        store.experts.save(name, expert.with_seat(case))


async def _release(names: Iterable[str], case: Case, store: Store) -> None:
    for name in names:
        expert = await store.experts.require(name)
        store.experts.save(name, expert.without_seat(case))


def _unknown_expert(name: str) -> Reason:
    return reason("V5", "expert-unknown", "专家库中没有该专家", evidence=name, pointer="/experts")
