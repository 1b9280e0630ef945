from __future__ import annotations

from typing import Any

import aio_pika
import pytest
from chassis.handling import PoisonMessageError
from devkit import sample
from devkit.private_servers import PrivateServers
from messages.envelope import encode
from messages.notify import NoticeFailed

from .hearer import NOW, Service, failed


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
    said = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    await service.publish(said.type, b'{"channel": "pigeon"}', headers=dict(said.headers))
    reasons = await service.until_parked()

    assert "notice_id: Field required" in reasons[0]
    assert "channel" in reasons[0]
    found = await service.parked.get((await service.parked.list())[0]["_id"])
    assert bytes(found["body"]) == b'{"channel": "pigeon"}'
    assert found["headers"]["ce-id"] == "1"


async def test_a_message_that_is_no_event_is_parked(service: Service) -> None:
    await service.publish(NoticeFailed.type, b"\xff\xfe not json")

    assert "no CloudEvent" in (await service.until_parked())[0]


async def test_a_type_under_another_routing_key_is_parked(service: Service) -> None:
    said = encode(sample.delivered("a"), event_id="1", time=NOW, correlation_id="c")
    await service.publish(NoticeFailed.type, said.body, headers=dict(said.headers))

    assert "routing key" in (await service.until_parked())[0]


async def test_an_event_from_a_source_that_does_not_own_it_is_parked(service: Service) -> None:
    said = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    forged = {**said.headers, "ce-source": "/green/registry"}
    await service.publish(said.type, said.body, headers=dict(forged))

    assert "is said by 'notify'" in (await service.until_parked())[0]


async def test_the_broker_lets_no_user_publish_what_another_says(service: Service) -> None:
    said = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    with pytest.raises(aio_pika.exceptions.ChannelClosed, match="ACCESS_REFUSED"):
        await service.publish(said.type, said.body, user="review", headers=dict(said.headers))


async def test_an_event_with_the_word_of_the_broker_on_another_user_is_parked(
    service: Service, servers: PrivateServers
) -> None:
    said = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    admin = servers.broker.admin_user
    connection = await aio_pika.connect(servers.amqp_url(service.vhost))
    async with connection:
        exchange = await (await connection.channel()).get_exchange("green.events", ensure=False)
        message = aio_pika.Message(said.body, headers=dict(said.headers), user_id=admin)
        await exchange.publish(message, said.type)

    assert f"published by {admin!r}" in (await service.until_parked())[0]


async def test_an_event_without_the_word_of_the_broker_on_its_user_is_parked(service: Service) -> None:
    said = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    await service.publish(said.type, said.body, headers=dict(said.headers), named=False)

    assert "published by 'nobody the broker knows'" in (await service.until_parked())[0]
    assert service.handlers.runs == 0


async def test_what_a_message_says_of_its_own_death_is_no_routing_key_on_a_living_queue(service: Service) -> None:
    said = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    forged: Any = {**said.headers, "x-death": [{"routing-keys": [said.type]}]}
    await service.publish(sample.delivered("a").type, said.body, headers=forged)

    assert "routing key" in (await service.until_parked())[0]


async def test_poison_is_parked_at_once(service: Service) -> None:
    service.handlers.problems = [PoisonMessageError("never")]
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
    assert (await service.parked.list())[0]["attempts"] == 5
    assert service.handlers.runs == 6


async def test_the_brokers_dead_letters_are_parked_with_their_event(service: Service) -> None:
    said = encode(failed("a"), event_id="1", time=NOW, correlation_id="c")
    connection = await aio_pika.connect(service.stand.amqp_url(service.vhost))
    async with connection:
        channel = await connection.channel()
        dead = await channel.get_exchange("green.dead", ensure=False)
        headers: Any = {**said.headers, "x-death": [{"routing-keys": [said.type], "reason": "delivery_limit"}]}
        await dead.publish(aio_pika.Message(said.body, headers=headers), "review")
    reasons = await service.until_parked()

    assert reasons[0].startswith("dead letter")
    assert (await service.parked.list())[0]["type"] == said.type
    assert service.value("dead_letters_total") == 1
