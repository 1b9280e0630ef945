from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from chassis.clock import FixedClock, SystemClock
from chassis.failpoints import Point
from chassis.outbox.ordering import OrderedDispatch
from chassis.outbox.republish import republish_since
from chassis.persistence.mongo import Database
from chassis.transactions.group_committer import GroupCommitter
from devkit import sample
from devkit.sample import Touch, running, work

from .relaying import NOW, Rig


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    made = Rig(database)
    made.relay.start()
    yield made
    await made.relay.stop(patience=0)


async def test_what_is_committed_goes_out_at_once_and_is_marked(rig: Rig) -> None:
    committer = GroupCommitter(
        rig.database,
        sample.SERVICE,
        sample.AGGREGATES,
        clock=FixedClock(NOW),
        metrics=rig.metrics,
        relay_wakeup=rig.relay.enqueue,
        token="mine",
    )
    committer.start()
    await asyncio.gather(*(committer.submit(work(f"m{n}", running(Touch(f"n{n}")))) for n in range(30)))
    await committer.stop()
    await rig.settled()

    assert sorted(rig.wire.sent) == sorted(f"notify:notice:n{n}:1:delivered" for n in range(30))
    assert rig.metrics.registry.get_sample_value("green_relay_published_total") == 30


async def test_events_of_one_aggregate_go_out_in_order_each_after_the_confirm_before(rig: Rig) -> None:
    rig.wire.open.clear()
    for document in (
        await rig.stored(("a", 1), ("a", 2), ("b", 1)),
        await rig.stored(("a", 3), ("c", 1)),
        await rig.stored(("c", 2)),
    ):
        rig.relay.enqueue(document)
    await asyncio.sleep(0.1)
    waiting = list(rig.wire.sent)
    rig.wire.open.set()
    await rig.settled()

    assert waiting == ["notify:notice:a:1:delivered", "notify:notice:b:1:delivered"]
    assert rig.wire.numbers("a") == [1, 2, 3]
    assert rig.wire.numbers("c") == [1, 2]


async def test_different_aggregates_do_not_wait_for_each_other(rig: Rig) -> None:
    rig.wire.open.clear()
    for number in range(5):
        rig.relay.enqueue(await rig.stored((f"n{number}", 1)))
    await asyncio.sleep(0.1)

    assert len(rig.wire.sent) == 5


async def test_a_returned_event_stays_with_those_behind_it_and_is_alarmed(rig: Rig) -> None:
    rig.wire.answers["notify:notice:a:1:delivered"] = "returned"
    rig.relay.enqueue(await rig.stored(("a", 1), ("a", 2), ("b", 1)))
    await asyncio.sleep(0.2)

    assert rig.wire.sent == ["notify:notice:a:1:delivered", "notify:notice:b:1:delivered"]
    assert await rig.unsent() == 1
    assert rig.metrics.registry.get_sample_value("green_relay_failures_total", {"cause": "returned"}) == 1


async def test_the_sweep_tries_again_only_what_was_left(rig: Rig) -> None:
    hasty = Rig(rig.database, lease=0.05, sweep_every=0.05)
    hasty.wire.answers["notify:notice:a:1:delivered"] = "returned"
    hasty.relay.start()
    hasty.relay.enqueue(await hasty.stored(("a", 1), ("a", 2), ("b", 1)))
    await asyncio.sleep(0.3)
    assert await hasty.unsent() == 1
    hasty.wire.answers.clear()
    await hasty.settled()
    await hasty.relay.stop()

    assert hasty.wire.numbers("b") == [1]
    assert hasty.wire.numbers("a")[-2:] == [1, 2]


async def test_what_is_stuck_keeps_back_what_is_committed_later_and_others_go_on(rig: Rig) -> None:
    patient = Rig(rig.database, sweep_every=0.1)
    patient.wire.answers["notify:notice:a:1:delivered"] = "returned"
    patient.relay.start()
    patient.relay.enqueue(await patient.stored(("a", 1), ("b", 1)))
    await asyncio.sleep(0.05)
    patient.relay.enqueue(await patient.stored(("a", 2), ("b", 2)))
    patient.relay.enqueue(await patient.stored(("a", 3)))
    await asyncio.sleep(0.3)
    stuck = set(patient.wire.numbers("a"))
    others = patient.wire.numbers("b")
    patient.wire.answers.clear()
    await patient.settled()
    patient.relay.enqueue(await patient.stored(("a", 4)))
    await patient.settled()
    await patient.relay.stop()

    assert (stuck, others) == ({1}, [1, 2])
    assert patient.wire.numbers("a")[-4:] == [1, 2, 3, 4]


