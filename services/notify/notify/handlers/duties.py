"""Duties of every owner: track each, remind its holder before the last day, and stop once it is met (N3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from messages.duties import Duty, DutyOpenedFacts
from messages.event import Event
from rulebook import rules_on, shanghai_date

from notify.domain.recipients import Recipient
from notify.domain.reminders import DutyReminder, due_step, is_current, key_of, with_fact, with_step_sent
from notify.domain.texts import BEFORE_DUE, templates_by_role
from notify.handlers.notifications import NotificationContext, create_notification, notice_id_of, notify
from notify.handlers.ports import Store


@dataclass(frozen=True)
class Remind:
    """The reminder due since ``day`` for the duty under ``key``, as long as ``due`` is the duty's last day."""

    key: str
    due: date
    day: date
    reads: tuple[tuple[str, str], ...] = ()
    """Keys of the documents that sending it reads."""


def reminder_due(reminder: DutyReminder, day: date, today: date) -> Remind:
    """Return the reminder due since ``day``, with what it reads when it is sent today."""
    reads = [("duty_reminders", reminder.key)]
    if (step := due_step(reminder, today)) is not None:
        reader = _holder(reminder)
        reads += [("notices", notice_id_of(_about_step(reminder, step), reader)), ("contacts", reader.key)]
    return Remind(reminder.key, reminder.due, day, tuple(reads))


def keys_of_duty(event: Event) -> Iterable[tuple[str, str]]:
    if isinstance(event, Duty):
        yield "duty_reminders", key_of(event.owner, event)


async def track_duty(event: Event, store: Store, now: datetime) -> list[Event]:
    """Save a fact about a duty and notify its readers if it is still of use: not once the duty is known to be met.

    The steps are those of the rule set in force when the duty began (G2). Raises TypeError for an event about no duty.
    """
    if not isinstance(event, Duty):
        raise TypeError(f"{event.type} is about no duty")
    key = key_of(event.owner, event)
    before = await store.duty_reminders.get(key)
    days = rules_on(event.opened_on).reminders.days_before if isinstance(event, DutyOpenedFacts) else ()
    after = with_fact(before, event.owner, event.sequence, event, days)
    store.duty_reminders.save(key, after)
    return await notify(event, store, now) if is_current(event, after) else []


async def remind(command: Remind, store: Store, now: datetime) -> list[Event]:
    """Notify the holder of the nearest step reached; steps missed during a standstill are not sent one by one."""
    reminder, today = await store.duty_reminders.require(command.key), shanghai_date(now)
    step = due_step(reminder, today)
    if step is not None:
        await _notify_holder(reminder, step, today, store, now)
    store.duty_reminders.save(command.key, with_step_sent(reminder, step, today))
    return []


async def _notify_holder(reminder: DutyReminder, step: int, today: date, store: Store, now: datetime) -> None:
    """Write one notice for each step of each due day, however often the step comes up (N2)."""
    about, reader = _about_step(reminder, step), _holder(reminder)
    context = NotificationContext(about, reminder.opened_type, reminder.duty_id, _facts(reminder, today))
    for role, template in templates_by_role(store.templates.of_event(reminder.opened_type), BEFORE_DUE):
        if role is reader.role:
            await create_notification(context, reader, template, store, now)


def _about_step(reminder: DutyReminder, step: int) -> str:
    return f"{reminder.key}:{reminder.due}:{step}"


def _holder(reminder: DutyReminder) -> Recipient:
    return Recipient(reminder.holder_role, organisation=reminder.holder)


def _facts(reminder: DutyReminder, today: date) -> Mapping[str, Any]:
    """Names that the text of a reminder may use."""
    return {**asdict(reminder), "days_left": (reminder.due - today).days}
