"""E-mail deliveries: record each try, and send a parked one again (N2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done
from messages.event import Event
from messages.notify import NoticeDelivered, NoticeFailed

from notify.domain.notification import Attempt, Delivery, with_attempt, with_resend
from notify.handlers.ports import Store


async def record_attempt(attempt: Attempt, store: Store, now: datetime) -> list[Event]:
    """Save the result of a try; publish it when the try succeeded or was the last one."""
    before = await store.deliveries.require(attempt.delivery_id)
    delivery = with_attempt(before, attempt, now)
    if delivery == before:
        return []
    store.deliveries.save(delivery.delivery_id, delivery)
    return _delivery_event(delivery)


@dataclass(frozen=True)
class ResendDelivery:
    delivery_id: str
    by: str


async def resend_delivery(command: ResendDelivery, store: Store, now: datetime) -> Done:
    delivery = with_resend(await store.deliveries.require(command.delivery_id), command.by, now)
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
