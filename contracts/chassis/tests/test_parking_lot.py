from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from chassis.__main__ import app
from chassis.broker.limits import MESSAGE_MAX_BYTES
from chassis.handling import Document, HandlerResult, TransientError
from chassis.inbox.delivery import Delivery
from chassis.inbox.dispatcher import MAX_DEFERRED, Dispatcher
from chassis.inbox.parking_lot import (
    DEFERRED,
    DISCARDED,
    PARKED,
    REPLAY_REQUESTED,
    REPLAYED,
    STATES,
    STORED_BYTES,
    STORED_STEPS,
    NotParkedError,
    ParkingLot,
    fingerprint,
)
from chassis.inbox.subscriptions import subscribe
from chassis.observability.metrics import Metrics
from chassis.persistence.leases import Leases
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import read_only_unit
from chassis.scheduling.scheduler import ParkedMessageReplayer
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from click.testing import CliRunner
from devkit import sample
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from devkit.sample import Store, Touch, TouchCounter, touch
from messages.envelope import CONTENT_TYPE, encode
from messages.notify import NoticeDelivered

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def message(notice: str = "a") -> Delivery:
    event = sample.delivered(notice).model_copy(update={"sequence": 1})
    delivery = encode(event, event_id=f"id-{notice}", time=NOW, correlation_id="c")
    return Delivery(delivery.headers, delivery.body, CONTENT_TYPE, delivery.type, user="notify")


def parked_id(message: Delivery) -> str:
    return fingerprint("review", message.to_envelope())


