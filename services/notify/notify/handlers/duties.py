"""Duties of any owner: kept when heard of, reminded of before their last day, silent once they are met (N3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from messages.duties import Duty, DutyOpenedFacts
from messages.event import Event
from rulebook import rules_on, shanghai_date

from notify.domain import reminders
from notify.domain.recipients import Recipient
from notify.domain.reminders import DutyReminder
from notify.handlers.notifications import NotificationContext, Store, create_notification, notify, templates_by_role
from notify.templates import BEFORE_DUE


@dataclass(frozen=True)
class Remind:
    """What waits since ``day`` for the duty under ``key``, as long as ``due`` is its last day."""

    key: str
    due: date
    day: date


async def track_duty(event: Event, store: Store, now: datetime) -> list[Event]:
    """Keep the deadline and tell of it what is still of use: nothing of a duty that is known to be met.

    The steps are those of the rule set in force when the duty began (G2). Raises TypeError for what is no duty.
    """
    if not isinstance(event, Duty):
        raise TypeError(f"{event.type} is about no duty")
    key = reminders.key_of(event.owner, event)
    before = await store.deadlines.get(key)
    days = rules_on(event.opened_on).reminders.days_before if isinstance(event, DutyOpenedFacts) else ()
    after = reminders.with_fact(before, event.owner, event.sequence, event, days)
    store.deadlines.save(key, after)
    return await notify(event, store, now) if reminders.is_current(event, after) else []


async def remind(command: Remind, store: Store, now: datetime) -> list[Event]:
    """Tell the holder of the nearest step reached; steps that were slept through are not made up for one by one."""
    deadline, today = await store.deadlines.require(command.key), shanghai_date(now)
    step = reminders.due_step(deadline, today)
    if step is not None:
        await _notify_holder(deadline, step, today, store, now)
    store.deadlines.save(command.key, reminders.with_step_sent(deadline, step, today))
    return []


async def _notify_holder(deadline: DutyReminder, step: int, today: date, store: Store, now: datetime) -> None:
    """Once for each step of each due day, by whatever way it is come to (N2)."""
    about = f"{deadline.key}:{deadline.due}:{step}"
    told = NotificationContext(about, deadline.opened_type, deadline.duty_id, _facts(deadline, today))
    reader = Recipient(deadline.holder_role, organisation=deadline.holder)
    for role, template in templates_by_role(deadline.opened_type, BEFORE_DUE):
        if role is reader.role:
            await create_notification(told, reader, template, store, now)


def _facts(deadline: DutyReminder, today: date) -> Mapping[str, Any]:
    """What the text of a reminder may speak of."""
    return {**asdict(deadline), "days_left": (deadline.due - today).days}
