from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aio_pika
import pytest
from aio_pika.abc import HeadersType
from chassis.bus import hears
from chassis.clock import FixedClock
from chassis.committer import Committer
from chassis.handling import Poison, Result, Transient
from chassis.listener import Listener
from chassis.metrics import Metrics
from chassis.mongo import Database
from chassis.outbox import Cause, entry
from chassis.parked import ParkedMessages
from chassis.publisher import BrokerPublisher
from chassis.reception import Reception
from chassis.relay import Relay
from chassis.testing import sample
from chassis.testing.sample import Store, Tally, Touch, touch
from chassis.testing.stack import Stand
from chassis.topology import dead_queue, definitions, streams
from chassis.unit import reading
from messages.envelope import say
from messages.event import Event
from messages.notify import NoticeDelivered, NoticeFailed
from messages.review import CaseForwarded
from messages.values import Role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEARD: Mapping[str, Sequence[type[Event]]] = {"review": [NoticeDelivered, NoticeFailed], "notify": [NoticeDelivered]}


def failed(notice: str, sequence: int = 1) -> NoticeFailed:
    return NoticeFailed(
        notice_id=notice,
        channel="email",
        role=Role.APPLICANT,
        template="t",
        attempts=3,
        cause="refused",
        sequence=sequence,
    )


class Handlers:
    """What the service does, as a test wants it."""

    def __init__(self) -> None:
        self.runs = 0
        self.problems: list[Exception] = []
        self.held: set[str] = set()
        self.pause = 0.0

    async def on_failed(self, event: NoticeFailed, store: Store, now: datetime) -> Result:
        self.runs += 1
        await asyncio.sleep(self.pause)
        if self.problems:
            raise self.problems.pop(0)
        if event.notice_id in self.held:
            raise Transient("held by the test")
        await touch(Touch(event.notice_id, str(event.sequence)), store, now)
        return []


class Service:
    """The review service's worker on the real broker, with handlers of the test's own."""

    def __init__(self, stand: Stand, vhost: str, database: Database) -> None:
        self.stand, self.vhost, self.database = stand, vhost, database
        self.metrics = Metrics()
        self.handlers = Handlers()
        self.parked = ParkedMessages(database)
        self.committer = Committer(database, "review", sample.AGGREGATES, clock=FixedClock(NOW), metrics=self.metrics)
        self.reception = self._reception()
        self.listener = self._listener()
        self.publisher = BrokerPublisher(stand.amqp_url(vhost, "notify"))

    def _reception(self) -> Reception:
        return Reception(
            "review",
            [hears(NoticeFailed, self.handlers.on_failed, Store, only_newer=True)],
            self.committer,
            self.parked,
            clock=FixedClock(NOW),
            metrics=self.metrics,
            pauses=(0.01,),
            patience=0.05,
        )

    def _listener(self) -> Listener:
        return Listener(self.stand.amqp_url(self.vhost, "review"), "review", [NoticeFailed], self.reception)

    async def start(self) -> None:
        self.committer.start()
        await self.listener.start()

    async def stop(self) -> None:
        await self.listener.stop()
        await self.committer.stop()
        await self.publisher.close()

    async def hear(self, *events: NoticeFailed) -> None:
        assert not any(await self.publisher.send([entry(event, Cause("c"), NOW) for event in events]))

    async def publish(self, key: str, body: bytes, user: str = "notify", headers: HeadersType | None = None) -> None:
        """Publish what our own publisher never would."""
        connection = await aio_pika.connect(self.stand.amqp_url(self.vhost, user))
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange("green.events", ensure=False)
            message = aio_pika.Message(body, headers=headers, content_type="application/json")
            await exchange.publish(message, key)

    async def drained(self) -> None:
        """Wait until the broker holds nothing for this service, acknowledged to the last."""
        connection = await aio_pika.connect(self.stand.amqp_url(self.vhost))
        async with connection, asyncio.timeout(15):
            channel = await connection.channel()
            await self.listener.stop()
            for name in ("review.notify", dead_queue("review")):
                queue = await channel.get_queue(name)
                assert queue.declaration_result.message_count == 0

    async def tally(self, notice: str) -> Tally | None:
        return await Store(reading(self.database)).notices.get(notice)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(10):
            while not await holds():  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.01)

    async def until_parked(self, count: int = 1) -> list[str]:
        async def there() -> bool:
            return await self.parked.count() == count

        await self.until(there)
        return [each["reason"] for each in await self.parked.listed()]

    async def until_touched(self, notice: str, count: int = 1) -> None:
        async def there() -> bool:
            tally = await self.tally(notice)
            return tally is not None and tally.count == count

        await self.until(there)

    def value(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"green_{name}", labels) or 0.0


@pytest.fixture(scope="session")
async def vhost(stand: Stand) -> str:
    """One vhost for this file: queues are declared once, as at a deployment."""
    made = await stand.vhost(definitions(HEARD))
    await asyncio.sleep(1)
    return made


