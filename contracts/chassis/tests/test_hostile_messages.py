"""Whatever a publisher writes on the wire: the next good event is handled, and what was bad is parked.

FUZZ_AMQP_SHOTS, FUZZ_AMQP_SECONDS and FUZZ_AMQP_SEED make the random part longer and repeat it (`make fuzz-amqp`).
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain
from random import Random

import pytest
from chassis.broker.headers import UNDECODABLE
from chassis.broker.limits import MESSAGE_MAX_BYTES
from chassis.broker.paths import PATHS, PathName
from chassis.broker.topology import definitions
from chassis.inbox.dispatcher import Cause
from chassis.inbox.parking_lot import STORED_BYTES
from chassis.persistence.mongo import Database, Driver
from devkit.private_servers import PrivateServers
from devkit.servers import Broker
from messages.notify import NoticeFailed

from .conftest import empty
from .consumer_process import NOW, SUBSCRIBED, ConsumerProcess, failed
from .hostile_amqp import (
    TIMES,
    RawPublisher,
    Shot,
    body_shots,
    header_shots,
    key_shots,
    property_shots,
    random_shot,
)

SHOTS = int(os.environ.get("FUZZ_AMQP_SHOTS", "25"))
SECONDS = float(os.environ.get("FUZZ_AMQP_SECONDS", "20"))
SEED = int(os.environ.get("FUZZ_AMQP_SEED", str(time.monotonic_ns() % 1_000_000)))
PATIENT_BROKER_BYTES = 64 * 1024 * 1024
"""The limit of a broker that nobody configured, about."""


@pytest.fixture(scope="module")
async def unlimited(servers: PrivateServers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateServers]:
    """A broker without our limit: what consumers promise must hold when it was forgotten."""
    broker = Broker.at(tmp_path_factory.mktemp("broker"))
    broker.max_message_bytes = PATIENT_BROKER_BYTES
    await broker.restart()
    yield PrivateServers(broker, servers.mongod)
    await broker.stop()


class Range:
    """A consumer, and a publisher that shoots at it."""

    def __init__(self, process: ConsumerProcess) -> None:
        self.process = process
        self.fired = self.refused = self.good = 0
        self._publishers: dict[str, RawPublisher] = {}

    async def fire(self, shot: Shot, *, dead: bool = False) -> bool:
        """Publish the shot, as an event or as a dead letter; return whether the broker took it."""
        event = failed(f"shot-{self.fired}-{self.refused}")
        user = "" if dead else "notify"
        if user not in self._publishers:
            url = self.process.servers.amqp_url(self.process.vhost, user or None)
            self._publishers[user] = await RawPublisher.connect(url)
        properties = shot.properties_of(
            event, f"{shot.name}-{self.fired}"[:200], NOW, user or self.process.servers.broker.admin_user
        )
        exchange, key = ("green.dlx", b"review") if dead else ("green.events", shot.key or NoticeFailed.type.encode())
        body = event.model_dump_json().encode() if shot.body is None else shot.body
        taken = await self._publishers[user].publish(exchange, key, properties, body)
        if taken:
            self.fired += 1
        else:
            self.refused += 1
            self._publishers.pop(user)
        return taken

    async def next_good_event_is_handled(self) -> None:
        self.good += 1
        name = f"good-{self.good}"
        await self.process.publish(failed(name))
        await self.process.wait_until_touched(name)

    async def each_was_handled_or_parked(self) -> None:
        """Count parkings, not entries: two messages of the same bytes are one entry."""

        async def accounted() -> bool:
            handled = await self.process.database.count("inbox", {})
            parked = sum(self.process.metric("messages_parked_total", cause=cause) for cause in Cause)
            return handled + parked >= self.fired + self.good

        await self.process.wait_until(accounted)

    async def fire_all(self, shots: Iterable[Shot], *, dead: bool = False) -> None:
        for shot in shots:
            try:
                await self.fire(shot, dead=dead)
                await self.next_good_event_is_handled()
            except BaseException:
                print(f"seed {SEED}: after {shot.name}")  # noqa: T201 - to repeat it
                raise
        await self.each_was_handled_or_parked()

    async def close(self) -> None:
        for publisher in self._publishers.values():
            await publisher.close()


@pytest.fixture(scope="module")
async def unlimited_vhost(unlimited: PrivateServers) -> str:
    return await unlimited.vhost(definitions(SUBSCRIBED))


@pytest.fixture(params=PATHS)
async def firing_range(
    unlimited: PrivateServers,
    unlimited_vhost: str,
    databases: dict[Driver, Database],
    request: pytest.FixtureRequest,
) -> AsyncIterator[Range]:
    path: PathName = request.param
    process = ConsumerProcess(unlimited, unlimited_vhost, await empty(databases["motor"]), path)
    await process.start()
    made = Range(process)
    yield made
    await made.close()
    await process.stop()


@pytest.mark.parametrize("dead", [False, True], ids=["event", "dead letter"])
async def test_timestamp_that_no_calendar_has_is_parked(firing_range: Range, *, dead: bool) -> None:
    await firing_range.fire(Shot("timestamp", {"timestamp": TIMES[-3]}), dead=dead)
    await firing_range.next_good_event_is_handled()
    (reason,) = await firing_range.process.wait_until_parked()

    found = await firing_range.process.parked.get((await firing_range.process.parked.list())[0]["_id"])
    assert dead or "properties cannot be decoded" in reason
    assert UNDECODABLE in found["headers"]
    assert firing_range.process.metric("consumer_links_lost_total", link="events") == 0
    assert firing_range.process.metric("consumer_links_lost_total", link="dead-letters") == 0


async def test_every_property_at_its_extremes(firing_range: Range) -> None:
    await firing_range.fire_all(property_shots())


async def test_every_header_at_its_extremes(firing_range: Range) -> None:
    await firing_range.fire_all(header_shots())


async def test_every_routing_key_at_its_extremes(firing_range: Range) -> None:
    await firing_range.fire_all(key_shots("notify"))

    assert firing_range.refused == 0
    assert firing_range.process.metric("consumer_links_lost_total", link="events") == 0


async def test_dead_letters_at_their_extremes(firing_range: Range) -> None:
    await firing_range.fire_all(_some(chain(property_shots(), header_shots()), 7), dead=True)


async def test_bodies_of_every_size(firing_range: Range) -> None:
    await firing_range.fire_all(body_shots(failed("a")))


@pytest.mark.parametrize("readable", [True, False])
async def test_body_that_no_document_holds_is_parked_cut(firing_range: Range, *, readable: bool) -> None:
    pad = failed("a").model_dump_json().encode()[:-1] + b',"pad":"' if readable else b"\xff"
    body = pad + b"x" * 17_000_000 + b'"}'
    await firing_range.fire(Shot("17 MB", body=body))
    await firing_range.next_good_event_is_handled()
    (reason,) = await firing_range.process.wait_until_parked()

    found = await firing_range.process.parked.get((await firing_range.process.parked.list())[0]["_id"])
    assert reason == f"a body of {len(body):,} bytes: {MESSAGE_MAX_BYTES:,} are allowed"
    assert bytes(found["body"]) == body[:STORED_BYTES]
    assert found["cut"]["size"] == len(body)
    assert firing_range.process.metric("messages_parked_total", cause="too-large") == 1


async def test_random_messages(firing_range: Range) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to repeat it
    await firing_range.fire_all(_random_shots(Random(SEED)))  # noqa: S311 - repeatable


async def test_broker_with_our_configuration_refuses_a_larger_body(process: ConsumerProcess) -> None:
    publisher = await RawPublisher.connect(process.servers.amqp_url(process.vhost, "notify"))
    shot = Shot("too large")
    properties = shot.properties_of(failed("a"), "a", NOW, "notify")
    taken = await publisher.publish(
        "green.events", NoticeFailed.type.encode(), properties, b"x" * (MESSAGE_MAX_BYTES + 1)
    )

    assert not taken


def _some(shots: Iterable[Shot], step: int) -> Iterator[Shot]:
    return (shot for number, shot in enumerate(shots) if number % step == 0)


def _random_shots(random: Random) -> Iterator[Shot]:
    deadline = time.monotonic() + SECONDS
    for _ in range(SHOTS):
        if time.monotonic() > deadline:
            return
        yield random_shot(random)
