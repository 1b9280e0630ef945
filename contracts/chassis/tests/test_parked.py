from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from chassis.__main__ import app
from chassis.clock import FixedClock
from chassis.handling import HandlerResult, TransientError
from chassis.inbox.delivery import Delivery
from chassis.inbox.dispatcher import MAX_DEFERRED, Dispatcher
from chassis.inbox.parking_lot import (
    DISCARDED,
    PARKED,
    REPLAY_REQUESTED,
    REPLAYED,
    STATES,
    NotParkedError,
    ParkingLot,
    fingerprint,
)
from chassis.inbox.subscriptions import subscribe
from chassis.observability.metrics import Metrics
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import Document, read_only_unit
from chassis.scheduling.scheduler import ParkedMessageReplayer
from chassis.transactions.group_committer import GroupCommitter
from devkit import sample
from devkit.private_servers import PrivateServers
from devkit.sample import Store, Touch, TouchCounter, touch
from messages.envelope import CONTENT_TYPE, encode
from messages.notify import NoticeDelivered
from typer.testing import CliRunner

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(notice: str = "a") -> Delivery:
    event = sample.delivered(notice).model_copy(update={"sequence": 1})
    said = encode(event, event_id=f"id-{notice}", time=NOW, correlation_id="c")
    return Delivery(said.headers, said.body, CONTENT_TYPE, said.type, user="notify")


def named(message: Delivery) -> str:
    return fingerprint("review", message.to_envelope())


