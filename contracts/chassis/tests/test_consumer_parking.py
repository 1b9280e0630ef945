from __future__ import annotations

import json
import time
from typing import Any

import aio_pika
import pytest
from chassis.broker.headers import UNDECODABLE
from chassis.handling import PoisonMessageError
from chassis.inbox.delivery import Delivery
from chassis.outbox.entries import event_id
from devkit import sample
from devkit.private_servers import PrivateServers
from messages.envelope import encode
from messages.notify import NoticeFailed
from structlog.testing import capture_logs

from .consumer_process import NOW, ConsumerProcess, failed


async def test_event_of_unknown_type_is_parked_at_once(process: ConsumerProcess) -> None:
    headers = {"ce-id": "1", "ce-type": NoticeFailed.type[:-1] + "9", "ce-source": "/green/notify"}
    await process.publish_raw(
        NoticeFailed.type, b"{}", headers={**headers, "ce-specversion": "1.0", "ce-time": NOW.isoformat()}
    )
    reasons = await process.wait_until_parked()
    await process.stop_and_expect_empty_queues()

    assert "unknown event type" in reasons[0]
    assert process.handlers.runs == 0


async def test_invalid_body_is_parked_with_every_problem(process: ConsumerProcess) -> None:
    outgoing = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    await process.publish_raw(outgoing.type, b'{"channel": "pigeon"}', headers=dict(outgoing.headers))
    reasons = await process.wait_until_parked()

    assert "notice_id: Field required" in reasons[0]
    assert "channel" in reasons[0]
    found = await process.parked.get((await process.parked.list())[0]["_id"])
    assert bytes(found["body"]) == b'{"channel": "pigeon"}'
    assert found["headers"]["ce-id"] == "1"


async def test_message_that_is_no_event_is_parked(process: ConsumerProcess) -> None:
    await process.publish_raw(NoticeFailed.type, b"\xff\xfe not json")

    assert "no CloudEvent" in (await process.wait_until_parked())[0]


async def test_event_under_another_routing_key_is_parked(process: ConsumerProcess) -> None:
    outgoing = encode(sample.delivered("a"), event_id="1", time=NOW, correlation_id="c")
    await process.publish_raw(NoticeFailed.type, outgoing.body, headers=dict(outgoing.headers))

    assert "routing key" in (await process.wait_until_parked())[0]


async def test_event_from_a_source_that_does_not_own_it_is_parked(process: ConsumerProcess) -> None:
    outgoing = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    forged = {**outgoing.headers, "ce-source": "/green/registry"}
    await process.publish_raw(outgoing.type, outgoing.body, headers=dict(forged))

    assert "is said by 'notify'" in (await process.wait_until_parked())[0]


async def test_broker_lets_no_user_publish_events_of_another(process: ConsumerProcess) -> None:
    outgoing = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
        await process.publish_raw(outgoing.type, outgoing.body, user="review", headers=dict(outgoing.headers))


async def test_event_published_by_another_user_is_parked(process: ConsumerProcess, servers: PrivateServers) -> None:
    outgoing = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    admin = servers.broker.admin_user
    connection = await aio_pika.connect(servers.amqp_url(process.vhost))
    async with connection:
        exchange = await (await connection.channel()).get_exchange("green.events", ensure=False)
        message = aio_pika.Message(outgoing.body, headers=dict(outgoing.headers), user_id=admin)
        await exchange.publish(message, outgoing.type)

    assert f"published by {admin!r}" in (await process.wait_until_parked())[0]


async def test_event_without_a_validated_user_is_parked(process: ConsumerProcess) -> None:
    outgoing = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    await process.publish_raw(outgoing.type, outgoing.body, headers=dict(outgoing.headers), named=False)

    assert "published by 'an unverified user'" in (await process.wait_until_parked())[0]
    assert process.handlers.runs == 0


async def test_forged_death_header_on_a_live_queue_is_ignored(process: ConsumerProcess) -> None:
    outgoing = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    forged: Any = {**outgoing.headers, "x-death": [{"routing-keys": [outgoing.type]}]}
    await process.publish_raw(sample.delivered("a").type, outgoing.body, headers=forged)

    assert "routing key" in (await process.wait_until_parked())[0]


async def test_poison_message_is_parked_at_once(process: ConsumerProcess) -> None:
    process.handlers.problems = [PoisonMessageError("never")]
    await process.publish(failed("a"))

    assert await process.wait_until_parked() == ["poison message: never"]
    assert process.handlers.runs == 1


