from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

import aio_pika
import pytest
from chassis.broker.topology import (
    DEAD_DELIVERY_LIMIT,
    DELIVERY_LIMIT,
    dead_letter_queue,
    definitions,
    rabbit_queue,
    service_queues,
)
from devkit.private_servers import PrivateServers
from messages.event import Event
from messages.notify import NoticeDelivered, NoticeFailed
from messages.review import CaseForwarded

SUBSCRIBED: Mapping[str, Sequence[type[Event]]] = {
    "review": [NoticeDelivered],
    "notify": [CaseForwarded, NoticeFailed],
    "applications": [],
}


@pytest.fixture(scope="session")
async def vhost(servers: PrivateServers) -> str:
    made = await servers.vhost(definitions(SUBSCRIBED))
    await asyncio.sleep(0.5)
    return made


def test_queue_holds_the_events_of_one_owner_for_one_service() -> None:
    queues_ = service_queues("notify", [CaseForwarded, NoticeFailed, NoticeDelivered])

    assert [queue.queue for queue in queues_] == ["notify.notify", "notify.review"]
    assert queues_[0].types == (NoticeDelivered.type, NoticeFailed.type)


def test_definitions_bind_every_queue_of_the_code_for_its_event_types() -> None:
    made = definitions(SUBSCRIBED)
    names = {queue["name"] for queue in made["queues"]}
    bound = {(each["destination"], each["routing_key"]) for each in made["bindings"]}

    for service, subscribed in SUBSCRIBED.items():
        for queue in service_queues(service, subscribed):
            assert queue.queue in names
            assert {(queue.queue, key) for key in queue.types} <= bound
        assert dead_letter_queue(service) in names


def test_queues_of_the_code_equal_those_of_the_definitions() -> None:
    for described in definitions(SUBSCRIBED)["queues"]:
        queue = rabbit_queue(described["name"])
        assert (queue.durable, queue.auto_delete) == (described["durable"], described["auto_delete"])
        assert dict(queue.arguments or {}) == described["arguments"]
        assert queue.declare is False


def test_policy_covers_the_queues_of_its_service_and_not_its_dead_letters() -> None:
    policy = next(each for each in definitions(SUBSCRIBED)["policies"] if each["name"].startswith("notify"))

    assert re.search(policy["pattern"], "notify.review")
    assert not re.search(policy["pattern"], "notify.dlq")
    assert not re.search(policy["pattern"], "review.notify")
    assert policy["definition"]["delivery-limit"] == DELIVERY_LIMIT


def test_every_queue_has_exactly_one_policy() -> None:
    made = definitions(SUBSCRIBED)
    for queue in made["queues"]:
        (policy,) = (each for each in made["policies"] if re.search(each["pattern"], queue["name"]))
        if queue["name"].endswith(".dlq"):
            assert policy["definition"] == {"delivery-limit": DEAD_DELIVERY_LIMIT}


async def test_broker_applies_the_dead_letter_policy_to_dead_letter_queues(servers: PrivateServers, vhost: str) -> None:
    async with asyncio.timeout(10):
        while "policy" not in (queue := (await servers.broker._request("GET", f"queues/{vhost}/notify.dlq")).json()):  # noqa: ASYNC110 - asked
            await asyncio.sleep(0.2)

    assert queue["policy"] == "dead-letter-queues"


def test_definitions_hold_no_password() -> None:
    assert {frozenset(user) for user in definitions(SUBSCRIBED)["users"]} == {frozenset({"name", "tags"})}


@pytest.mark.parametrize(
    ("user", "key", "allowed"),
    [
        ("notify", "notify.notice.delivered.v1", True),
        ("notify", "review.case.forwarded.v1", False),
        ("review", "notify.notice.delivered.v1", False),
    ],
)
async def test_user_may_publish_its_own_events_only(
    servers: PrivateServers,
    vhost: str,
    user: str,
    key: str,
    allowed: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    connection = await aio_pika.connect(servers.amqp_url(vhost, user))
    async with connection:
        exchange = await (await connection.channel()).get_exchange("green.events", ensure=False)
        publishing = exchange.publish(aio_pika.Message(b"{}"), key)
        if allowed:
            await publishing
        else:
            with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
                await publishing


@pytest.mark.parametrize("queue", ["review.notify", "review.dlq", "applications.dlq"])
async def test_user_may_read_its_own_queues_only(servers: PrivateServers, vhost: str, queue: str) -> None:
    connection = await aio_pika.connect(servers.amqp_url(vhost, "notify"))
    async with connection:
        channel = await connection.channel()
        with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
            await (await channel.get_queue(queue, ensure=False)).get(fail=False)


async def test_user_may_declare_nothing(servers: PrivateServers, vhost: str) -> None:
    connection = await aio_pika.connect(servers.amqp_url(vhost, "notify"))
    async with connection:
        channel = await connection.channel()
        with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
            await channel.declare_queue("notify.another")


async def test_rejected_message_reaches_the_dead_letter_queue_of_its_service(
    servers: PrivateServers, vhost: str
) -> None:
    connection = await aio_pika.connect(servers.amqp_url(vhost))
    async with connection, asyncio.timeout(10):
        channel = await connection.channel()
        exchange = await channel.get_exchange("green.events", ensure=False)
        message = aio_pika.Message(b"given up", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(message, CaseForwarded.type)
        queue = await channel.get_queue("notify.review", ensure=False)
        async with queue.iterator() as arriving:
            async for each in arriving:
                await each.reject(requeue=False)
                break
        dead = await channel.get_queue("notify.dlq", ensure=False)
        async with dead.iterator() as arriving:
            async for each in arriving:
                await each.ack()
                assert each.body == b"given up"
                break
