from __future__ import annotations

import pytest
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.notify import NoticeDelivered, NoticeFailed
from messages.values import Role
from notify.domain.notification import MAX_ATTEMPTS, Attempt
from notify.handlers.contacts import (
    ConfirmContact,
    RemoveContact,
    SetContact,
    confirm_contact,
    remove_contact,
    set_contact,
)
from notify.handlers.deliveries import ResendDelivery, record_attempt, resend_delivery
from notify.handlers.notifications import ReadNotice, notify, read_notice
from notify.store import Store

from .builders import APPLICANT, AT, CODE, REFUSED, STEEL


@pytest.mark.rule("N1")
async def test_everyone_concerned_gets_a_notice(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(notify, REFUSED, AT)

    notices = await handlers.store().notices.find(sort=[("role", 1)])
    assert [(each.role, each.organisation, each.prefecture) for each in notices] == [
        (Role.APPLICANT, STEEL, None),
        (Role.PREFECTURE_OFFICER, None, "150200"),
    ]
    assert "三年内不得重新申报" in notices[0].body


@pytest.mark.rule("N2")
async def test_an_event_heard_twice_makes_no_second_notice(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(notify, REFUSED, AT)
    await handlers.handle(notify, REFUSED, AT)

    assert len(await handlers.store().notices.find()) == 2


async def deliver_by_mail(handlers: HandlerHarness[Store]) -> str:
    await handlers.handle(set_contact, SetContact(APPLICANT, "office@example.invalid", "zh", CODE), AT)
    await handlers.handle(confirm_contact, ConfirmContact(APPLICANT, CODE), AT)
    await handlers.handle(notify, REFUSED, AT)
    (delivery,) = await handlers.store().deliveries.find()
    return delivery.delivery_id


async def test_a_reader_with_a_contact_also_gets_an_e_mail(handlers: HandlerHarness[Store]) -> None:
    await deliver_by_mail(handlers)

    (delivery,) = await handlers.store().deliveries.find()
    assert (delivery.state, delivery.title) == ("waiting", "申报不予受理：甲")


async def test_no_e_mail_address_is_said_on_the_bus(handlers: HandlerHarness[Store]) -> None:
    delivery_id = await deliver_by_mail(handlers)

    (event,) = await handlers.handle(record_attempt, Attempt(delivery_id, 1, None), AT)

    assert isinstance(event, NoticeDelivered)
    assert "office@" not in event.model_dump_json()


@pytest.mark.rule("N2")
async def test_the_last_failed_try_parks_the_e_mail_and_says_so(handlers: HandlerHarness[Store]) -> None:
    delivery_id = await deliver_by_mail(handlers)
    for number in range(1, MAX_ATTEMPTS):
        assert await handlers.handle(record_attempt, Attempt(delivery_id, number, "timeout"), AT) == []

    (event,) = await handlers.handle(record_attempt, Attempt(delivery_id, MAX_ATTEMPTS, "timeout"), AT)

    assert isinstance(event, NoticeFailed)
    assert (event.attempts, event.cause, event.sequence) == (MAX_ATTEMPTS, "timeout", 1)


async def test_reading_twice_keeps_the_first_time(handlers: HandlerHarness[Store]) -> None:
    await handlers.handle(notify, REFUSED, AT)
    (notice, _) = await handlers.store().notices.find(sort=[("role", 1)])
    real_time = AT.replace(year=2024)

    await handlers.perform(read_notice, ReadNotice(notice.notice_id, real_time), AT)
    again = ReadNotice(notice.notice_id, AT.replace(year=2025))
    await handlers.perform(read_notice, again, AT.replace(year=2027))

    read = await handlers.store().notices.require(notice.notice_id)
    assert (read.read_at, read.saved) == (AT, real_time)


async def test_removing_a_contact_that_is_not_there_changes_nothing(handlers: HandlerHarness[Store]) -> None:
    await handlers.perform(remove_contact, RemoveContact(APPLICANT), AT)

    assert await handlers.store().contacts.get(APPLICANT.key) is None


async def test_resending_what_is_not_there_is_refused(handlers: HandlerHarness[Store]) -> None:
    with pytest.raises(Refusal, match="not-found"):
        await handlers.perform(resend_delivery, ResendDelivery("notice-0:email", "operator-1"), AT)
