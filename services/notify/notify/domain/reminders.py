"""The ladder of reminders: 30, 7 and 1 day(s) before the last day of any duty, none once it is met (N3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from messages.duties import Duty, DutyMetFacts, DutyOpenedFacts, DutyOverdueFacts
from messages.values import Role


@dataclass(frozen=True)
class DutyReminder:
    """One duty as its facts so far describe it, in whatever order they arrived; each fact names kind and due day."""

    key: str
    duty_id: str
    opened_type: str
    """Type of the event that opens it, by which its texts are found."""
    kind: str
    holder: str
    holder_role: Role
    holder_name: str
    year: int
    due: date
    article: str
    newest_sequence: int
    """Sequence of the newest fact that has arrived."""
    opened_on: date | None = None
    provisional: bool = False
    days_before: tuple[int, ...] = ()
    """Steps of the ladder, by the rule set in force when the duty was opened (G2)."""
    last_step_sent: int | None = None
    """In days before the due day."""
    met_on: date | None = None
    overdue_on: date | None = None
    next_on: date | None = None
    """Day of the next reminder; None when no further one is due."""


def key_of(owner: str, duty: Duty) -> str:
    """Key of a duty among those of all owners: each owner gives identifiers of its own."""
    return f"{owner}:{duty.duty_id}"


def with_fact(
    known: DutyReminder | None, owner: str, sequence: int, fact: Duty, days_before: tuple[int, ...]
) -> DutyReminder:
    """The reminder with one more fact: the newest fact sets the due day, and a moved day starts the ladder anew."""
    reminder = known or _new_reminder(owner, fact)
    if sequence >= reminder.newest_sequence:
        reminder = _with_newest(reminder, sequence, fact)
    match fact:
        case DutyOpenedFacts():
            reminder = replace(
                reminder, opened_on=fact.opened_on, provisional=fact.provisional, days_before=days_before
            )
        case DutyMetFacts():
            reminder = replace(reminder, met_on=fact.met_on)
        case DutyOverdueFacts():
            reminder = replace(reminder, overdue_on=fact.noted_on)
    return replace(reminder, next_on=_next_day(reminder))


def is_current(fact: Duty, reminder: DutyReminder) -> bool:
    """Whether a fact is still of use to its readers: one that a later fact has settled is not."""
    match fact:
        case DutyOpenedFacts():
            return reminder.met_on is None and reminder.overdue_on is None
        case DutyOverdueFacts():
            return reminder.met_on is None
        case _:
            return True


def due_step(reminder: DutyReminder, today: date) -> int | None:
    """The nearest step reached by ``today``; none after the due day, when a reminder is of no use."""
    if today > reminder.due:
        return None
    return min((step for step in _pending_steps(reminder) if _day_of(reminder, step) <= today), default=None)


def with_step_sent(reminder: DutyReminder, step: int | None, today: date) -> DutyReminder:
    """The reminder after ``step``: farther steps are no longer pending; past the due day none is."""
    if step is not None:
        sent = replace(reminder, last_step_sent=step)
        return replace(sent, next_on=_next_day(sent))
    return replace(reminder, next_on=None) if today > reminder.due else reminder


def _new_reminder(owner: str, fact: Duty) -> DutyReminder:
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
        newest_sequence=0,
    )


def _with_newest(reminder: DutyReminder, sequence: int, fact: Duty) -> DutyReminder:
    return replace(
        reminder,
        newest_sequence=sequence,
        holder_name=fact.holder_name,
        due=fact.due,
        article=fact.article,
        last_step_sent=reminder.last_step_sent if fact.due == reminder.due else None,
    )


def _pending_steps(reminder: DutyReminder) -> Iterator[int]:
    """Steps not yet sent; a step whose day lay before the opening of the duty is skipped."""
    if reminder.opened_on is None or reminder.met_on is not None or reminder.overdue_on is not None:
        return
    for step in reminder.days_before:
        nearer = reminder.last_step_sent is None or step < reminder.last_step_sent
        if nearer and _day_of(reminder, step) >= reminder.opened_on:
            yield step


def _next_day(reminder: DutyReminder) -> date | None:
    return min((_day_of(reminder, step) for step in _pending_steps(reminder)), default=None)


def _day_of(reminder: DutyReminder, step: int) -> date:
    return reminder.due - timedelta(days=step)
