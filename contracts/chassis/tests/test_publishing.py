from __future__ import annotations

import asyncio
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue
from chassis.broker.publisher import SHORT, BrokerPublisher
from chassis.broker.topology import definitions
from chassis.clock import FixedClock
from chassis.observability.metrics import Metrics
from chassis.outbox import entries as outbox
from chassis.outbox.entries import Causation, entry
from chassis.outbox.relay import Relay
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet
from chassis.transactions.group_committer import GroupCommitter
from devkit import sample
from devkit.private_servers import PrivateServers
from devkit.sample import Touch
from messages.notify import NoticeDelivered, NoticeFailed

from .hearer import NOW, Service, failed


class Deaf(dict[int, Any]):
    """Hears no confirm."""

    def __contains__(self, tag: object) -> bool:
        return False


async def test_an_event_no_queue_is_bound_for_is_returned_and_stays_in_the_outbox(
    service: Service, servers: PrivateServers
) -> None:
    publisher = BrokerPublisher(servers.amqp_url(service.vhost))
    one, two, three = (entry(sample.delivered(name), Causation("c"), NOW) for name in ("a", "b", "c"))

    assert await publisher.send([one, {**two, "t": "unheard"}, three]) == [None, "returned", None]
    assert await publisher.send([one, one]) == [None, "in flight already"]
    await publisher.close()


async def test_an_event_with_a_longer_name_than_the_protocol_holds_is_sent_under_its_digest(service: Service) -> None:
    said = entry(failed("a"), Causation("请" * 90), NOW)
    long = {**said, "h": {**said["h"], "ce-id": f"notify:notice:{'园' * 80}:1:failed"}}
    assert len(long["h"]["ce-id"].encode()) > SHORT
    assert await service.publisher.send([long, entry(failed("b"), Causation("c"), NOW)]) == [None, None]
    await service.until_touched("a")
    await service.until_touched("b")

    assert await service.database.count("inbox", {"_id": {"$gt": "bus|review|notify:notice:园"}}) == 1


async def test_what_the_protocol_cannot_carry_takes_no_confirm_from_another_event(servers: PrivateServers) -> None:
    """A full queue refuses: were the numbers of the channel shifted, the refusal would be another event's."""
    full = definitions({"review": [NoticeFailed], "notify": []})
    full["policies"][0]["definition"]["max-length"] = 1
    vhost = await servers.vhost(full)
    await asyncio.sleep(1)
    publisher = BrokerPublisher(servers.amqp_url(vhost, "notify"))
    made = [entry(failed(f"n{number}"), Causation("c"), NOW) for number in range(60)]
    filling = iter(made)
    async with asyncio.timeout(10):
        while await publisher.send([next(filling)]) != ["refused"]:
            pass
    one, two = next(filling), next(filling)

    assert await publisher.send([{**one, "t": "x" * 300}]) == ["unsendable"]
    assert await publisher.send([one, {**one, "t": "x" * 300, "h": {"ce-id": "other"}}, two]) == [
        "refused",
        "unsendable",
        "refused",
    ]
    await publisher.close()


async def test_an_error_while_writing_leaves_no_number_behind(service: Service) -> None:
    with pytest.raises(KeyError):
        await service.publisher.send([entry(failed("a"), Causation("c"), NOW), {"h": {}}])
    assert not service.publisher.connected
    await service.hear(failed("a"))

    await service.until_touched("a")


async def test_a_confirm_that_did_not_come_ends_its_own_connection_and_no_later_one(service: Service) -> None:
    slow = BrokerPublisher(service.stand.amqp_url(service.vhost, "notify"), timeout=0.3)
    await slow.probe()
    first = slow._channel
    assert first is not None
    first.confirmations = Deaf()
    sending = asyncio.create_task(slow.send([entry(failed("a"), Causation("c"), NOW)]))
    await asyncio.sleep(0.1)
    slow._channel, slow._connection = None, None
    await slow.probe()

    assert await sending == ["not confirmed in time"]
    assert slow.connected
    await slow.close()
    await first.connection.close()


async def test_the_publishers_connection_comes_back_after_it_was_closed(service: Service) -> None:
    await service.publisher.probe()
    assert service.publisher._connection is not None
    await service.publisher._connection.close()
    await service.hear(failed("a"))

    await service.until_touched("a")


async def test_what_the_broker_returns_keeps_back_the_same_aggregate_and_no_other_until_it_is_taken(
    servers: PrivateServers, database: Database
) -> None:
    """The queue is bound for failures only; what was delivered comes back until it is bound for that as well."""
    vhost = await servers.vhost(definitions({"review": [NoticeFailed], "notify": []}))
    await asyncio.sleep(1)
    relay = Relay(
        database, BrokerPublisher(servers.amqp_url(vhost, "notify")), "mine", metrics=Metrics(), sweep_every=0.2
    )
    relay.start()
    for event in (sample.delivered("a").model_copy(update={"sequence": 1}), failed("a", 2), failed("b", 1)):
        document = outbox.document([entry(event, Causation("c"), NOW)], relay.token)
        await database.commit(ChangeSet([], [], document))
        relay.enqueue(document)
    async with await aio_pika.connect(servers.amqp_url(vhost)) as connection:
        queue = await (await connection.channel()).get_queue("review.notify")
        early = [await arrived(queue)]
        await asyncio.sleep(0.5)
        await queue.bind("green.events", NoticeDelivered.type)
        late = [await arrived(queue) for _ in range(2)]
        assert await queue.get(fail=False) is None
    await relay.stop()

    assert early == ["notify:notice:b:1:failed"]
    assert late == ["notify:notice:a:1:delivered", "notify:notice:a:2:failed"]
    assert await database.count("outbox", {"sent": False}) == 0


async def arrived(queue: AbstractQueue) -> str | None:
    async with asyncio.timeout(10):
        while (message := await queue.get(no_ack=True, fail=False)) is None:  # noqa: ASYNC110 - the queue is asked
            await asyncio.sleep(0.05)
    return message.message_id


async def test_one_hop_through_committer_and_relay_reaches_the_broker(
    servers: PrivateServers, heard_vhost: str, database: Database
) -> None:
    metrics = Metrics()
    relay = Relay(database, BrokerPublisher(servers.amqp_url(heard_vhost, "notify")), "mine", metrics=metrics)
    committer = GroupCommitter(
        database,
        sample.SERVICE,
        sample.AGGREGATES,
        clock=FixedClock(NOW),
        metrics=metrics,
        relay_wakeup=relay.enqueue,
        token=relay.token,
    )
    relay.start()
    committer.start()
    works = (sample.work(f"m{n}", sample.running(Touch(f"hop{n}"))) for n in range(300))
    await asyncio.gather(*(committer.submit(each) for each in works))
    await committer.stop()
    await relay.stop()

    assert await database.count("outbox", {"sent": False}) == 0
    assert metrics.registry.get_sample_value("green_relay_published_total") == 300