async def test_what_had_no_room_in_memory_is_sent_by_the_sweep_in_order(database: Database) -> None:
    rig = Rig(database, sweep_every=0.05)
    rig.relay._lanes = OrderedDispatch(held_max=2)
    for number in range(1, 6):
        rig.relay.enqueue(await rig.stored(("a", number)))
    rig.relay.start()
    await rig.settled()
    await asyncio.sleep(0.2)
    rig.relay.enqueue(await rig.stored(("a", 6)))
    await rig.settled()
    await rig.relay.stop()

    assert rig.wire.numbers("a") == [1, 2, 3, 4, 5, 6]


async def test_a_lost_connection_is_waited_for(rig: Rig) -> None:
    rig.wire.down = 3
    rig.relay.enqueue(await rig.stored(("a", 1)))
    await rig.settled()

    assert rig.wire.sent == ["notify:notice:a:1:delivered"]


async def test_what_a_lost_process_left_is_taken_over_after_its_lease_and_not_before(database: Database) -> None:
    other = Rig(database, "other", lease=0.3)
    await other.stored(("a", 1), holder="lost")
    await other.relay.sweep()  # seen for the first time: the lease begins by the server's clock
    await other.relay.sweep()
    early = other.relay._waiting.copy()
    await asyncio.sleep(0.4)
    await other.relay.sweep()

    assert not early
    assert [held.document["token"] for held in other.relay._waiting] == ["lost"]
    assert await database.count("outbox", {"token": "other"}) == 1


async def test_one_of_two_relays_takes_a_document_over(database: Database) -> None:
    rigs = [Rig(database, f"relay{n}", lease=0.1) for n in range(2)]
    await rigs[0].stored(("a", 1), holder="lost")
    await rigs[0].relay.sweep()
    await asyncio.sleep(0.2)
    await asyncio.gather(*(each.relay.sweep() for each in rigs))

    assert sum(len(each.relay._waiting) for each in rigs) == 1


async def test_a_relay_that_lost_its_lease_marks_nothing(rig: Rig) -> None:
    rig.wire.open.clear()
    document = await rig.stored(("a", 1))
    rig.relay.enqueue(document)
    await asyncio.sleep(0.05)
    await rig.database.update("outbox", {"_id": document["_id"]}, {"$set": {"token": "another"}})
    rig.wire.open.set()
    await asyncio.sleep(0.1)

    assert await rig.unsent() == 1


async def test_sent_documents_are_kept_with_the_time_they_run_out_by(rig: Rig) -> None:
    rig.relay.enqueue(await rig.stored(("a", 1)))
    await rig.settled()

    kept = await rig.database.find("outbox", {"sent": True})
    assert len(kept) == 1
    assert abs(kept[0]["sent_at"] - SystemClock().now()) < timedelta(minutes=1)


async def test_the_age_of_the_oldest_unsent_event_is_measured(database: Database) -> None:
    rig = Rig(database, "other")
    await rig.stored(("a", 1), ("b", 1), holder="lost")
    await asyncio.sleep(1.1)
    await rig.relay.sweep()

    assert rig.metrics.registry.get_sample_value("green_outbox_unsent") == 2
    assert (rig.metrics.registry.get_sample_value("green_outbox_oldest_unsent_seconds") or 0) > 0


async def test_the_age_of_the_oldest_untried_event_is_asked_of_the_database_without_a_sweep(database: Database) -> None:
    rig = Rig(database, "other")
    assert await rig.relay.oldest_unattempted() == 0
    await rig.stored(("a", 1), holder="lost")
    await asyncio.sleep(1.1)

    assert 0 < await rig.relay.oldest_unattempted() < 60


async def test_what_is_said_again_has_waited_since_somebody_asked_for_it(database: Database) -> None:
    rig = Rig(database, "other")
    await rig.stored(("a", 1))
    await database.update_all("outbox", {}, {"$set": {"sent": True}})
    await asyncio.sleep(1.5)
    await republish_since(database, SystemClock().now() - timedelta(minutes=1), "operator")

    assert await rig.relay.oldest_unattempted() < 1


async def test_what_was_sent_can_be_said_again(rig: Rig) -> None:
    rig.relay.enqueue(await rig.stored(("a", 1)))
    await rig.settled()

    earlier = SystemClock().now() - timedelta(minutes=1)
    assert await republish_since(rig.database, earlier + timedelta(hours=1), "operator") == 0
    assert await republish_since(rig.database, earlier, "operator") == 1
    assert await rig.unsent() == 1
    document = (await rig.database.find("outbox", {"sent": False}))[0]
    assert [each["by"] for each in document["again"]] == ["operator"]


async def test_the_point_between_confirm_and_mark_is_named(database: Database) -> None:
    points: list[Point] = []

    class Recorder:
        def hit(self, point: Point) -> None:
            points.append(point)

    rig = Rig(database, steps=Recorder())
    rig.relay.start()
    rig.relay.enqueue(await rig.stored(("a", 1)))
    await rig.settled()
    await rig.relay.stop()

    assert points == ["confirmed-not-marked"]