async def test_message_is_parked_after_five_failed_attempts_and_others_continue(
    process: ConsumerProcess,
) -> None:
    process.handlers.problems = [ValueError("bug")] * 5
    await process.publish(failed("a"))
    reasons = await process.wait_until_parked()
    await process.publish(failed("b"))
    await process.wait_until_touched("b")
    await process.stop_and_expect_empty_queues()

    assert reasons == ["ValueError: bug"]
    assert (await process.parked.list())[0]["attempts"] == 5
    assert process.handlers.runs == 6


async def test_dead_letters_of_the_broker_are_parked_with_their_event(process: ConsumerProcess) -> None:
    outgoing = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    connection = await aio_pika.connect(process.servers.amqp_url(process.vhost))
    async with connection:
        channel = await connection.channel()
        dead = await channel.get_exchange("green.dlx", ensure=False)
        headers: Any = {**outgoing.headers, "x-death": [{"routing-keys": [outgoing.type], "reason": "delivery_limit"}]}
        await dead.publish(aio_pika.Message(outgoing.body, headers=headers), "review")
    reasons = await process.wait_until_parked()

    assert reasons[0].startswith("dead letter")
    assert (await process.parked.list())[0]["type"] == outgoing.type
    assert process.metric("dead_letters_total") == 1


@pytest.mark.rule("X2")
async def test_event_id_used_again_with_another_content_is_parked(process: ConsumerProcess) -> None:
    await process.publish(failed("a"))
    await process.wait_until_touched("a")
    outgoing = encode(failed("b"), event_id=event_id(failed("a")), time=NOW, correlation_id="c")
    await process.publish_raw(outgoing.type, outgoing.body, headers=dict(outgoing.headers))
    (reason,) = await process.wait_until_parked()

    assert "was handled before with another content" in reason
    assert process.handlers.runs == 1
    assert await process.touch_counter("b") is None
    assert process.metric("messages_parked_total", cause="id-reused") == 1


async def test_flood_of_unreadable_messages_is_parked_and_writes_few_lines(process: ConsumerProcess) -> None:
    with capture_logs() as lines:
        started = time.monotonic()
        connection = await aio_pika.connect(process.servers.amqp_url(process.vhost, "notify"))
        async with connection:
            exchange = await (await connection.channel()).get_exchange("green.events", ensure=False)
            for number in range(300):
                message = aio_pika.Message(f"no event {number}".encode(), user_id="notify")
                await exchange.publish(message, NoticeFailed.type)
        await process.wait_until_parked(300)
        seconds = time.monotonic() - started

    written = [line for line in lines if line["event"] == "message parked"]
    assert 1 <= len(written) < 2 + seconds
    assert process.metric("messages_parked_total", cause="unreadable") == 300


async def test_id_without_end_is_parked(process: ConsumerProcess) -> None:
    outgoing = encode(failed("a"), event_id="i" * 50_000, time=NOW, correlation_id="c")
    await process.publish_raw(outgoing.type, outgoing.body, headers=dict(outgoing.headers))

    assert "an id of more than 1000 characters" in (await process.wait_until_parked())[0]


HALF = '"\\ud800"'
"""Half a character, which JSON can write and no document holds."""


@pytest.mark.parametrize("name", ["id", "source", "type", "time", "subject", "correlationid", "x", HALF[1:-1]])
async def test_half_a_character_in_an_attribute_is_parked(process: ConsumerProcess, name: str) -> None:
    event = failed("a")
    attributes = {"id": "1", "source": "/green/notify", "type": event.type, "specversion": "1.0"}
    whole = json.dumps({**attributes, "time": NOW.isoformat(), "data": event.model_dump(mode="json")})
    body = whole[:-1] + f', "{name}": {HALF}}}'
    with capture_logs() as lines:
        await process.publish_raw(event.type, body.encode(), content_type="application/cloudevents+json")
        await process.publish(failed("b"))
        await process.wait_until_touched("b")

        async def settled() -> bool:
            return await process.parked.count() + process.handlers.runs == 2

        await process.wait_until(settled)
    await process.stop_and_expect_empty_queues()

    assert not [line for line in lines if line["event"] in {"dispatch failed", "batch failed", "message failed"}]


async def test_message_whose_properties_no_document_holds_is_parked_without_them(process: ConsumerProcess) -> None:
    half = json.loads(HALF)
    delivery = Delivery({"ce-id": half}, b"{}", half, f"notify.{half}", half)

    assert await process.dispatcher.dispatch(delivery)

    found = await process.parked.get((await process.parked.list())[0]["_id"])
    assert (bytes(found["body"]), found["user"], found["type"]) == (b"{}", None, "notify.\\ud800")
    assert "cannot be stored" in found["headers"][UNDECODABLE]