class Rig:
    """A service whose handler fails until the test repairs it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.problem: Exception | None = None
        self.held: set[str] = set()
        self.clock = FixedClock(NOW)
        self.parked = ParkingLot(database, self.clock)
        self.metrics = Metrics()
        self.committer = GroupCommitter(database, "review", sample.AGGREGATES, clock=self.clock, metrics=self.metrics)
        reception = Dispatcher(
            "review",
            [subscribe(NoticeDelivered, self.on_delivered, Store)],
            self.committer,
            self.parked,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.replayer = ParkedMessageReplayer(Leases(database, "me"), self.parked, reception, self.metrics)

    async def on_delivered(self, event: NoticeDelivered, store: Store, now: datetime) -> HandlerResult:
        if self.problem is not None:
            raise self.problem
        if event.notice_id in self.held:
            raise TransientError("not yet")
        await touch(Touch(event.notice_id), store, now)
        return []

    async def state(self, said: Delivery) -> str:
        found = await self.parked.get(named(said))
        return str(found["state"])


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    made = Rig(database)
    made.committer.start()
    yield made
    await made.committer.stop()


async def test_a_message_parked_twice_is_one_entry_with_both_times(rig: Rig) -> None:
    await rig.parked.park("review", message(), "first", 5)
    rig.clock.advance(timedelta(hours=1))
    await rig.parked.park("review", message(), "second", 5)

    found = await rig.parked.get(named(message()))
    assert (found["reason"], found["attempts"]) == ("second", 10)
    assert found["last_at"] - found["first_at"] == timedelta(hours=1)
    assert [step["reason"] for step in found["history"]] == ["first", "second"]


async def test_a_replayed_message_goes_the_same_road_and_has_its_effect_once(rig: Rig) -> None:
    key = named(message())
    await rig.parked.park("review", message(), "bug", 5)
    await rig.parked.request_replay(key, "operator")
    await rig.replayer.look()
    await rig.parked.park("review", message(), "came again", 0)
    await rig.parked.request_replay(key, "operator")
    await rig.replayer.look()

    assert await rig.state(message()) == REPLAYED
    assert await Store(read_only_unit(rig.database)).notices.get("a") == TouchCounter(1, ("",))


async def test_a_replay_that_fails_parks_the_message_again(rig: Rig) -> None:
    rig.problem = ValueError("still a bug")
    await rig.parked.park("review", message(), "bug", 5)
    await rig.parked.request_replay(named(message()), "operator")
    await rig.replayer.look()

    assert await rig.state(message()) == PARKED
    assert rig.metrics.registry.get_sample_value("green_parked") == 1


async def test_a_process_that_has_lost_the_lease_goes_on_counting_what_is_parked(rig: Rig) -> None:
    key = named(message())
    await rig.parked.park("review", message(), "bug", 5)
    await rig.replayer.look()
    assert await rig.database.update("leases", {"_id": "replay"}, {"$set": {"holder": "another"}})
    await rig.parked.discard(key, "operator", "seen to")
    await rig.replayer.look()

    assert rig.metrics.registry.get_sample_value("green_parked") == 0


async def test_what_was_put_aside_waits_on_and_is_parked_when_its_time_is_up(rig: Rig) -> None:
    rig.problem = TransientError("not yet")
    await rig.parked.park("review", message(), "not yet", 0, replay=True)
    await rig.replayer.look()
    early = await rig.state(message())
    rig.clock.advance(MAX_DEFERRED + timedelta(seconds=1))
    await rig.replayer.look()

    assert (early, await rig.state(message())) == (REPLAY_REQUESTED, PARKED)


async def test_more_than_are_tried_at_once_and_not_ready_hold_up_none_behind_them(rig: Rig) -> None:
    rig.held = {f"held{number}" for number in range(100)}
    for notice in (*sorted(rig.held), "free"):
        await rig.parked.park("review", message(notice), "not yet", 0, replay=True)
        rig.clock.advance(timedelta(milliseconds=1))
    await rig.replayer.look()
    rig.clock.advance(timedelta(seconds=2))
    await rig.replayer.look()

    assert await rig.state(message("free")) == REPLAYED


async def test_what_is_put_aside_is_listed_counted_and_can_be_discarded(rig: Rig) -> None:
    await rig.parked.park("review", message("a"), "not yet", 0, replay=True)
    await rig.parked.park("review", message("b"), "bug", 5)
    assert {each["state"] for each in await rig.parked.list()} == {PARKED, REPLAY_REQUESTED}
    assert await rig.parked.count() == 2
    await rig.parked.discard(named(message("a")), "operator", "a test message")

    assert await rig.parked.count() == 1


async def test_how_many_wait_is_told_by_every_process_whoever_replays(rig: Rig) -> None:
    await Leases(rig.database, "another").acquire("replay", 60)
    await rig.parked.park("review", message(), "bug", 5)
    await rig.replayer.look()

    assert rig.metrics.registry.get_sample_value("green_parked") == 1


async def test_a_message_parked_again_has_the_reason_and_the_attempts_of_the_last_time(rig: Rig) -> None:
    rig.problem = ValueError("another bug")
    await rig.parked.park("review", message(), "bug", 5)
    await rig.parked.request_replay(named(message()), "operator")
    await rig.replayer.look()

    (found,) = await rig.parked.list()
    assert (found["reason"], found["attempts"]) == ("ValueError: another bug", 6)


async def test_a_message_in_structured_mode_is_replayed_as_it_came(rig: Rig) -> None:
    event = sample.delivered("a").model_copy(update={"sequence": 1})
    attributes = {"id": "1", "source": "/green/notify", "type": event.type, "specversion": "1.0"}
    body = {**attributes, "time": NOW.isoformat(), "data": event.model_dump(mode="json")}
    came = Delivery({}, json.dumps(body).encode(), "application/cloudevents+json", event.type, user="notify")
    await rig.parked.park("review", came, "bug", 5)
    await rig.parked.request_replay(named(came), "operator")
    await rig.replayer.look()

    assert await rig.state(came) == REPLAYED


async def test_an_operator_who_decides_during_a_replay_stops_none_of_the_others(rig: Rig) -> None:
    for notice in ("a", "b"):
        await rig.parked.park("review", message(notice), "bug", 5, replay=True)
    waiting = await rig.parked.to_replay()
    await rig.parked.discard(named(message("a")), "operator", "a test message")
    rig.parked.to_replay = lambda: answer(waiting)  # type: ignore[method-assign] # asked before the operator decided
    await rig.replayer.look()

    assert await rig.state(message("b")) == REPLAYED


async def answer(found: Sequence[Document]) -> Sequence[Document]:
    return found


async def test_a_discarded_message_is_not_replayed_and_every_step_is_recorded(rig: Rig) -> None:
    key = named(message())
    await rig.parked.park("review", message(), "bug", 5)
    await rig.parked.discard(key, "operator", "a test message")
    await rig.replayer.look()

    found = await rig.parked.get(key)
    assert found["state"] == DISCARDED
    assert found["history"][-1]["by"] == "operator"
    assert found["history"][-1]["why"] == "a test message"
    with pytest.raises(NotParkedError):
        await rig.parked.discard(key, "operator", "again")


async def test_an_operator_lists_shows_replays_and_discards_from_the_command_line(servers: PrivateServers) -> None:
    name, url = await servers.database("parked")
    from chassis.persistence.mongo import open_database  # noqa: PLC0415 - beside its one use

    database = open_database(url, name, "pymongo")
    await database.ensure_indexes(())
    parked = ParkingLot(database)
    await parked.park("review", message("a"), "ValueError: bug", 5)
    await parked.park("review", message("b"), "ValueError: bug", 5)
    one, two = (named(message(each)) for each in ("a", "b"))
    where = ["--mongo-url", url, "--database", name]

    async def command(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "240"}).invoke, app, [*words, *where])
        return result.exit_code, result.output

    code, text = await command("parked", "show", one)
    assert code == 0
    assert '"notice_id' in text.replace("\\", "")
    assert await command("parked", "replay", one, "--by", "op") == (0, f"{one}: the service will take it again\n")
    assert (await command("parked", "discard", two, "--by", "op", "--why", "test"))[0] == 0
    assert (await command("parked", "discard", two, "--by", "op", "--why", "test"))[0] == 1
    listed = (await command("parked", "list"))[1]
    assert (one in listed, two in listed) == (True, False)
    assert two in (await command("parked", "list", "--all"))[1]
    assert await command("outbox", "republish", "--by", "op", "--since", "2026-01-01") == (
        0,
        "0 documents will be said again\n",
    )
    assert {each["state"] for each in await parked.list(STATES)} == {REPLAY_REQUESTED, DISCARDED}
    await database.close()
