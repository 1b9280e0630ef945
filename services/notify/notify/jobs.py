"""What is due now: e-mails that wait to be sent, and reminders whose day has come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chassis.scheduling.job import Job
from rulebook import shanghai_date

from notify import handlers
from notify.domain.notification import Attempt, Delivery
from notify.handlers import Remind
from notify.handlers import Store as Reads
from notify.mail import Send

REMINDED_AT_ONCE = 200


def jobs(send: Send, at_once: int) -> tuple[Job[Any], ...]:
    async def tried(store: Reads, now: datetime) -> Sequence[Attempt]:
        """Send what is due; only then is the try recorded, so a crash in between sends again (N2: at least once)."""
        due = await store.deliveries.find(
            {"state": "waiting", "next_at": {"$lte": now}}, sort=[("next_at", 1)], limit=at_once
        )
        addresses = await _addresses(store, due)
        return await asyncio.gather(*(_try(send, each, addresses.get(each.reader)) for each in due))

    return (
        Job("send-mail", tried, _key, handlers.record_attempt),
        Job("remind", reminders, _reminder_key, handlers.remind),
    )


async def reminders(store: Reads, now: datetime) -> Sequence[Remind]:
    """Duties whose next step has come, the one that waits longest first."""
    came = {"next_on": {"$lte": shanghai_date(now)}}
    found = await store.deadlines.find(came, sort=[("next_on", 1)], limit=REMINDED_AT_ONCE)
    return [Remind(each.key, each.due, each.next_on) for each in found if each.next_on is not None]


def _reminder_key(item: Remind) -> str:
    return f"{item.key}:{item.due}:{item.day}"


async def _addresses(store: Reads, due: Sequence[Delivery]) -> Mapping[str, str]:
    """Read before anything is sent: what fails then has told nobody anything."""
    readers = sorted({each.reader for each in due})
    return {each.reader: each.email for each in await store.contacts.find({"_id": {"$in": readers}})}


async def _try(send: Send, delivery: Delivery, address: str | None) -> Attempt:
    """Whatever one e-mail meets is the cause of its own failure: raised, it would leave others' tries unrecorded."""
    cause = None if address else "no contact any more"
    try:
        if address:
            await send(address, delivery.title, delivery.body, delivery.delivery_id.replace(":", "-"))
    except Exception as problem:  # noqa: BLE001 - the reason above
        cause = _cause(problem)
    return Attempt(delivery.delivery_id, delivery.attempts + 1, cause)


def _cause(problem: Exception) -> str:
    """What went wrong without the address it went wrong for: that is personal data."""
    code = getattr(problem, "code", None)
    return type(problem).__name__ if code is None else f"{type(problem).__name__} {code}"


def _key(attempt: Attempt) -> str:
    return f"{attempt.delivery_id}:{attempt.number}"
