"""One subject's events in one service's database: published, consumed, parked, each found by what is stored anyway."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from chassis.__main__ import app
from chassis.cli.trace import TraceLine, events_about, in_business_time
from chassis.inbox.delivery import Delivery
from chassis.inbox.parking_lot import ParkingLot
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.mongo import Database
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem, message_inbox_id
from click.testing import CliRunner
from devkit import sample
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from devkit.sample import Touch, touch_call

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBJECT = "n-1"
PUBLISHED = f"notify:notice:{SUBJECT}:1:delivered"
HEARD = f"review:case:{SUBJECT}:3:opened"


async def handle(database: Database, inbox_id: str, cause: Causation, notice: str = SUBJECT) -> None:
    committer = GroupCommitter(
        BatchTransaction(database, sample.SERVICE, sample.AGGREGATES, clock=FixedClock(NOW), metrics=Metrics())
    )
    committer.start()
    try:
        await committer.submit(WorkItem(inbox_id, touch_call(Touch(notice, label=notice)), cause, consumer="notify"))
    finally:
        await committer.stop()


async def test_events_are_found_with_their_cause_where_they_were_published_and_consumed(database: Database) -> None:
    await handle(database, message_inbox_id("notify", HEARD), Causation("corr-1", HEARD))
    await handle(database, "http|somebody|key", Causation("corr-2"), notice="n-10")
    stuck = Delivery({"ce-id": f"review:case:{SUBJECT}:4:cleared"}, b"{}", None, "review.case.cleared.v1")
    await ParkingLot(database, FixedClock(NOW)).park("notify", stuck, "bug", 5)

    found = await events_about(database, "notify", SUBJECT)

    assert sorted((line.kind, line.event_id) for line in found) == [
        ("consumed", HEARD),
        ("parked", f"review:case:{SUBJECT}:4:cleared"),
        ("published", PUBLISHED),
    ]
    (published,) = [line for line in found if line.kind == "published"]
    assert published.at == NOW
    assert published.detail == f"not yet confirmed by the broker; because of {HEARD}, correlation corr-1"
    (parked,) = [line for line in found if line.kind == "parked"]
    assert "bug" in parked.detail


async def test_event_before_the_asked_time_is_not_looked_for(database: Database) -> None:
    await handle(database, "http|somebody|key", Causation("corr-2"))

    found = await events_about(database, "notify", SUBJECT, datetime.now(UTC) + timedelta(minutes=1))  # noqa: TID251 - real time of ids

    assert [line for line in found if line.kind == "published"] == []


def test_consumption_stands_behind_its_event_whatever_the_real_time() -> None:
    later = NOW + timedelta(days=200)
    lines = [
        TraceLine(later, "review", "consumed", "e", event_id="e"),
        TraceLine(later, "notify", "consumed", "older", event_id="older"),
        TraceLine(NOW + timedelta(hours=1), "review", "record", "1"),
        TraceLine(NOW, "applications", "published", "e", event_id="e"),
    ]

    ordered = in_business_time(lines)

    assert [(line.service, line.kind, line.at) for line in ordered] == [
        ("applications", "published", NOW),
        ("review", "consumed", NOW),
        ("review", "record", NOW + timedelta(hours=1)),
        ("notify", "consumed", later),
    ]


async def test_command_prints_a_line_for_each_step(database: Database, servers: PrivateServers) -> None:
    await handle(database, "http|somebody|key", Causation("corr-2"))
    where = ["--mongo-url", servers.mongod.admin_url, "--database", database.name, "--service", "notify"]

    shown = await asyncio.to_thread(CliRunner().invoke, app, ["trace", SUBJECT, *where])

    assert shown.exit_code == 0
    (line,) = shown.output.splitlines()
    assert line.split()[:4] == ["2026-03-01T12:00:00+0000", "notify", "published", PUBLISHED]