class ReplayHarness:
    """A service whose handler fails until a test repairs it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.problem: Exception | None = None
        self.deferred_notices: set[str] = set()
        self.clock = FixedClock(NOW)
        self.parked = ParkingLot(database, self.clock)
        self.metrics = Metrics()
        self.committer = GroupCommitter(
            BatchTransaction(database, "review", sample.AGGREGATES, clock=self.clock, metrics=self.metrics)
        )
        dispatcher = Dispatcher(
            "review",
            Store,
            [subscribe(NoticeDelivered, self.on_delivered)],
            self.committer,
            self.parked,
            clock=self.clock,
            metrics=self.metrics,
        )
        self.replayer = ParkedMessageReplayer(Leases(database, "me"), self.parked, dispatcher, self.metrics)

    async def on_delivered(self, event: NoticeDelivered, store: Store, now: datetime) -> HandlerResult:
        if self.problem is not None:
            raise self.problem
        if event.notice_id in self.deferred_notices:
            raise TransientError("not yet")
        await touch(Touch(event.notice_id), store, now)
        return []

    async def state(self, delivery: Delivery) -> str:
        found = await self.parked.get(parked_id(delivery))
        return str(found["state"])


@pytest.fixture
async def harness(database: Database) -> AsyncIterator[ReplayHarness]:
    made = ReplayHarness(database)
    made.committer.start()
    yield made
    await made.committer.stop()


async def test_message_parked_twice_is_one_entry_with_both_times(harness: ReplayHarness) -> None:
    await harness.parked.park("review", message(), "first", 5)
    harness.clock.advance(timedelta(hours=1))
    await harness.parked.park("review", message(), "second", 5)

    found = await harness.parked.get(parked_id(message()))
    assert (found["reason"], found["attempts"]) == ("second", 10)
    assert found["last_at"] - found["first_at"] == timedelta(hours=1)
    assert [step["reason"] for step in found["history"]] == ["first", "second"]


async def test_replayed_message_has_its_effect_once(harness: ReplayHarness) -> None:
    key = parked_id(message())
    await harness.parked.park("review", message(), "bug", 5)
    await harness.parked.request_replay(key, "operator")
    await harness.replayer.poll()
    await harness.parked.park("review", message(), "came again", 0)
    await harness.parked.request_replay(key, "operator")
    await harness.replayer.poll()

    assert await harness.state(message()) == REPLAYED
    assert await Store(read_only_unit(harness.database)).notices.get("a") == TouchCounter(1, ("",))


async def test_failed_replay_parks_the_message_again(harness: ReplayHarness) -> None:
    harness.problem = ValueError("still a bug")
    await harness.parked.park("review", message(), "bug", 5)
    await harness.parked.request_replay(parked_id(message()), "operator")
    await harness.replayer.poll()

    assert await harness.state(message()) == PARKED
    assert harness.metrics.registry.get_sample_value("green_parked_messages") == 1


async def test_process_without_the_lease_still_counts_parked_messages(harness: ReplayHarness) -> None:
    key = parked_id(message())
    await harness.parked.park("review", message(), "bug", 5)
    await harness.replayer.poll()
    assert await harness.database.update("leases", {"_id": "replay"}, {"$set": {"holder": "another"}})
    await harness.parked.discard(key, "operator", "seen to")
    await harness.replayer.poll()

    assert harness.metrics.registry.get_sample_value("green_parked_messages") == 0


async def test_deferred_message_is_parked_when_its_time_is_up(harness: ReplayHarness) -> None:
    harness.problem = TransientError("not yet")
    await harness.parked.park("review", message(), "not yet", 0, deferred=True)
    await harness.replayer.poll()
    early = await harness.state(message())
    harness.clock.advance(MAX_DEFERRED + timedelta(seconds=1))
    await harness.replayer.poll()

    assert (early, await harness.state(message())) == (DEFERRED, PARKED)


async def test_full_page_of_unready_messages_does_not_starve_later_ones(harness: ReplayHarness) -> None:
    harness.deferred_notices = {f"held{number}" for number in range(100)}
    for notice in (*sorted(harness.deferred_notices), "free"):
        await harness.parked.park("review", message(notice), "not yet", 0, deferred=True)
        harness.clock.advance(timedelta(milliseconds=1))
    await harness.replayer.poll()
    harness.clock.advance(timedelta(seconds=2))
    await harness.replayer.poll()

    assert await harness.state(message("free")) == REPLAYED


async def test_deferred_message_is_listed_counted_and_can_be_discarded(harness: ReplayHarness) -> None:
    await harness.parked.park("review", message("a"), "not yet", 0, deferred=True)
    await harness.parked.park("review", message("b"), "bug", 5)
    assert {each["state"] for each in await harness.parked.list()} == {PARKED, DEFERRED}
    assert await harness.parked.count() == 2
    await harness.parked.discard(parked_id(message("a")), "operator", "a test message")

    assert await harness.parked.count() == 1


async def test_every_process_exports_the_parked_count_whoever_replays(harness: ReplayHarness) -> None:
    await Leases(harness.database, "another").acquire("replay", 60)
    await harness.parked.park("review", message(), "bug", 5)
    await harness.replayer.poll()

    assert harness.metrics.registry.get_sample_value("green_parked_messages") == 1


async def test_message_parked_again_has_the_latest_reason_and_all_attempts(harness: ReplayHarness) -> None:
    harness.problem = ValueError("another bug")
    await harness.parked.park("review", message(), "bug", 5)
    await harness.parked.request_replay(parked_id(message()), "operator")
    await harness.replayer.poll()

    (found,) = await harness.parked.list()
    assert (found["reason"], found["attempts"]) == ("ValueError: another bug", 6)


async def test_message_in_structured_mode_is_replayed_unchanged(harness: ReplayHarness) -> None:
    event = sample.delivered("a").model_copy(update={"sequence": 1})
    attributes = {"id": "1", "source": "/green/notify", "type": event.type, "specversion": "1.0"}
    body = {**attributes, "time": NOW.isoformat(), "data": event.model_dump(mode="json")}
    came = Delivery({}, json.dumps(body).encode(), "application/cloudevents+json", event.type, user="notify")
    await harness.parked.park("review", came, "bug", 5)
    await harness.parked.request_replay(parked_id(came), "operator")
    await harness.replayer.poll()

    assert await harness.state(came) == REPLAYED


async def test_discard_during_a_replay_does_not_stop_the_others(harness: ReplayHarness) -> None:
    for notice in ("a", "b"):
        await harness.parked.park("review", message(notice), "bug", 5, deferred=True)
    waiting = await harness.parked.list_due()
    await harness.parked.discard(parked_id(message("a")), "operator", "a test message")
    harness.parked.list_due = lambda: return_later(waiting)  # type: ignore[method-assign] # asked before the operator decided
    await harness.replayer.poll()

    assert await harness.state(message("b")) == REPLAYED


async def return_later(found: Sequence[Document]) -> Sequence[Document]:
    return found


async def test_discarded_message_is_not_replayed_and_every_step_is_recorded(harness: ReplayHarness) -> None:
    key = parked_id(message())
    await harness.parked.park("review", message(), "bug", 5)
    await harness.parked.discard(key, "operator", "a test message")
    await harness.replayer.poll()

    found = await harness.parked.get(key)
    assert found["state"] == DISCARDED
    assert found["history"][-1]["by"] == "operator"
    assert found["history"][-1]["why"] == "a test message"
    with pytest.raises(NotParkedError):
        await harness.parked.discard(key, "operator", "again")


async def test_operator_lists_shows_replays_and_discards_from_the_command_line(servers: PrivateServers) -> None:
    name, url = await servers.database("parked")
    from chassis.persistence.mongo import open_database  # noqa: PLC0415 - beside its one use

    database = open_database(url, name, "pymongo")
    await database.ensure_indexes(())
    parked = ParkingLot(database)
    await parked.park("review", message("a"), "ValueError: bug", 5)
    await parked.park("review", message("b"), "ValueError: bug", 5)
    one, two = (parked_id(message(each)) for each in ("a", "b"))
    where = ["--mongo-url", url, "--database", name]

    async def command(*words: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, [*words, *where])
        return result.exit_code, result.output

    code, text = await command("parked", "show", one)
    assert code == 0
    assert '"notice_id' in text.replace("\\", "")
    assert await command("parked", "replay", one, "--by", "op") == (0, f"{one}: the service will dispatch it again\n")
    assert (await command("parked", "discard", two, "--by", "op", "--why", "test"))[0] == 0
    assert (await command("parked", "discard", two, "--by", "op", "--why", "test"))[0] == 1
    listed = (await command("parked", "list"))[1]
    assert (one in listed, two in listed) == (True, False)
    assert two in (await command("parked", "list", "--all"))[1]
    assert await command("outbox", "republish", "--by", "op", "--since", "2026-01-01") == (
        0,
        "0 outbox documents will be republished\n",
    )
    assert {each["state"] for each in await parked.list(STATES)} == {REPLAY_REQUESTED, DISCARDED}
    await database.close()


async def test_body_that_was_cut_is_shown_and_discarded_and_never_replayed(database: Database) -> None:
    parked, large = ParkingLot(database, FixedClock(NOW)), message()._replace(body=b"x" * (MESSAGE_MAX_BYTES + 1))
    await parked.park("review", large, "too large", 1)
    key = parked_id(large)

    found = await parked.get(key)
    assert len(found["body"]) == STORED_BYTES
    assert found["cut"] == {"size": len(large.body), "sha256": sha256(large.body).hexdigest()}
    with pytest.raises(NotParkedError, match="was cut: discard it"):
        await parked.request_replay(key, "operator")
    await parked.discard(key, "operator", "too large")


async def test_message_that_keeps_coming_back_keeps_a_bounded_history(database: Database) -> None:
    parked = ParkingLot(database, FixedClock(NOW))
    for number in range(STORED_STEPS + 5):
        await parked.park("review", message(), f"reason {number}", 1)

    found = await parked.get(parked_id(message()))
    assert len(found["history"]) == STORED_STEPS
    assert found["history"][-1]["reason"] == f"reason {STORED_STEPS + 4}"
    assert found["attempts"] == STORED_STEPS + 5