@pytest.fixture
async def service(stand: Stand, vhost: str, database: Database) -> AsyncIterator[Service]:
    made = Service(stand, vhost, database)
    await made.start()
    yield made
    await made.stop()


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

    assert await service.tally("a") == Tally(1, ("1",))
    assert service.value("duplicates_total", consumer="review") == 1


async def test_an_event_older_than_what_a_projection_has_taken_is_dropped_and_counted(service: Service) -> None:
    await service.hear(failed("a", 2))
    await service.until_touched("a")
    await service.hear(failed("a", 1), failed("b"))
    await service.until_touched("b")
    await service.drained()

    assert await service.tally("a") == Tally(1, ("2",))
    assert service.value("stale_total", event_type=NoticeFailed.type) == 1


async def test_an_unknown_type_is_parked_at_once(service: Service) -> None:
    headers = {"ce-id": "1", "ce-type": NoticeFailed.type[:-1] + "9", "ce-source": "/green/notify"}
    await service.publish(
        NoticeFailed.type, b"{}", headers={**headers, "ce-specversion": "1.0", "ce-time": NOW.isoformat()}
    )
    reasons = await service.until_parked()
    await service.drained()

    assert "unknown event type" in reasons[0]
    assert service.handlers.runs == 0


async def test_a_body_that_does_not_validate_is_parked_with_all_that_is_wrong(service: Service) -> None:
    said = say(failed("a"), event_id="1", time=NOW, correlation_id="c")
    await service.publish(said.type, b'{"channel": "pigeon"}', headers=dict(said.headers))
    reasons = await service.until_parked()

    assert "notice_id: Field required" in reasons[0]
    assert "channel" in reasons[0]
    found = await service.parked.shown((await service.parked.listed())[0]["_id"])
    assert bytes(found["body"]) == b'{"channel": "pigeon"}'
    assert found["headers"]["ce-id"] == "1"


async def test_a_message_that_is_no_event_is_parked(service: Service) -> None:
    await service.publish(NoticeFailed.type, b"\xff\xfe not json")

    assert "no CloudEvent" in (await service.until_parked())[0]


async def test_a_type_under_another_routing_key_is_parked(service: Service) -> None:
    said = say(sample.delivered("a"), event_id="1", time=NOW, correlation_id="c")
    await service.publish(NoticeFailed.type, said.body, headers=dict(said.headers))

    assert "routing key" in (await service.until_parked())[0]


async def test_an_event_from_a_source_that_does_not_own_it_is_parked(service: Service) -> None:
    said = say(failed("a"), event_id="1", time=NOW, correlation_id="c")
    forged = {**said.headers, "ce-source": "/green/registry"}
    await service.publish(said.type, said.body, headers=dict(forged))

    assert "is said by 'notify'" in (await service.until_parked())[0]


async def test_the_broker_lets_no_user_publish_what_another_says(service: Service) -> None:
    said = say(failed("a"), event_id="1", time=NOW, correlation_id="c")
    with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
        await service.publish(said.type, said.body, user="review", headers=dict(said.headers))


async def test_an_event_with_the_word_of_the_broker_on_another_user_is_parked(service: Service, stand: Stand) -> None:
    said = say(failed("a"), event_id="1", time=NOW, correlation_id="c")
    admin = stand.broker.admin_user
    connection = await aio_pika.connect(stand.amqp_url(service.vhost))
    async with connection:
        exchange = await (await connection.channel()).get_exchange("green.events", ensure=False)
        message = aio_pika.Message(said.body, headers=dict(said.headers), user_id=admin)
        await exchange.publish(message, said.type)

    assert f"published by {admin!r}" in (await service.until_parked())[0]


async def test_poison_is_parked_at_once(service: Service) -> None:
    service.handlers.problems = [Poison("never")]
    await service.hear(failed("a"))

    assert await service.until_parked() == ["poison: never"]
    assert service.handlers.runs == 1


async def test_a_handler_that_keeps_failing_is_parked_after_five_attempts_and_the_others_go_on(
    service: Service,
) -> None:
    service.handlers.problems = [ValueError("bug")] * 5
    await service.hear(failed("a"))
    reasons = await service.until_parked()
    await service.hear(failed("b"))
    await service.until_touched("b")
    await service.drained()

    assert reasons == ["ValueError: bug"]
    assert (await service.parked.listed())[0]["attempts"] == 5
    assert service.handlers.runs == 6


async def test_a_handler_that_fails_once_is_tried_again(service: Service) -> None:
    service.handlers.problems = [ValueError("bug")]
    await service.hear(failed("a"))
    await service.until_touched("a")

    assert await service.parked.count() == 0


async def test_what_is_not_ready_is_tried_again_without_counting(service: Service) -> None:
    service.handlers.problems = [Transient("not yet")] * 4
    await service.hear(failed("a"))
    await service.until_touched("a")

    assert service.value("deferred_total", consumer="review") == 4
    assert service.value("handler_failures_total", consumer="review") == 0


