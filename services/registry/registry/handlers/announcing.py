"""Announces a closed list: prepared in steps, in effect as a whole by one commit, then entered in steps (L3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from chassis.handling import Done, TransientError
from messages.event import Event
from messages.values import Level
from rulebook import shanghai_date

from registry.domain import refusals
from registry.domain.chain import announce
from registry.domain.clearances import ClearanceState
from registry.domain.eligibility import check_candidates
from registry.domain.lines import HeldBack
from registry.domain.list_acts import ActKind, ActRef, ActState, ListAct
from registry.domain.listings import Listing
from registry.domain.lists import AnnualList, announced_event, announcement_of
from registry.handlers import entering, preparing
from registry.handlers.checking import candidates_of
from registry.handlers.list_acts import (
    LINES_PER_STEP,
    act_under_way,
    begin,
    chain_head_of,
    list_of,
    lists_of,
    next_act_id,
    require_none_under_way,
)
from registry.handlers.ports import Store

UNSETTLED_AT_ONCE = 500
"""Assessors sanctioned within the longest life of a transaction; more of them are waited for."""
BY_ASSESSOR = (("assessor.uscc", 1),)


@dataclass(frozen=True)
class AnnounceList:
    level: Level
    year: int
    document_number: str
    list_id: str | None = None
    """The list that is meant; when none is named the one that waits, or else the one with that number."""


async def begin_announcing(command: AnnounceList, store: Store, now: datetime) -> Done:
    """Begin to announce the closed list; the same list again under the same number changes nothing.

    The head of the chain is written, so that of two who begin at once one finds the other's act.
    """
    head = await chain_head_of(command.level, store)
    act = await act_under_way(head, store)
    if act is not None and _is_same(act, command):
        return Done(value=ActRef(act.list_id, act.act_id))
    year_lists = await lists_of(command.level, command.year, store)
    pending = year_lists.pending
    meant = command.list_id or (pending.list_id if pending else None)
    if (known := year_lists.announced_under(command.document_number)) is not None:
        return _reply_to_repetition(known, meant)
    require_none_under_way(act)
    await _require_unused_number(command, store)
    if pending is None or pending.list_id != meant:
        raise refusals.nothing_to_announce(command.year)
    new = ListAct(
        act_id=next_act_id(head),
        kind=ActKind.ANNOUNCE,
        list_id=pending.list_id,
        level=command.level,
        year=command.year,
        day=shanghai_date(now),
        total=pending.lines,
        edition=pending.edition,
        document_number=command.document_number,
        number=head.last_number + 1,
    )
    return Done(value=begin(new, head, store))


async def carry_on_announcing(act: ListAct, store: Store, now: datetime) -> list[Event]:
    """Take the next step: prepare, take effect, enter; or withdraw what was prepared."""
    if act.state is ActState.APPLYING:
        return await entering.enter_lines(act, store, now)
    if act.state is ActState.WITHDRAWING:
        return await preparing.withdraw_lines(act, store, now)
    if act.done < act.total:
        return await preparing.prepare_lines(act, store)
    return await _take_effect(act, store, shanghai_date(now))


async def _take_effect(act: ListAct, store: Store, today: date) -> list[Event]:
    """Announce the list by one commit: from now on every reader sees all that was prepared.

    A ban, a sanction or the end of a case that was committed since its line was checked is found by an index; then
    all lines are checked again, to name every unit concerned, and the act is withdrawn. One that is committed at this
    very moment counts as coming after the announcement.
    """
    if act.held_back or act.day != today:
        _begin_to_withdraw(act, store, again=not act.held_back)
        return []
    if await _struck_since(act, store):
        store.list_acts.save(act.act_id, act.stepped(done=0, checks_only=True))
        return []
    head = await chain_head_of(act.level, store)
    result = announce(await list_of(act, store), head, act.document_number or "", act.day)
    announcement = announcement_of(result)
    store.lists.save(result.list_id, result)
    after = replace(head, last_number=announcement.number, last_digest=announcement.digest)
    store.chain_heads.save(act.level.value, after)
    store.list_acts.save(act.act_id, act.stepped(state=ActState.APPLYING, done=0))
    return [announced_event(result)]


def _begin_to_withdraw(act: ListAct, store: Store, *, again: bool) -> None:
    store.list_acts.save(act.act_id, act.stepped(state=ActState.WITHDRAWING, done=0, again=again))


async def _struck_since(act: ListAct, store: Store) -> tuple[HeldBack, ...]:
    """Those that no longer hold among the cases that something happened to since they were checked."""
    dropped = await store.clearances.find(
        {"edition": act.edition, "state": ClearanceState.DROPPED}, limit=LINES_PER_STEP
    )
    banned = await store.listings.find({"list_number": act.number, "struck": True}, limit=LINES_PER_STEP)
    sanctioned = await _titles_on_unsettled_reports(act, store)
    ids = sorted({each.case_id for each in dropped} | {each.case_id for each in (*banned, *sanctioned)})
    cases = await store.clearances.find({"_id": {"$in": ids}}) if ids else []
    head = await chain_head_of(act.level, store)
    return check_candidates(await candidates_of(cases, act.level, head.last_number, store), act.day).held_back


async def _titles_on_unsettled_reports(act: ListAct, store: Store) -> list[Listing]:
    """The titles prepared on reports of assessors sanctioned or cleared so lately that a check may have missed it."""
    unsettled = await store.assessors.find(
        {"settling.due": {"$ne": None}}, sort=(("settling.due", 1),), limit=UNSETTLED_AT_ONCE
    )
    if len(unsettled) == UNSETTLED_AT_ONCE:
        raise TransientError("too many assessors are being settled; the list takes effect after them")
    on_reports = {"assessor.uscc": {"$in": [each.uscc for each in unsettled]}, "list_number": act.number}
    return await store.listings.find(on_reports, sort=BY_ASSESSOR, limit=LINES_PER_STEP) if unsettled else []


def _is_same(act: ListAct, command: AnnounceList) -> bool:
    meant = command.list_id in {None, act.list_id}
    return meant and (act.kind, act.year, act.document_number) == (
        ActKind.ANNOUNCE,
        command.year,
        command.document_number,
    )


def _reply_to_repetition(known: AnnualList, meant: str | None) -> Done:
    if meant not in {None, known.list_id}:
        raise refusals.document_number_used(announcement_of(known).document_number)
    return Done(value=ActRef(known.list_id, None))


async def _require_unused_number(command: AnnounceList, store: Store) -> None:
    where = {"level": command.level, "announcement.document_number": command.document_number}
    if await store.lists.find(where, limit=1):
        raise refusals.document_number_used(command.document_number)
