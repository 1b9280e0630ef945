from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from chassis.clock import SystemClock
from chassis.failpoints import Point
from chassis.outbox.ordering import OrderedDispatch
from chassis.outbox.republish import republish_since
from chassis.persistence.mongo import Database
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from devkit import sample
from devkit.clock import FixedClock
from devkit.sample import Touch, touch_call, work_item

from .relay_harness import NOW, RelayHarness


@pytest.fixture
async def harness(database: Database) -> AsyncIterator[RelayHarness]:
    made = RelayHarness(database)
    made.relay.start()
    yield made
    await made.relay.stop(patience=0)


async def test_committed_events_are_published_at_once_and_marked(harness: RelayHarness) -> None:
    committer = GroupCommitter(
        BatchTransaction(
            harness.database,
            sample.SERVICE,
            sample.AGGREGATES,
            clock=FixedClock(NOW),
            metrics=harness.metrics,
            wake_relay=harness.relay.enqueue,
            lease_holder="mine",
        )
    )
    committer.start()
    await asyncio.gather(*(committer.submit(work_item(f"m{n}", touch_call(Touch(f"n{n}")))) for n in range(30)))
    await committer.stop()
    await harness.wait_until_published()

    assert sorted(harness.broker.published) == sorted(f"notify:notice:n{n}:1:delivered" for n in range(30))
    assert harness.metrics.registry.get_sample_value("green_relay_published_total") == 30


async def test_events_of_one_aggregate_are_published_in_order_each_after_the_previous_confirm(
    harness: RelayHarness,
) -> None:
    harness.broker.accepting.clear()
    for document in (
        await harness.save(("a", 1), ("a", 2), ("b", 1)),
        await harness.save(("a", 3), ("c", 1)),
        await harness.save(("c", 2)),
    ):
        harness.relay.enqueue(document)
    await asyncio.sleep(0.1)
    waiting = list(harness.broker.published)
    harness.broker.accepting.set()
    await harness.wait_until_published()

    assert waiting == ["notify:notice:a:1:delivered", "notify:notice:b:1:delivered"]
    assert harness.broker.sequences("a") == [1, 2, 3]
    assert harness.broker.sequences("c") == [1, 2]


async def test_different_aggregates_do_not_wait_for_each_other(harness: RelayHarness) -> None:
    harness.broker.accepting.clear()
    for number in range(5):
        harness.relay.enqueue(await harness.save((f"n{number}", 1)))
    await asyncio.sleep(0.1)

    assert len(harness.broker.published) == 5


async def test_returned_event_blocks_its_aggregate_and_is_counted(harness: RelayHarness) -> None:
    harness.broker.results["notify:notice:a:1:delivered"] = "returned"
    harness.relay.enqueue(await harness.save(("a", 1), ("a", 2), ("b", 1)))
    await asyncio.sleep(0.2)

    assert harness.broker.published == ["notify:notice:a:1:delivered", "notify:notice:b:1:delivered"]
    assert await harness.unpublished_count() == 1
    assert harness.metrics.registry.get_sample_value("green_relay_failures_total", {"cause": "returned"}) == 1


async def test_sweep_retries_only_unpublished_events(harness: RelayHarness) -> None:
    hasty = RelayHarness(harness.database, lease=0.05, sweep_interval=0.05)
    hasty.broker.results["notify:notice:a:1:delivered"] = "returned"
    hasty.relay.start()
    hasty.relay.enqueue(await hasty.save(("a", 1), ("a", 2), ("b", 1)))
    await asyncio.sleep(0.3)
    assert await hasty.unpublished_count() == 1
    hasty.broker.results.clear()
    await hasty.wait_until_published()
    await hasty.relay.stop()

    assert hasty.broker.sequences("b") == [1]
    assert hasty.broker.sequences("a")[-2:] == [1, 2]


async def test_blocked_aggregate_holds_back_later_commits_and_others_continue(harness: RelayHarness) -> None:
    patient = RelayHarness(harness.database, sweep_interval=0.1)
    patient.broker.results["notify:notice:a:1:delivered"] = "returned"
    patient.relay.start()
    patient.relay.enqueue(await patient.save(("a", 1), ("b", 1)))
    await asyncio.sleep(0.05)
    patient.relay.enqueue(await patient.save(("a", 2), ("b", 2)))
    patient.relay.enqueue(await patient.save(("a", 3)))
    await asyncio.sleep(0.3)
    stuck = set(patient.broker.sequences("a"))
    others = patient.broker.sequences("b")
    patient.broker.results.clear()
    await patient.wait_until_published()
    patient.relay.enqueue(await patient.save(("a", 4)))
    await patient.wait_until_published()
    await patient.relay.stop()

    assert (stuck, others) == ({1}, [1, 2])
    assert patient.broker.sequences("a")[-4:] == [1, 2, 3, 4]


