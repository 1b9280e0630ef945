from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from chassis.clock import FixedClock
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.mongo import Database, Driver, open_database
from chassis.persistence.unit_of_work import RejectedWriteError, WriteConflictError
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.work import WorkItem
from devkit import sample
from devkit.private_servers import PrivateServers
from devkit.sample import Touch, running
from opentelemetry.sdk.trace import ReadableSpan

from .conftest import DRIVERS
from .told import Told, identity, parent

pytestmark = pytest.mark.connected

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=DRIVERS)
async def traced(request: pytest.FixtureRequest, servers: PrivateServers, told: Told) -> AsyncIterator[Database]:
    driver: Driver = request.param
    mine = await servers.database("traced")
    database = open_database(mine.url, mine.name, driver, told.tracing.command_listeners())
    await database.ensure_indexes(sample.INDEXES)
    told.exporter.clear()
    yield database
    await database.close()


async def test_what_is_asked_of_the_database_is_part_of_the_trace(told: Told, traced: Database) -> None:
    desk = GroupCommitter(
        traced, sample.SERVICE, sample.AGGREGATES, clock=FixedClock(NOW), metrics=Metrics(), tracing=told.tracing
    )
    desk.start()
    await desk.submit(WorkItem("w", running(Touch("150102199003078888")), Causation("c"), consumer="notify"))
    await desk.stop()

    commit, handle = told.one("commit"), told.one("handle")
    asked = [span for span in told.exporter.get_finished_spans() if "db.system" in (span.attributes or {})]
    assert [(span.name.partition(".")[2], _collection(span), parent(span)) for span in asked] == [
        ("find", "inbox", identity(commit)),
        ("find", "notices", identity(handle)),
        ("insert", "inbox", identity(commit)),
        ("insert", "notices", identity(commit)),
        ("insert", "outbox", identity(commit)),
        ("commitTransaction", None, identity(commit)),
    ]
    assert "150102199003078888" not in "".join(span.to_json() for span in asked)


async def test_a_connection_that_the_pool_opens_meanwhile_is_no_part_of_the_trace(told: Told, traced: Database) -> None:
    with told.tracing.request("GET", None):
        await asyncio.gather(*(traced.load("notices", ["a"]) for _ in range(8)))

    asked = {span.name.partition(".")[2] for span in told.exporter.get_finished_spans() if span.name != "GET"}
    assert asked == {"find"}


def _collection(span: ReadableSpan) -> object:
    return (span.attributes or {}).get("db.mongodb.collection")


async def test_what_is_asked_outside_of_every_trace_is_not_told(told: Told, traced: Database) -> None:
    await traced.find("notices", {})

    assert told.names() == []


async def test_of_a_command_that_failed_the_code_is_told_and_not_the_words(told: Told, traced: Database) -> None:
    await traced.insert("notices", {"_id": "150102199003078888"})
    with told.tracing.work_span("notify"):
        with pytest.raises(WriteConflictError):
            await traced.insert("notices", {"_id": "150102199003078888"})
        with pytest.raises(RejectedWriteError, match="150102199003078888"):
            await traced.find("notices", {"name": {"$150102199003078888": 1}})

    find = told.one(f"{traced.name}.find")
    assert (find.attributes or {})["error.type"] == "BadValue"
    assert "150102199003078888" not in "".join(span.to_json() for span in told.exporter.get_finished_spans())
