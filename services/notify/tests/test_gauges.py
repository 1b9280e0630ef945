"""E-mails that wait, that fail and that are overdue, as an operator sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from chassis.handling import HandlerResult
from devkit import HandlerHarness
from messages.values import Role
from notify.domain.notification import Delivery
from notify.gauges import GAUGES
from notify.store import Store

from .builders import APPLICANT, AT

MINUTE = timedelta(minutes=1)
MAIL = Delivery(
    delivery_id="notice-1:email",
    notice_id="notice-1",
    reader=APPLICANT.key,
    role=Role.APPLICANT,
    channel="email",
    template="t",
    title="题目",
    body="正文",
    state="waiting",
    attempts=0,
    next_at=AT,
)


async def save(delivery: Delivery, store: Store, _now: datetime) -> HandlerResult:
    store.deliveries.save(delivery.delivery_id, delivery)
    return []


async def read(handlers: HandlerHarness[Store], name: str, now: datetime = AT) -> dict[tuple[str, ...], float]:
    gauge = next(each for each in GAUGES if each.name == name)
    return dict(await gauge.read(handlers.store(), now))


async def hold(handlers: HandlerHarness[Store], *deliveries: Delivery) -> None:
    for number, each in enumerate(deliveries):
        await handlers.handle(save, replace(each, delivery_id=f"notice-{number}:email"), AT)


async def test_mails_are_counted_by_what_became_of_them(handlers: HandlerHarness[Store]) -> None:
    tried = [replace(MAIL, attempts=attempts) for attempts in (0, 1, 2, 5)]
    await hold(handlers, *tried, replace(MAIL, state="failed", attempts=6), replace(MAIL, state="delivered"))

    assert await read(handlers, "notify_mails") == {("waiting",): 4, ("retried",): 2, ("failed",): 1}


@pytest.mark.parametrize(("later", "overdue"), [(-MINUTE, 0), (timedelta(), 0), (20 * MINUTE, 1200)])
async def test_mail_is_overdue_from_its_next_try_on(
    handlers: HandlerHarness[Store], later: timedelta, overdue: float
) -> None:
    await hold(handlers, replace(MAIL, next_at=AT + MINUTE), MAIL, replace(MAIL, state="failed", next_at=AT - MINUTE))

    assert await read(handlers, "notify_mail_overdue_seconds", AT + later) == {(): overdue}


async def test_nothing_is_overdue_where_nothing_waits(handlers: HandlerHarness[Store]) -> None:
    assert await read(handlers, "notify_mail_overdue_seconds") == {(): 0}
