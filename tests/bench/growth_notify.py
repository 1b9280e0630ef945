"""Growth of notify: the board, inboxes, deliveries and the jobs, with many notices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from chassis.persistence.mongo import Database
from chassis.security.audit import AUDIT_INDEXES
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.registry import UnitRemoved
from messages.values import Prefecture, Role
from notify.api import router
from notify.domain.contacts import Contact, contact_of
from notify.domain.notification import Delivery, Notification, delivery_of
from notify.domain.recipients import Recipient
from notify.domain.reminders import DutyReminder
from notify.jobs import jobs
from notify.store import AGGREGATES, INDEXES, Store

from tests.bench.growth import Probe, insert_values, run_job

NOW = datetime(2027, 3, 31, 2, tzinfo=UTC)
DUE = date(2027, 4, 30)
UNIT = "911502000000000271"
READERS = (
    Recipient(Role.PUBLIC),
    Recipient(Role.REGIONAL_OFFICER),
    Recipient(Role.PREFECTURE_OFFICER, prefecture=Prefecture.BAOTOU),
    Recipient(Role.APPLICANT, organisation=UNIT),
)
"""Each has a quarter of all notices."""
PAGE = 50
MAILS_AT_ONCE = 50


async def accept_mail(_address: str, _title: str, _body: str, _message_id: str, /) -> None:
    """Take every e-mail at once."""


async def measure(size: int, database: Database, probe: Probe) -> None:
    """Every tenth notice of the region goes out by e-mail, and one duty in forty is due for a reminder."""
    await database.ensure_indexes((*INDEXES, *AUDIT_INDEXES))
    await insert_values(database, "notices", dict(notices(size)))
    await insert_values(database, "contacts", contacts())
    await insert_values(database, "deliveries", deliveries(size))
    await insert_values(database, "duty_reminders", reminders(size))
    clock = FixedClock(NOW)
    async with api_harness("notify", router, Store, aggregates=AGGREGATES, clock=clock, database=database) as api:
        await measure_lists(api, probe)
        await measure_jobs(api, probe)


def notices(size: int) -> Iterator[tuple[str, Notification]]:
    for number in range(size):
        reader, key = READERS[number % len(READERS)], f"notice-{number:032x}"
        yield key, notice_to(reader, key, number)


def notice_to(reader: Recipient, key: str, number: int) -> Notification:
    at = NOW - timedelta(seconds=number)
    return Notification(
        notice_id=key,
        about=f"{UnitRemoved.type}:unit-{number}:1",
        event_type=UnitRemoved.type,
        subject=f"unit-{number}",
        reader=reader.key,
        role=reader.role,
        organisation=reader.organisation,
        prefecture=reader.prefecture,
        person=reader.subject,
        template="unit-removed",
        template_version="2026-01-01",
        title=f"移出示范名单：示例单位{number}",
        body="示例单位已被移出示范名单，三年内不得申报。" * 10,
        title_en=f"Unit {number} removed",
        body_en="The unit was removed and may not apply for three years. " * 10,
        at=at,
        read_at=at if number % 40 >= len(READERS) else None,
    )


def contacts() -> Mapping[str, Contact]:
    return {each.key: contact_of(each, "office@example.invalid", "zh") for each in READERS[1:]}


def deliveries(size: int) -> Mapping[str, Delivery]:
    """Return the e-mails of every tenth notice of the region, all due now."""
    made = (
        delivery_of(notice_to(READERS[1], f"notice-{number:032x}", number), "zh", NOW) for number in range(1, size, 40)
    )
    return {each.delivery_id: each for each in made}


def reminders(size: int) -> Mapping[str, DutyReminder]:
    made = (duty_reminder(number, due=number % 40 == 0) for number in range(size))
    return {each.key: each for each in made}


def duty_reminder(number: int, *, due: bool) -> DutyReminder:
    return DutyReminder(
        key=f"registry:duty-{number}",
        duty_id=f"duty-{number}",
        opened_type="registry.duty.opened.v1",
        kind="dynamic_form",
        holder=f"unit-{number}",
        holder_role=Role.APPLICANT,
        holder_name=f"示例单位{number}",
        year=2026,
        due=DUE,
        article="第十七条",
        newest_sequence=1,
        opened_on=date(2027, 1, 1),
        days_before=(30, 7, 1),
        next_on=DUE - timedelta(days=30) if due else DUE - timedelta(days=7),
    )


async def measure_lists(api: ApiHarness[Store], probe: Probe) -> None:
    region = api.client_as(Role.REGIONAL_OFFICER)
    officer = api.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.BAOTOU)
    unit = api.client_as(Role.APPLICANT, organisation=UNIT)
    for name, client, path in (
        ("board, first page", api.anonymous(), "/v1/board"),
        ("inbox of the region, first page", region, "/v1/inbox"),
        ("inbox of the region, unread", region, "/v1/inbox?unread=true"),
        ("inbox of a prefecture", officer, "/v1/inbox"),
        ("inbox of a unit", unit, "/v1/inbox"),
        ("failed e-mails", api.client_as(Role.OPERATOR), "/v1/deliveries"),
        ("all e-mails", api.client_as(Role.OPERATOR), "/v1/deliveries?state=all"),
    ):
        async with probe(name) as act:
            act.returned = len((await page(client, path))["items"])
    await measure_deep_pages(api, probe)


async def measure_deep_pages(api: ApiHarness[Store], probe: Probe) -> None:
    cursor = None
    for _ in range(10):
        cursor = (await page(api.anonymous(), "/v1/board", limit=200, after=cursor))["next"] or cursor
    async with probe("board, a page far behind") as act:
        act.returned = len((await page(api.anonymous(), "/v1/board", limit=PAGE, after=cursor))["items"])


async def page(client: ApiClient, path: str, **asked: object) -> dict[str, list[object]]:
    params = {name: str(value) for name, value in asked.items() if value is not None}
    answer = await client.get(path, params=params) if params else await client.get(path)
    answer.raise_for_status()
    found: dict[str, list[object]] = answer.json()
    return found


async def measure_jobs(api: ApiHarness[Store], probe: Probe) -> None:
    send_mail, remind = jobs(accept_mail, MAILS_AT_ONCE)
    async with probe("send-mail, all that is due", whole=True):
        await run_job(api, send_mail)
    async with probe("send-mail, nothing due"):
        await run_job(api, send_mail)
    async with probe("remind, all that are due", whole=True):
        await run_job(api, remind)
    async with probe("remind, nothing due"):
        await run_job(api, remind)
