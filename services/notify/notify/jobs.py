"""Jobs: e-mails that are due, and reminders whose day has come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from chassis.scheduling import Job
from rulebook import shanghai_date

from notify.domain.notification import Attempt, Delivery, noticed_by
from notify.handlers.deliveries import record_attempt
from notify.handlers.duties import Remind, remind, reminder_due
from notify.handlers.ports import SendMail
from notify.store import Store

REMINDER_PAGE_SIZE = 200


def jobs(send: SendMail, limit: int) -> tuple[Job[Any], ...]:
    """The jobs of this service; one poll sends at most ``limit`` e-mails."""

    async def send_due_mails(store: Store, now: datetime) -> Sequence[Attempt]:
        """Send what is due; the try is recorded afterwards, so that a crash in between sends again (N2)."""
        due = await store.deliveries.find(
            {"state": "waiting", "next_at": {"$lte": now}}, sort=[("next_at", 1)], limit=limit
        )
        addresses = await _addresses(store, due)
        return await asyncio.gather(*(_try(send, each, addresses.get(each.delivery_id)) for each in due))

    return (
        Job("send-mail", send_due_mails, _attempt_key, record_attempt, prefetch=_keys_of_attempt),
        Job("remind", due_reminders, _reminder_key, remind, prefetch=attrgetter("reads")),
    )


async def due_reminders(store: Store, now: datetime) -> Sequence[Remind]:
    """Duties whose next step has come, the longest waiting first."""
    today = shanghai_date(now)
    where = {"next_on": {"$lte": today}}
    found = await store.duty_reminders.find(where, sort=[("next_on", 1)], limit=REMINDER_PAGE_SIZE)
    return [reminder_due(each, each.next_on, today) for each in found if each.next_on is not None]


def _reminder_key(item: Remind) -> str:
    return f"{item.key}:{item.due}:{item.day}"


def _attempt_key(attempt: Attempt) -> str:
    return f"{attempt.delivery_id}:{attempt.number}"


def _keys_of_attempt(attempt: Attempt) -> Iterable[tuple[str, str]]:
    """Keys of the delivery, and of its notice, whose events say what became of it."""
    return [("deliveries", attempt.delivery_id), ("notices", noticed_by(attempt.delivery_id))]


async def _addresses(store: Store, due: Sequence[Delivery]) -> Mapping[str, str]:
    """Return delivery → address, read before anything is sent: when reading fails, no e-mail has left.

    An address that is not confirmed gets its code and nothing else.
    """
    readers = sorted({each.reader for each in due})
    contacts = {each.reader: each for each in await store.contacts.find({"_id": {"$in": readers}})}
    return {
        each.delivery_id: contact.email
        for each in due
        if (contact := contacts.get(each.reader)) is not None and contact.takes(each)
    }


async def _try(send: SendMail, delivery: Delivery, address: str | None) -> Attempt:
    """Send one e-mail; any error becomes its cause of failure: raised, it would leave the other tries unrecorded."""
    cause = None if address else "no confirmed contact"
    try:
        if address:
            await send(address, delivery.title, delivery.body, delivery.delivery_id.replace(":", "-"))
    except Exception as problem:  # noqa: BLE001 - the reason above
        cause = _cause(problem)
    return Attempt(delivery.delivery_id, delivery.attempts + 1, cause)


def _cause(problem: Exception) -> str:
    """The kind of an error without its text, which may hold the address: that is personal data."""
    code = getattr(problem, "code", None)
    return type(problem).__name__ if code is None else f"{type(problem).__name__} {code}"
