"""E-mails on their way: what a try came to, and one that was parked sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done
from messages.event import Event
from messages.notify import NoticeDelivered, NoticeFailed

from notify.domain import notification as rules
from notify.domain.notification import Attempt, Delivery
from notify.handlers.notifications import Store


async def record_attempt(attempt: Attempt, store: Store, now: datetime) -> list[Event]:
    """Keep what a try came to, and say it when it was the last one or successful."""
    before = await store.deliveries.require(attempt.delivery_id)
    delivery = rules.with_attempt(before, attempt, now)
    if delivery == before:
        return []
    store.deliveries.save(delivery.delivery_id, delivery)
    return _delivery_event(delivery)


@dataclass(frozen=True)
class ResendDelivery:
    delivery_id: str
    by: str


async def resend(command: ResendDelivery, store: Store, now: datetime) -> Done:
    delivery = rules.resent(await store.deliveries.require(command.delivery_id), command.by, now)
    store.deliveries.save(delivery.delivery_id, delivery)
    return Done(value=delivery)


def _delivery_event(delivery: Delivery) -> list[Event]:
    if delivery.state == "delivered":
        return [
            NoticeDelivered(
                notice_id=delivery.notice_id,
                channel=delivery.channel,
                role=delivery.role,
                template=delivery.template,
            )
        ]
    if delivery.state == "failed":
        return [
            NoticeFailed(
                notice_id=delivery.notice_id,
                channel=delivery.channel,
                role=delivery.role,
                template=delivery.template,
                attempts=delivery.attempts,
                cause=delivery.cause or "unknown",
            )
        ]
    return []
