"""A stored document that cannot be read stops nothing but itself: it is set aside, counted and named."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from chassis.handling import Document, HandlerResult
from chassis.inbox.delivery import Delivery
from chassis.inbox.dispatcher import Dispatcher
from chassis.inbox.parking_lot import ParkingLot
from chassis.observability.gauges import DomainGauge, GaugeReader, Values
from chassis.observability.metrics import Metrics
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import DocumentStore, read_only_unit
from chassis.persistence.unreadable import UnreadableDocumentError
from chassis.scheduling.job import Job
from chassis.scheduling.scheduler import JobScheduler, ParkedMessageReplayer
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from devkit import sample
from devkit.api_harness import ApiHarness
from devkit.clock import FixedClock
from devkit.sample import Store, Touch, TouchCounter, touch
from messages.values import Role

from .sample_api import USCC, post_plan

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "138-0000-0000"


def notice(key: str, count: object, **fields: object) -> Document:
    return {"_id": key, "_version": 1, "_sequence": 0, "count": count, "words": [], "label": "", **fields}


async def touched_once(store: Store, _now: datetime) -> Sequence[Touch]:
    """At most two a page: unreadable documents before them must not fill it."""
    found = await store.notices.entries({"count": {"$in": [1, SECRET]}}, sort=[("_id", 1)], limit=2)
    return [Touch(each.key) for each in found]


JOB = Job("touch-again", touched_once, lambda item: item.notice, touch)


class Harness:
    def __init__(self, database: Database) -> None:
        self.metrics = Metrics()
        self.committer = GroupCommitter(
            BatchTransaction(database, sample.SERVICE, sample.AGGREGATES, FixedClock(NOW), self.metrics)
        )
        self.leases = Leases(database, "one")
        self.scheduler = JobScheduler(
            database, Store, self.leases, [JOB], self.committer, clock=FixedClock(NOW), metrics=self.metrics
        )

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"green_{name}", labels) or 0.0


@pytest.fixture
async def harness(database: Database) -> AsyncIterator[Harness]:
    made = Harness(database)
    made.committer.start()
    yield made
    await made.committer.stop()


async def test_poll_handles_what_is_due_behind_unreadable_documents(harness: Harness, database: Database) -> None:
    broken = [notice(f"a{number}", SECRET, label=f"a{number}") for number in range(3)]
    unversioned = {"_id": "a9", "count": 1, "words": [], "label": "a9"}
    await database.insert_all("notices", [*broken, unversioned, *(notice(key, 1, label=key) for key in "bcd")])

    assert await harness.scheduler.poll(JOB) == 3
    assert [each.key for each in await Store(read_only_unit(database)).notices.entries({"count": 2})] == ["b", "c", "d"]
    assert harness.value("unreadable_documents_total", collection="notices") >= 4
    assert harness.value("job_polls_failed_total", job="touch-again") == 0


async def test_poll_that_fails_is_counted_and_leaves_the_time_of_the_last_good_one(harness: Harness) -> None:
    async def fail(_store: Store, _now: datetime) -> Sequence[Touch]:
        raise ValueError("bug")

    good, bad = (
        harness.value("job_last_poll_timestamp_seconds", job="touch-again"),
        Job("touch-again", fail, str, touch),
    )
    assert good > 0

    assert [await harness.scheduler.poll(bad) for _ in range(2)] == [0, 0]
    assert harness.value("job_polls_failed_total", job="touch-again") == 2
    assert harness.value("job_last_poll_timestamp_seconds", job="touch-again") == good
    await harness.scheduler.poll(JOB)
    assert harness.value("job_last_poll_timestamp_seconds", job="touch-again") > good


async def test_handler_meets_the_document_as_an_error_that_names_it_without_its_values(
    document_store: DocumentStore,
) -> None:
    await document_store.insert("notices", notice("a", SECRET))
    store = Store(read_only_unit(document_store))

    with pytest.raises(UnreadableDocumentError, match=r"notices/a cannot be read: count \(int_parsing\)") as found:
        await store.notices.get("a")
    assert SECRET not in f"{found.value!r} {found.value.__cause__!r}"
    assert found.value.__suppress_context__
    with pytest.raises(UnreadableDocumentError):
        await store.notices.find()
    with pytest.raises(UnreadableDocumentError):
        _ = [each async for each in store.notices.pages()]


async def test_gauge_reads_on_without_the_document_and_counts_it(document_store: DocumentStore) -> None:
    async def highest(store: Store, _now: datetime) -> Values:
        return {(): max(each.count for each in await store.notices.find())}

    await document_store.insert_all("notices", [notice("a", "many", label="a"), notice("b", 7, label="b")])
    metrics = Metrics()
    gauge = DomainGauge("highest", "Highest count", highest)
    reader = GaugeReader(document_store, Store, [gauge], clock=FixedClock(NOW), metrics=metrics, interval_seconds=60)

    assert await reader.poll() == 1
    assert metrics.registry.get_sample_value("green_highest") == 7
    assert metrics.registry.get_sample_value("green_unreadable_documents_total", {"collection": "notices"}) == 1


async def test_list_names_the_document_instead_of_ending_in_an_error(api: ApiHarness) -> None:
    applicant = api.client_as(Role.APPLICANT, organisation=USCC, prefecture="150100")
    officer = api.client_as(Role.REGIONAL_OFFICER)
    for title in ("one", "two", "three"):
        await post_plan(applicant, title)
    broken = next(key for key, each in api.memory.collections["plans"].items() if each["title"] == "two")
    api.memory.collections["plans"][broken]["submitted"] = "soon"

    shown = await officer.get("/v1/plans")
    assert shown.status_code == 200
    assert [each["title"] for each in shown.json()["items"]] == ["three", "one"]
    assert shown.json()["unreadable"] == [broken]
    alone = await officer.get(f"/v1/plans/{broken}")
    assert (alone.status_code, alone.json()["reasons"][0]["code"]) == (500, "document-unreadable")
    assert broken not in json.dumps(alone.json()["reasons"])
    counted = api.api.metrics.registry.get_sample_value("green_unreadable_documents_total", {"collection": "plans"})
    assert counted == 2


async def test_parked_row_that_is_no_message_does_not_keep_the_others_from_their_replay(
    harness: Harness, database: Database
) -> None:
    parking_lot = ParkingLot(database)
    dispatcher = Dispatcher(
        sample.SERVICE, Store, (), harness.committer, parking_lot, clock=FixedClock(NOW), metrics=harness.metrics
    )
    await database.insert("parked", {"_id": "damaged", "state": "deferred", "first_at": NOW, "last_at": NOW})
    await parking_lot.park("notify", Delivery({}, b"{}", "application/json", "x", None), "not ready", 0, deferred=True)
    replayer = ParkedMessageReplayer(harness.leases, parking_lot, dispatcher, harness.metrics)

    assert await replayer.poll() == 2
    assert [each["_id"] for each in await parking_lot.list(["parked"]) if each["_id"] != "damaged"]
    assert harness.value("job_runs_total", job="replay", outcome="failed") == 1


async def test_handler_that_meets_it_fails_alone(harness: Harness, database: Database) -> None:
    async def read_first(item: Touch, store: Store, now: datetime) -> HandlerResult:
        await store.notices.require(item.notice)
        return await touch(item, store, now)

    async def both(_store: Store, _now: datetime) -> Sequence[Touch]:
        return [Touch("a"), Touch("b", label="b")]

    await database.insert_all("notices", [notice("a", SECRET, label="a"), notice("b", 1, label="b")])

    assert await harness.scheduler.poll(Job("touch-again", both, lambda item: item.notice, read_first)) == 1
    assert await Store(read_only_unit(database)).notices.get("b") == TouchCounter(2, ("",), "b")
    assert harness.value("job_runs_total", job="touch-again", outcome="failed") == 1
