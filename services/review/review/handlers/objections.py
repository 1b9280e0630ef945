"""The desk of objections: lodged, received or not, decided (V9, V18)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.handling import Done
from messages.event import Event
from rulebook import shanghai_date

from review.domain import notice, objection
from review.domain.objection import Objection, OpenObjection, Statement
from review.domain.record import ActorRef
from review.domain.refusals import refusal
from review.handlers.loading import find_cases, load_case
from review.handlers.ports import Store
from review.handlers.transitions import apply_act


@dataclass(frozen=True)
class LodgeObjection:
    objection_id: str
    notice_id: str
    case_id: str
    facts: str
    name: str
    contact: str
    by: ActorRef

    @property
    def place(self) -> str:
        """Return the key of the one objection that the person may have open against the case."""
        return objection.open_objection_key(self.case_id, self.by.subject)


@dataclass(frozen=True)
class DecideReceipt:
    notice_id: str
    objection_id: str
    received: bool
    text: str
    by: ActorRef


@dataclass(frozen=True)
class ResolveObjection:
    notice_id: str
    objection_id: str
    upheld: bool
    text: str
    by: ActorRef


@dataclass(frozen=True)
class NoteOverdueReceipt:
    objection_id: str


@dataclass(frozen=True)
class ObjectionReceipt:
    """The answer to the objector; it holds nothing that others could use."""

    objection_id: str
    notice_id: str
    case_id: str
    state: str


async def lodge_objection(command: LodgeObjection, store: Store, now: datetime) -> Done:
    """Keep the objection as a row of its own; the case is not written, and its event is the day's first (V18)."""
    today = shanghai_date(now)
    shown_in = await store.notices.require(command.notice_id)
    found = await find_cases({"_id": command.case_id}, store, today)
    if not found:
        raise objection.not_in_notice(command.case_id)
    case = found[0].case
    stated = Statement(command.objection_id, command.case_id, command.facts, command.name, command.contact)
    lodged = objection.lodge(stated, case, shown_in, command.by, today)
    objection.require_none_open(await store.open_objections.get(command.place))
    same_day = await store.objections.find({"case_id": case.case_id, "lodged_on": today}, limit=1)
    store.objections.save(lodged.objection_id, lodged)
    store.open_objections.save(lodged.place, OpenObjection(lodged.objection_id))
    return Done([] if same_day else [objection.lodged_event(case, lodged)], _receipt(lodged))


async def decide_receipt(command: DecideReceipt, store: Store, now: datetime) -> Done:
    """Receive the objection, from when on its case waits, or do not receive it, with reasons."""
    today = shanghai_date(now)
    lodged = await _load_objection(command, store)
    decided = objection.decide_receipt(lodged, received=command.received, text=command.text, today=today)
    current = await load_case(decided.case_id, store, today)
    transition = objection.record_receipt(current.case, decided, today)
    _save(decided, store)
    return Done(apply_act(store, current, [transition], command.by, now), _receipt(decided))


async def resolve_objection(command: ResolveObjection, store: Store, now: datetime) -> Done:
    """Decide once, with reasons; after the notice a case with nothing else open is cleared."""
    today = shanghai_date(now)
    received = await _load_objection(command, store)
    decided = objection.decide(received, upheld=command.upheld, text=command.text, today=today)
    _save(decided, store)
    current = await load_case(decided.case_id, store, today)
    transitions = objection.resolve(current.case, decided, today)
    transitions += notice.clear_if_unopposed(transitions[-1].case, await store.notices.get(decided.notice_id), today)
    return Done(apply_act(store, current, transitions, command.by, now), _receipt(decided))


async def note_overdue_receipt(command: NoteOverdueReceipt, store: Store, now: datetime) -> list[Event]:
    """Note that the due day has passed, unless somebody has decided since the poll; the region is told once a day."""
    today = shanghai_date(now)
    waiting = await store.objections.require(command.objection_id)
    if not objection.receipt_overdue(waiting, today):
        return []
    noted = await store.objections.find({"notice_id": waiting.notice_id, "overdue_on": today}, limit=1)
    store.objections.save(waiting.objection_id, replace(waiting, overdue_on=today))
    shown_in = await store.notices.require(waiting.notice_id)
    return [] if noted else [objection.overdue_event(waiting, shown_in, today)]


async def _load_objection(command: DecideReceipt | ResolveObjection, store: Store) -> Objection:
    found = await store.objections.require(command.objection_id)
    if found.notice_id != command.notice_id:
        raise refusal("V9", "not-in-notice", "该异议不属于本次公示", evidence=command.objection_id, status=404)
    objection.require_another(found, command.by)
    return found


def _save(decided: Objection, store: Store) -> None:
    """Save a decision; one that ends the objection gives its place back."""
    store.objections.save(decided.objection_id, decided)
    if decided.state != "received":
        store.open_objections.remove(decided.place)


def _receipt(lodged: Objection) -> ObjectionReceipt:
    return ObjectionReceipt(lodged.objection_id, lodged.notice_id, lodged.case_id, lodged.state)
