from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from chassis.broker.topology import definitions
from chassis.clock import SystemClock
from chassis.handling import TransientError
from chassis.inbox.parking_lot import REPLAY_REQUESTED
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.mongo import Database, DatabaseUnavailableError
from chassis.persistence.unit_of_work import UnitOfWork
from chassis.transactions.commands import CommandExecutor
from chassis.transactions.work import command_inbox_id
from devkit.private_servers import PrivateServers
from devkit.sample import TouchCounter
from messages.event import Event
from messages.notify import NoticeFailed

from .hearer import HEARD, NOW, Service, cut, failed


async def test_an_event_is_handled_once_and_acknowledged_after_its_commit(service: Service) -> None:
    await service.hear(*(failed(f"n{n}") for n in range(250)))
    for n in (0, 100, 249):
        await service.until_touched(f"n{n}")
    await service.drained()

    assert service.handlers.runs == 250
    assert await service.database.count("inbox", {}) == 250


async def test_a_repeated_event_has_no_second_effect(service: Service) -> None:
    await service.hear(failed("a"))
    await service.until_touched("a")
    await service.hear(failed("a"), failed("b"))
    await service.until_touched("b")
    await service.drained()

    assert await service.tally("a") == TouchCounter(1, ("1",))
    assert service.value("duplicates_total", consumer="review") == 1


async def test_a_command_under_the_name_of_an_event_does_not_keep_the_event_from_being_handled(
    service: Service,
) -> None:
    road, event = CommandExecutor(service.committer), failed("a")

    async def nothing(_unit: UnitOfWork, _now: datetime) -> list[Event]:
        return []

    await road.perform(command_inbox_id("review", event_id(event)), "", nothing)
    await service.hear(event)

    await service.until_touched("a")


async def test_an_event_older_than_what_a_projection_has_taken_is_dropped_and_counted(service: Service) -> None:
    await service.hear(failed("a", 2))
    await service.until_touched("a")
    await service.hear(failed("a", 1), failed("b"))
    await service.until_touched("b")
    await service.drained()

    assert await service.tally("a") == TouchCounter(1, ("2",))
    assert service.value("stale_total", event_type=NoticeFailed.type) == 1


async def test_the_age_of_an_event_is_real_time_whatever_the_business_clock_says(service: Service) -> None:
    said = entry(failed("a"), Causation("c"), NOW - timedelta(days=90))
    assert await service.publisher.send([{**said, "at": SystemClock().now() - timedelta(seconds=20)}]) == [None]
    await service.until_touched("a")

    assert 19 < service.value("event_age_seconds_sum", event_type=NoticeFailed.type) < 40


async def test_an_event_without_the_time_of_its_commit_has_the_age_its_own_time_gives(service: Service) -> None:
    await service.publisher.send([entry(failed("a"), Causation("c"), NOW - timedelta(seconds=90))])
    await service.until_touched("a")

    assert service.value("event_age_seconds_sum", event_type=NoticeFailed.type) == 90


async def test_where_both_clocks_agree_the_finer_of_the_two_times_counts(service: Service) -> None:
    said_at = SystemClock().now() - timedelta(milliseconds=1500)
    said = entry(failed("a"), Causation("c"), said_at)
    await service.publisher.send([{**said, "at": said_at - timedelta(seconds=2)}])
    await service.until_touched("a")

    assert 1.5 <= service.value("event_age_seconds_sum", event_type=NoticeFailed.type) < 2.5


async def test_a_handler_that_fails_once_is_tried_again(service: Service) -> None:
    service.handlers.problems = [ValueError("bug")]
    await service.hear(failed("a"))
    await service.until_touched("a")

    assert await service.parked.count() == 0


async def test_what_is_not_ready_is_tried_again_without_counting(service: Service) -> None:
    service.handlers.problems = [TransientError("not yet")] * 4
    await service.hear(failed("a"))
    await service.until_touched("a")

    assert service.value("deferred_total", consumer="review") == 4
    assert service.value("handler_failures_total", consumer="review") == 0


async def test_what_stays_not_ready_is_put_aside_for_replay_and_holds_nobody_up(service: Service) -> None:
    service.handlers.problems = [TransientError("not yet")] * 6
    await service.hear(failed("a"))

    async def put_aside() -> bool:
        return len(await service.parked.to_replay()) == 1

    await service.until(put_aside)
    await service.drained()
    assert [each["state"] for each in await service.parked.list()] == [REPLAY_REQUESTED]


async def test_a_database_that_is_away_for_longer_than_patience_lasts_puts_nothing_aside(service: Service) -> None:
    service.handlers.problems = [DatabaseUnavailableError("away")] * 12
    await service.hear(failed("a"))
    await service.until_touched("a")

    assert await service.parked.count() == 0
    assert service.value("deferred_total", consumer="review") == 0


async def test_stopping_leaves_what_waits_to_the_broker_with_no_delivery_counted(service: Service) -> None:
    service.handlers.problems = [TransientError("not yet")] * 1000
    service.reception._patience = 60
    service.reception._pauses = (60.0,)
    await service.hear(failed("a"))
    await asyncio.sleep(0.3)
    await service.stop()
    again = Service(service.stand, service.vhost, service.database)
    await again.start()
    await again.until_touched("a")
    await again.drained()
    await again.stop()

    assert again.handlers.runs == 1


async def test_stopping_does_not_wait_for_a_broker_that_is_gone(servers: PrivateServers, database: Database) -> None:
    mine = Service(servers, await servers.vhost(definitions(HEARD)), database)
    await mine.start()
    await servers.broker.remove_vhost(mine.vhost)
    await asyncio.sleep(0.5)

    async with asyncio.timeout(10):
        await mine.stop()


async def test_one_message_that_waits_keeps_no_other_from_being_acknowledged(service: Service) -> None:
    service.reception._patience = 60
    service.handlers.held = {"n7"}
    await service.hear(*(failed(f"n{n}") for n in range(120)))
    for n in (each for each in range(120) if each != 7):
        await service.until_touched(f"n{n}")
    await asyncio.sleep(0.5)  # committed is not yet acknowledged: that goes with the next turns of the loop
    await service.stop()
    again = Service(service.stand, service.vhost, service.database)
    await again.start()
    await again.until_touched("n7")
    await again.drained()
    await again.stop()

    assert again.handlers.runs == 1
    assert again.value("duplicates_total", consumer="review") == 0


async def test_a_connection_lost_while_handling_leaves_each_effect_once(
    service: Service, servers: PrivateServers
) -> None:
    service.handlers.pause = 0.02
    await service.hear(*(failed(f"n{n}") for n in range(400)))
    await service.until_touched("n0")
    await cut(servers, service.vhost, "review")
    await service.hear(failed("last"))
    for n in range(400):
        await service.until_touched(f"n{n}")
    await service.until_touched("last")
    await service.drained()

    assert await service.database.count("inbox", {}) == 401
    assert await service.parked.count() == 0
