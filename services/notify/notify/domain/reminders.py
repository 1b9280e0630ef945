"""The ladder of reminders: 30, 7 and 1 day(s) before the last day of any duty, none once it is met (N3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from messages.duties import Duty, DutyMetFacts, DutyOpenedFacts, DutyOverdueFacts
from messages.values import Role


@dataclass(frozen=True)
class DutyReminder:
    """One duty as far as it was heard of, in whatever order; any of its facts tells what it is and when it is due."""

    key: str
    duty_id: str
    opened_type: str
    """Type of the event that opens it: what its texts are found by."""
    kind: str
    holder: str
    holder_role: Role
    holder_name: str
    year: int
    due: date
    article: str
    heard: int
    """Sequence of the newest fact heard of it."""
    opened_on: date | None = None
    provisional: bool = False
    days_before: tuple[int, ...] = ()
    """Steps of the ladder, of the rule set in force when it was opened (G2)."""
    reached: int | None = None
    """The last step that was told, in days before the due day."""
    met_on: date | None = None
    overdue_on: date | None = None
    next_on: date | None = None
    """The day on which the next reminder is due; none when none is."""


def key_of(owner: str, duty: Duty) -> str:
    """Each owner gives identifiers of its own."""
    return f"{owner}:{duty.duty_id}"


def with_fact(
    known: DutyReminder | None, owner: str, sequence: int, fact: Duty, days_before: tuple[int, ...]
) -> DutyReminder:
    """What is known with one more fact; the newest one tells the due day, and a moved one starts the ladder anew."""
    deadline = known or _of(owner, fact)
    if sequence >= deadline.heard:
        deadline = _with_newest(deadline, sequence, fact)
    match fact:
        case DutyOpenedFacts():
            deadline = replace(
                deadline, opened_on=fact.opened_on, provisional=fact.provisional, days_before=days_before
            )
        case DutyMetFacts():
            deadline = replace(deadline, met_on=fact.met_on)
        case DutyOverdueFacts():
            deadline = replace(deadline, overdue_on=fact.noted_on)
    return replace(deadline, next_on=_next(deadline))


def is_current(fact: Duty, deadline: DutyReminder) -> bool:
    """Whether a fact is still of use to its readers: an older one that comes late is not."""
    match fact:
        case DutyOpenedFacts():
            return deadline.met_on is None and deadline.overdue_on is None
        case DutyOverdueFacts():
            return deadline.met_on is None
        case _:
            return True


def due_step(deadline: DutyReminder, today: date) -> int | None:
    """The nearest step reached by ``today``; none after the due day, when there is nothing left to remind of."""
    if today > deadline.due:
        return None
    return min((step for step in _pending_steps(deadline) if _day(deadline, step) <= today), default=None)


def with_step_sent(deadline: DutyReminder, step: int | None, today: date) -> DutyReminder:
    """With ``step`` told, all farther ones are done with; past the due day every one is."""
    if step is not None:
        told = replace(deadline, reached=step)
        return replace(told, next_on=_next(told))
    return replace(deadline, next_on=None) if today > deadline.due else deadline


def _of(owner: str, fact: Duty) -> DutyReminder:
    return DutyReminder(
        key=key_of(owner, fact),
        duty_id=fact.duty_id,
        opened_type=f"{owner}.duty.opened.v1",
        kind=fact.kind,
        holder=fact.holder,
        holder_role=fact.holder_role,
        holder_name=fact.holder_name,
        year=fact.year,
        due=fact.due,
        article=fact.article,
        heard=0,
    )


def _with_newest(deadline: DutyReminder, sequence: int, fact: Duty) -> DutyReminder:
    return replace(
        deadline,
        heard=sequence,
        holder_name=fact.holder_name,
        due=fact.due,
        article=fact.article,
        reached=deadline.reached if fact.due == deadline.due else None,
    )


def _pending_steps(deadline: DutyReminder) -> Iterator[int]:
    """Steps still to be told; those that lay before the duty was opened have no day of their own."""
    if deadline.opened_on is None or deadline.met_on is not None or deadline.overdue_on is not None:
        return
    for step in deadline.days_before:
        nearer = deadline.reached is None or step < deadline.reached
        if nearer and _day(deadline, step) >= deadline.opened_on:
            yield step


def _next(deadline: DutyReminder) -> date | None:
    return min((_day(deadline, step) for step in _pending_steps(deadline)), default=None)


def _day(deadline: DutyReminder, step: int) -> date:
    return deadline.due - timedelta(days=step)