async def test_documents_over_the_memory_bound_are_published_by_the_sweep_in_order(database: Database) -> None:
    harness = RelayHarness(database, sweep_interval=0.05)
    harness.relay._ordering = OrderedDispatch(max_in_flight=2)
    for number in range(1, 6):
        harness.relay.enqueue(await harness.save(("a", number)))
    harness.relay.start()
    await harness.wait_until_published()
    await asyncio.sleep(0.2)
    harness.relay.enqueue(await harness.save(("a", 6)))
    await harness.wait_until_published()
    await harness.relay.stop()

    assert harness.broker.sequences("a") == [1, 2, 3, 4, 5, 6]


async def test_relay_waits_for_a_lost_connection(harness: RelayHarness) -> None:
    harness.broker.outages = 3
    harness.relay.enqueue(await harness.save(("a", 1)))
    await harness.wait_until_published()

    assert harness.broker.published == ["notify:notice:a:1:delivered"]


async def test_documents_of_a_lost_process_are_taken_over_only_after_its_lease(database: Database) -> None:
    other = RelayHarness(database, "other", lease=0.3)
    await other.save(("a", 1), holder="lost")
    await other.relay.sweep()  # seen for the first time: the lease begins by the server's clock
    await other.relay.sweep()
    early = other.relay._waiting.copy()
    await asyncio.sleep(0.4)
    await other.relay.sweep()

    assert not early
    assert [each.document["lease_holder"] for each in other.relay._waiting] == ["lost"]
    assert await database.count("outbox", {"lease_holder": "other"}) == 1


async def test_one_of_two_relays_takes_a_document_over(database: Database) -> None:
    harnesses = [RelayHarness(database, f"relay{n}", lease=0.1) for n in range(2)]
    await harnesses[0].save(("a", 1), holder="lost")
    await harnesses[0].relay.sweep()
    await asyncio.sleep(0.2)
    await asyncio.gather(*(each.relay.sweep() for each in harnesses))

    assert sum(len(each.relay._waiting) for each in harnesses) == 1


async def test_relay_without_its_lease_marks_nothing(harness: RelayHarness) -> None:
    harness.broker.accepting.clear()
    document = await harness.save(("a", 1))
    harness.relay.enqueue(document)
    await asyncio.sleep(0.05)
    await harness.database.update("outbox", {"_id": document["_id"]}, {"$set": {"lease_holder": "another"}})
    harness.broker.accepting.set()
    await asyncio.sleep(0.1)

    assert await harness.unpublished_count() == 1


async def test_published_document_keeps_the_time_its_expiry_counts_from(harness: RelayHarness) -> None:
    harness.relay.enqueue(await harness.save(("a", 1)))
    await harness.wait_until_published()

    published = await harness.database.find("outbox", {"sent": True})
    assert len(published) == 1
    assert abs(published[0]["sent_at"] - SystemClock().now()) < timedelta(minutes=1)


async def test_age_of_the_oldest_unpublished_event_is_exported(database: Database) -> None:
    harness = RelayHarness(database, "other")
    await harness.save(("a", 1), ("b", 1), holder="lost")
    await asyncio.sleep(1.1)
    await harness.relay.sweep()

    assert harness.metrics.registry.get_sample_value("green_outbox_pending") == 2
    assert (harness.metrics.registry.get_sample_value("green_outbox_oldest_pending_seconds") or 0) > 0


async def test_age_of_the_oldest_unattempted_event_needs_no_sweep(database: Database) -> None:
    harness = RelayHarness(database, "other")
    assert await harness.relay.oldest_unattempted() == 0
    await harness.save(("a", 1), holder="lost")
    await asyncio.sleep(1.1)

    assert 0 < await harness.relay.oldest_unattempted() < 60


async def test_republished_event_ages_from_the_request(database: Database) -> None:
    harness = RelayHarness(database, "other")
    await harness.save(("a", 1))
    await database.update_all("outbox", {}, {"$set": {"sent": True}})
    await asyncio.sleep(1.5)
    await republish_since(database, SystemClock().now() - timedelta(minutes=1), "operator")

    assert await harness.relay.oldest_unattempted() < 1


async def test_published_event_can_be_republished(harness: RelayHarness) -> None:
    harness.relay.enqueue(await harness.save(("a", 1)))
    await harness.wait_until_published()

    earlier = SystemClock().now() - timedelta(minutes=1)
    assert await republish_since(harness.database, earlier + timedelta(hours=1), "operator") == 0
    assert await republish_since(harness.database, earlier, "operator") == 1
    assert await harness.unpublished_count() == 1
    document = (await harness.database.find("outbox", {"sent": False}))[0]
    assert [each["by"] for each in document["republished"]] == ["operator"]


async def test_failpoint_between_confirm_and_mark_is_hit(database: Database) -> None:
    points: list[Point] = []

    class Recorder:
        def hit(self, point: Point) -> None:
            points.append(point)

    harness = RelayHarness(database, failpoints=Recorder())
    harness.relay.start()
    harness.relay.enqueue(await harness.save(("a", 1)))
    await harness.wait_until_published()
    await harness.relay.stop()

    assert points == ["confirmed-not-marked"]
