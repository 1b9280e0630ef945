from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from chassis.observability.metrics import Metrics
from chassis.outbox.entries import Causation
from chassis.persistence.errors import RejectedWriteError, WriteConflictError
from chassis.persistence.mongo import Database, Driver, open_database
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from chassis.transactions.work import WorkItem
from devkit import sample
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from devkit.sample import Touch, touch_call
from opentelemetry.sdk.trace import ReadableSpan

from .conftest import DRIVERS
from .recorded_spans import RecordedSpans, parent_id, span_id

pytestmark = pytest.mark.connected

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=DRIVERS)
async def database(
    request: pytest.FixtureRequest, servers: PrivateServers, spans: RecordedSpans
) -> AsyncIterator[Database]:
    driver: Driver = request.param
    mine = await servers.database("traced")
    database_ = open_database(mine.url, mine.name, driver, spans.tracing.command_listeners())
    await database_.ensure_indexes(sample.INDEXES)
    spans.exporter.clear()
    yield database_
    await database_.close()


async def test_database_commands_are_part_of_the_trace(spans: RecordedSpans, database: Database) -> None:
    committer = GroupCommitter(
        BatchTransaction(
            database, sample.SERVICE, sample.AGGREGATES, clock=FixedClock(NOW), metrics=Metrics(), tracing=spans.tracing
        )
    )
    committer.start()
    await committer.submit(WorkItem("w", touch_call(Touch("150102199003078888")), Causation("c"), consumer="notify"))
    await committer.stop()

    commit, handle = spans.find_one("commit"), spans.find_one("handle")
    asked = [span for span in spans.exporter.get_finished_spans() if "db.system" in (span.attributes or {})]
    assert [(span.name.partition(".")[2], _collection(span), parent_id(span)) for span in asked] == [
        ("find", "inbox", span_id(commit)),
        ("find", "notices", span_id(handle)),
        ("insert", "inbox", span_id(commit)),
        ("insert", "notices", span_id(commit)),
        ("insert", "outbox", span_id(commit)),
        ("commitTransaction", None, span_id(commit)),
    ]
    assert "150102199003078888" not in "".join(span.to_json() for span in asked)


async def test_connection_opened_by_the_pool_is_no_part_of_the_trace(spans: RecordedSpans, database: Database) -> None:
    with spans.tracing.request_span("GET", None):
        await asyncio.gather(*(database.load("notices", ["a"]) for _ in range(8)))

    asked = {span.name.partition(".")[2] for span in spans.exporter.get_finished_spans() if span.name != "GET"}
    assert asked == {"find"}


def _collection(span: ReadableSpan) -> object:
    return (span.attributes or {}).get("db.mongodb.collection")


async def test_database_command_outside_a_trace_is_not_recorded(spans: RecordedSpans, database: Database) -> None:
    await database.find("notices", {})

    assert spans.names() == []


async def test_failed_database_command_records_its_code_and_not_its_message(
    spans: RecordedSpans, database: Database
) -> None:
    await database.insert("notices", {"_id": "150102199003078888"})
    with spans.tracing.work_span("notify"):
        with pytest.raises(WriteConflictError):
            await database.insert("notices", {"_id": "150102199003078888"})
        with pytest.raises(RejectedWriteError, match="150102199003078888"):
            await database.find("notices", {"name": {"$150102199003078888": 1}})

    find = spans.find_one(f"{database.name}.find")
    assert (find.attributes or {})["error.type"] == "BadValue"
    assert "150102199003078888" not in "".join(span.to_json() for span in spans.exporter.get_finished_spans())
