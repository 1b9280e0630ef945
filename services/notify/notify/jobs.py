"""What is due now: e-mails that wait to be sent, and reminders whose day has come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.jobs import Job
from rulebook import shanghai_date

from notify import handlers
from notify.domain.notice import Attempt, Delivery
from notify.handlers import Remind
from notify.handlers import Store as Reads
from notify.mail import Send
from notify.store import Store

EVERY = timedelta(seconds=1)
REMINDED_AT_ONCE = 200


def jobs(send: Send, at_once: int) -> tuple[Job, ...]:
    async def tried(store: Reads, now: datetime) -> Sequence[Attempt]:
        """Send what is due; only then is the try recorded, so a crash in between sends again (N2: at least once)."""
        due = await store.deliveries.find(
            {"state": "waiting", "next_at": {"$lte": now}}, sort=[("next_at", 1)], limit=at_once
        )
        return await asyncio.gather(*(_try(store, send, each) for each in due))

    return (
        Job("send-mail", tried, _key, handlers.record_attempt, Store, EVERY),
        Job("remind", reminders, _reminder_key, handlers.remind, Store, EVERY),
    )


async def reminders(store: Reads, now: datetime) -> Sequence[Remind]:
    """Duties whose next step has come, the one that waits longest first."""
    came = {"next_on": {"$lte": shanghai_date(now)}}
    found = await store.deadlines.find(came, sort=[("next_on", 1)], limit=REMINDED_AT_ONCE)
    return [Remind(each.key, each.due, each.next_on) for each in found if each.next_on is not None]


def _reminder_key(item: Remind) -> str:
    return f"{item.key}:{item.due}:{item.day}"


async def _try(store: Reads, send: Send, delivery: Delivery) -> Attempt:
    contact = await store.contacts.get(delivery.reader)
    cause = (
        "no contact any more"
        if contact is None
        else await send(contact.email, delivery.title, delivery.body, delivery.delivery_id.replace(":", "-"))
    )
    return Attempt(delivery.delivery_id, delivery.attempts + 1, cause)


def _key(attempt: Attempt) -> str:
    return f"{attempt.delivery_id}:{attempt.number}"