async def test_what_stays_not_ready_is_put_aside_for_replay_and_holds_nobody_up(service: Service) -> None:
    service.handlers.problems = [Transient("not yet")] * 6
    await service.hear(failed("a"))

    async def put_aside() -> bool:
        return len(await service.parked.to_replay()) == 1

    await service.until(put_aside)
    await service.drained()
    assert await service.parked.count() == 0


async def test_the_brokers_dead_letters_are_parked_with_their_event(service: Service) -> None:
    said = say(failed("a"), event_id="1", time=NOW, correlation_id="c")
    connection = await aio_pika.connect(service.stand.amqp_url(service.vhost))
    async with connection:
        channel = await connection.channel()
        dead = await channel.get_exchange("green.dead", ensure=False)
        headers: Any = {**said.headers, "x-death": [{"routing-keys": [said.type], "reason": "delivery_limit"}]}
        await dead.publish(aio_pika.Message(said.body, headers=headers), "review")
    reasons = await service.until_parked()

    assert reasons[0].startswith("dead letter")
    assert (await service.parked.listed())[0]["type"] == said.type
    assert service.value("dead_letters_total") == 1


async def test_stopping_leaves_what_waits_to_the_broker_with_no_delivery_counted(service: Service) -> None:
    service.handlers.problems = [Transient("not yet")] * 1000
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


async def test_one_message_that_waits_keeps_no_other_from_being_acknowledged(service: Service) -> None:
    service.reception._patience = 60
    service.handlers.held = {"n7"}
    await service.hear(*(failed(f"n{n}") for n in range(120)))
    for n in (0, 6, 8, 119):
        await service.until_touched(f"n{n}")
    await asyncio.sleep(0.1)
    await service.stop()
    again = Service(service.stand, service.vhost, service.database)
    await again.start()
    await again.until_touched("n7")
    await again.drained()
    await again.stop()

    assert again.handlers.runs == 1
    assert again.value("duplicates_total", consumer="review") == 0


async def cut(stand: Stand, vhost: str, user: str) -> None:
    """Let the broker close a user's connections; it lists a new one after some seconds."""
    async with asyncio.timeout(20):
        while True:
            listed = (await stand.broker._done("GET", "connections")).json()
            names = [each["name"] for each in listed if (each.get("vhost"), each.get("user")) == (vhost, user)]
            for name in names:
                await stand.broker._done("DELETE", f"connections/{quote(name)}")
            if names:
                return
            await asyncio.sleep(0.2)


async def test_a_connection_lost_while_handling_leaves_each_effect_once(service: Service, stand: Stand) -> None:
    service.handlers.pause = 0.02
    await service.hear(*(failed(f"n{n}") for n in range(400)))
    await service.until_touched("n0")
    await cut(stand, service.vhost, "review")
    await service.hear(failed("last"))
    for n in range(400):
        await service.until_touched(f"n{n}")
    await service.until_touched("last")
    await service.drained()

    assert await service.database.count("inbox", {}) == 401
    assert await service.parked.count() == 0


async def test_an_event_no_queue_is_bound_for_is_returned_and_stays_in_the_outbox(
    service: Service, stand: Stand
) -> None:
    publisher = BrokerPublisher(stand.amqp_url(service.vhost))
    one, two, three = (entry(sample.delivered(name), Cause("c"), NOW) for name in ("a", "b", "c"))

    assert await publisher.send([one, {**two, "t": "unheard"}, three]) == [None, "returned", None]
    assert await publisher.send([one, one]) == [None, "in flight already"]
    await publisher.close()


async def test_the_publishers_connection_comes_back_after_it_was_closed(service: Service) -> None:
    await service.publisher.probe()
    assert service.publisher._connection is not None
    await service.publisher._connection.close()
    await service.hear(failed("a"))

    await service.until_touched("a")


async def test_one_hop_through_committer_and_relay_reaches_the_broker(
    stand: Stand, vhost: str, database: Database
) -> None:
    metrics = Metrics()
    relay = Relay(database, BrokerPublisher(stand.amqp_url(vhost, "notify")), "mine", metrics=metrics)
    committer = Committer(
        database,
        sample.SERVICE,
        sample.AGGREGATES,
        clock=FixedClock(NOW),
        metrics=metrics,
        relay_wakeup=relay.offer,
        token=relay.token,
    )
    relay.start()
    committer.start()
    works = (sample.work(f"m{n}", sample.running(Touch(f"hop{n}"))) for n in range(300))
    await asyncio.gather(*(committer.perform(each) for each in works))
    await committer.stop()
    await relay.stop()

    assert await database.count("outbox", {"sent": False}) == 0
    assert metrics.registry.get_sample_value("green_relay_published_total") == 300


def test_a_stream_is_what_one_service_hears_of_one_owner() -> None:
    found = streams("notify", [CaseForwarded, NoticeFailed, NoticeDelivered])

    assert [stream.queue for stream in found] == ["notify.notify", "notify.review"]
    assert found[0].types == (NoticeDelivered.type, NoticeFailed.type)
