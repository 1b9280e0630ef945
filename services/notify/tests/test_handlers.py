from datetime import UTC, datetime

import pytest
from chassis.handling import Refusal
from devkit import HandlerHarness
from messages.applications import ApplicationRefused
from messages.notify import NoticeDelivered, NoticeFailed
from messages.values import Role
from notify import handlers
from notify.domain.notification import MAX_ATTEMPTS, Attempt
from notify.domain.recipients import Recipient
from notify.store import AGGREGATES, Store

AT = datetime(2026, 4, 1, 2, tzinfo=UTC)
APPLICANT = Recipient(Role.APPLICANT, organisation="911502000000000271")
REFUSED = ApplicationRefused.model_validate(
    {
        "application_id": "app-1",
        "unit": {"uscc": "911502000000000271", "name": "甲", "unit_type": "factory", "prefecture": "150200"},
        "level": "region",
        "batch_year": 2026,
        "evaluation": {"way": "self"},
        "rule_set": "2024-01-19",
        "refused_on": "2026-04-01",
        "reasons": [{"rule": "E11", "article": "第二十五条", "code": "banned", "text": "三年内不得重新申报。"}],
        "sequence": 2,
    }
)


@pytest.fixture
def bench() -> HandlerHarness[Store]:
    return HandlerHarness(Store, AGGREGATES)


@pytest.mark.rule("N1")
async def test_everyone_concerned_gets_a_notice(bench: HandlerHarness[Store]) -> None:
    await bench.handle(handlers.notify, REFUSED, AT)

    notices = await bench.store().notices.find(sort=[("role", 1)])
    assert [(each.role, each.organisation, each.prefecture) for each in notices] == [
        (Role.APPLICANT, "911502000000000271", None),
        (Role.PREFECTURE_OFFICER, None, "150200"),
    ]
    assert "三年内不得重新申报" in notices[0].body


@pytest.mark.rule("N2")
async def test_an_event_heard_twice_makes_no_second_notice(bench: HandlerHarness[Store]) -> None:
    await bench.handle(handlers.notify, REFUSED, AT)
    await bench.handle(handlers.notify, REFUSED, AT)

    assert len(await bench.store().notices.find()) == 2


async def with_mail(bench: HandlerHarness[Store]) -> str:
    await bench.handle(handlers.set_contact, handlers.SetContact(APPLICANT, "office@example.invalid", "zh"), AT)
    await bench.handle(handlers.notify, REFUSED, AT)
    (delivery,) = await bench.store().deliveries.find()
    return delivery.delivery_id


async def test_a_reader_with_a_contact_also_gets_an_e_mail(bench: HandlerHarness[Store]) -> None:
    await with_mail(bench)

    (delivery,) = await bench.store().deliveries.find()
    assert (delivery.state, delivery.title) == ("waiting", "申报不予受理：甲")


async def test_no_e_mail_address_is_said_on_the_bus(bench: HandlerHarness[Store]) -> None:
    delivery_id = await with_mail(bench)

    (said,) = await bench.handle(handlers.record_attempt, Attempt(delivery_id, 1, None), AT)

    assert isinstance(said, NoticeDelivered)
    assert "office@" not in said.model_dump_json()


@pytest.mark.rule("N2")
async def test_the_last_failed_try_parks_the_e_mail_and_says_so(bench: HandlerHarness[Store]) -> None:
    delivery_id = await with_mail(bench)
    for number in range(1, MAX_ATTEMPTS):
        assert await bench.handle(handlers.record_attempt, Attempt(delivery_id, number, "timeout"), AT) == []

    (said,) = await bench.handle(handlers.record_attempt, Attempt(delivery_id, MAX_ATTEMPTS, "timeout"), AT)

    assert isinstance(said, NoticeFailed)
    assert (said.attempts, said.cause, said.sequence) == (MAX_ATTEMPTS, "timeout", 1)


async def test_reading_twice_keeps_the_first_time(bench: HandlerHarness[Store]) -> None:
    await bench.handle(handlers.notify, REFUSED, AT)
    (notice, _) = await bench.store().notices.find(sort=[("role", 1)])
    real = AT.replace(year=2024)

    await bench.perform(handlers.read_notice, handlers.ReadNotice(notice.notice_id, real), AT)
    again = handlers.ReadNotice(notice.notice_id, AT.replace(year=2025))
    await bench.perform(handlers.read_notice, again, AT.replace(year=2027))

    read = await bench.store().notices.require(notice.notice_id)
    assert (read.read_at, read.saved) == (AT, real)


async def test_removing_a_contact_that_is_not_there_changes_nothing(bench: HandlerHarness[Store]) -> None:
    await bench.perform(handlers.remove_contact, handlers.RemoveContact(APPLICANT), AT)

    assert await bench.store().contacts.get(APPLICANT.key) is None


async def test_resending_what_is_not_there_is_refused(bench: HandlerHarness[Store]) -> None:
    with pytest.raises(Refusal, match="not-found"):
        await bench.perform(handlers.resend, handlers.ResendDelivery("notice-0:email", "operator-1"), AT)
