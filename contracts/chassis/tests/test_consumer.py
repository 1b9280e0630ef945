from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import rulebook
from chassis.broker.topology import definitions
from chassis.clock import SystemClock
from chassis.handling import TransientError
from chassis.inbox.parking_lot import DEFERRED
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.mongo import Database, DatabaseUnavailableError
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.transactions.commands import CommandExecutor
from chassis.transactions.work import command_inbox_id
from devkit.private_servers import PrivateServers
from devkit.sample import TouchCounter
from messages.event import Event
from messages.notify import NoticeFailed

from .consumer_process import NOW, SUBSCRIBED, ConsumerProcess, close_connections, failed


async def test_event_is_handled_once_and_acknowledged_after_its_commit(process: ConsumerProcess) -> None:
    await process.publish(*(failed(f"n{n}") for n in range(250)))
    for n in (0, 100, 249):
        await process.wait_until_touched(f"n{n}")
    await process.stop_and_expect_empty_queues()

    assert process.handlers.runs == 250
    assert await process.database.count("inbox", {}) == 250


async def test_repeated_event_has_no_second_effect(process: ConsumerProcess) -> None:
    await process.publish(failed("a"))
    await process.wait_until_touched("a")
    await process.publish(failed("a"), failed("b"))
    await process.wait_until_touched("b")
    await process.stop_and_expect_empty_queues()

    assert await process.touch_counter("a") == TouchCounter(1, ("1",))
    assert process.metric("inbox_duplicates_total", consumer="review") == 1


async def test_command_with_the_id_of_an_event_does_not_suppress_the_event(
    process: ConsumerProcess,
) -> None:
    executor, event = CommandExecutor(process.committer, rulebook), failed("a")

    async def nothing(_unit: UnitOfWork, _now: datetime) -> list[Event]:
        return []

    await executor.execute(command_inbox_id("review", "", "", event_id(event)), "", nothing)
    await process.publish(event)

    await process.wait_until_touched("a")


async def test_event_age_is_real_time_whatever_the_business_clock_shows(process: ConsumerProcess) -> None:
    sent = entry(failed("a"), Causation("c"), NOW - timedelta(days=90))
    assert await process.publisher.send([{**sent, "at": SystemClock().now() - timedelta(seconds=20)}]) == [None]
    await process.wait_until_touched("a")

    assert 19 < process.metric("event_lag_seconds_sum", event_type=NoticeFailed.type) < 40


async def test_event_without_a_commit_time_is_aged_by_its_own_time(process: ConsumerProcess) -> None:
    await process.publisher.send([entry(failed("a"), Causation("c"), NOW - timedelta(seconds=90))])
    await process.wait_until_touched("a")

    assert process.metric("event_lag_seconds_sum", event_type=NoticeFailed.type) == 90


async def test_finer_of_two_agreeing_times_counts(process: ConsumerProcess) -> None:
    sent_at = SystemClock().now() - timedelta(milliseconds=1500)
    sent = entry(failed("a"), Causation("c"), sent_at)
    await process.publisher.send([{**sent, "at": sent_at - timedelta(seconds=2)}])
    await process.wait_until_touched("a")

    assert 1.5 <= process.metric("event_lag_seconds_sum", event_type=NoticeFailed.type) < 2.5


async def test_failing_handler_is_retried(process: ConsumerProcess) -> None:
    process.handlers.problems = [ValueError("bug")]
    await process.publish(failed("a"))
    await process.wait_until_touched("a")

    assert await process.parked.count() == 0


async def test_transient_error_is_retried_and_not_counted_as_failure(process: ConsumerProcess) -> None:
    process.handlers.problems = [TransientError("not yet")] * 4
    await process.publish(failed("a"))
    await process.wait_until_touched("a")

    assert process.metric("messages_deferred_total", consumer="review") == 4
    assert process.metric("handler_failures_total", consumer="review") == 0


async def test_message_that_stays_transient_is_deferred_and_blocks_nobody(process: ConsumerProcess) -> None:
    process.handlers.problems = [TransientError("not yet")] * 6
    await process.publish(failed("a"))

    async def is_deferred() -> bool:
        return len(await process.parked.list_due()) == 1

    await process.wait_until(is_deferred)
    await process.stop_and_expect_empty_queues()
    assert [each["state"] for each in await process.parked.list()] == [DEFERRED]


async def test_long_database_outage_defers_nothing(process: ConsumerProcess) -> None:
    process.handlers.problems = [DatabaseUnavailableError("away")] * 12
    await process.publish(failed("a"))
    await process.wait_until_touched("a")

    assert await process.parked.count() == 0
    assert process.metric("messages_deferred_total", consumer="review") == 0


async def test_stop_returns_waiting_messages_to_the_broker_without_counting_a_delivery(
    process: ConsumerProcess,
) -> None:
    process.handlers.problems = [TransientError("not yet")] * 1000
    process.dispatcher.max_defer_seconds = 60
    process.dispatcher.backoff = (60.0,)
    await process.publish(failed("a"))
    await asyncio.sleep(0.3)
    await process.stop()
    again = ConsumerProcess(process.servers, process.vhost, process.database)
    await again.start()
    await again.wait_until_touched("a")
    await again.stop_and_expect_empty_queues()
    await again.stop()

    assert again.handlers.runs == 1


async def test_stop_does_not_wait_for_a_lost_broker(servers: PrivateServers, database: Database) -> None:
    mine = ConsumerProcess(servers, await servers.vhost(definitions(SUBSCRIBED)), database)
    await mine.start()
    await servers.broker.remove_vhost(mine.vhost)
    await asyncio.sleep(0.5)

    async with asyncio.timeout(10):
        await mine.stop()


async def test_waiting_message_does_not_delay_acknowledgement_of_others(process: ConsumerProcess) -> None:
    process.dispatcher.max_defer_seconds = 60
    process.handlers.deferred = {"n7"}
    await process.publish(*(failed(f"n{n}") for n in range(120)))
    for n in (each for each in range(120) if each != 7):
        await process.wait_until_touched(f"n{n}")
    await asyncio.sleep(0.5)  # acknowledgements follow the commit only in the next turns of the loop
    await process.stop()
    again = ConsumerProcess(process.servers, process.vhost, process.database)
    await again.start()
    await again.wait_until_touched("n7")
    await again.stop_and_expect_empty_queues()
    await again.stop()

    assert again.handlers.runs == 1
    assert again.metric("inbox_duplicates_total", consumer="review") == 0


async def test_connection_lost_while_handling_leaves_each_effect_once(
    process: ConsumerProcess, servers: PrivateServers
) -> None:
    process.handlers.pause = 0.02
    await process.publish(*(failed(f"n{n}") for n in range(400)))
    await process.wait_until_touched("n0")
    await close_connections(servers, process.vhost, "review")
    await process.publish(failed("last"))
    for n in range(400):
        await process.wait_until_touched(f"n{n}")
    await process.wait_until_touched("last")
    await process.stop_and_expect_empty_queues()

    assert await process.database.count("inbox", {}) == 401
    assert await process.parked.count() == 0
