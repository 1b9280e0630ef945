"""E-mail deliveries: record each try, and send a parked one again (N2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import Done
from messages.event import Event
from messages.notify import NoticeDelivered, NoticeFailed

from notify.domain.contacts import CONFIRMATION_TEMPLATE
from notify.domain.notification import Attempt, Delivery, with_attempt, with_resend
from notify.domain.refusals import not_parked
from notify.handlers.ports import Store


async def record_attempt(attempt: Attempt, store: Store, now: datetime) -> list[Event]:
    """Save the result of a try; publish it when the try succeeded or was the last one."""
    before = await store.deliveries.get(attempt.delivery_id)
    if before is None:
        return []  # a code that was used or replaced meanwhile
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
    """Try a parked e-mail again; no other one is sent twice (N2)."""
    before = await store.deliveries.require(command.delivery_id)
    if before.state != "failed":
        raise not_parked(before.state)
    delivery = with_resend(before, command.by, now)
    store.deliveries.save(delivery.delivery_id, delivery)
    return Done(value=delivery)


def _delivery_event(delivery: Delivery) -> list[Event]:
    if delivery.template == CONFIRMATION_TEMPLATE:
        return []
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
