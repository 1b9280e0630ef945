"""What is due now: e-mails that wait to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.jobs import Job

from notify import handlers
from notify.domain.notice import Attempt, Delivery
from notify.handlers import Store as Reads
from notify.mail import Send
from notify.store import Store


def jobs(send: Send, at_once: int) -> tuple[Job, ...]:
    async def tried(store: Reads, now: datetime) -> Sequence[Attempt]:
        """Send what is due; only then is the try recorded, so a crash in between sends again (N2: at least once)."""
        due = await store.deliveries.find(
            {"state": "waiting", "next_at": {"$lte": now}}, sort=[("next_at", 1)], limit=at_once
        )
        return await asyncio.gather(*(_try(store, send, each) for each in due))

    return (Job("send-mail", tried, _key, handlers.record_attempt, Store, timedelta(seconds=1)),)


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
