from __future__ import annotations

import asyncio
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractQueue
from chassis.broker.limits import MESSAGE_MAX_BYTES
from chassis.broker.paths import PATHS, PathName
from chassis.broker.publication import MAX_SHORT_STRING
from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import definitions
from chassis.observability.metrics import Metrics
from chassis.outbox import entries as outbox
from chassis.outbox.entries import Causation, entry
from chassis.outbox.relay import Relay
from chassis.persistence.mongo import Database
from chassis.persistence.unit_of_work import ChangeSet
from chassis.transactions.group_committer import GroupCommitter
from chassis.transactions.transaction import BatchTransaction
from devkit import sample
from devkit.clock import FixedClock
from devkit.private_servers import PrivateServers
from devkit.sample import Touch
from messages.notify import NoticeDelivered, NoticeFailed

from .consumer_process import NOW, ConsumerProcess, failed


class SilentConfirmations(dict[int, Any]):
    """Confirmations that never arrive."""

    def __contains__(self, tag: object) -> bool:
        return False


async def test_unroutable_event_is_returned(process: ConsumerProcess, servers: PrivateServers) -> None:
    publisher = BrokerPublisher(servers.amqp_url(process.vhost), write=process.path.write)
    one, two, three = (entry(sample.delivered(name), Causation("c"), NOW) for name in ("a", "b", "c"))

    assert await publisher.send([one, {**two, "type": "unheard"}, three]) == [None, "returned", None]
    assert await publisher.send([one, one]) == [None, "in flight already"]
    await publisher.close()


async def test_event_larger_than_a_message_may_be_is_not_sent_and_leaves_the_connection(
    process: ConsumerProcess,
) -> None:
    large = {**entry(failed("a"), Causation("c"), NOW), "body": b"x" * (MESSAGE_MAX_BYTES + 1)}

    assert await process.publisher.send([large, entry(failed("b"), Causation("c"), NOW)]) == ["unsendable", None]
    assert await process.publisher.send([large]) == ["unsendable"]


async def test_event_id_over_the_protocol_limit_is_replaced_by_its_digest(process: ConsumerProcess) -> None:
    sent = entry(failed("a"), Causation("请" * 90), NOW)
    long = {**sent, "headers": {**sent["headers"], "ce-id": f"notify:notice:{'园' * 80}:1:failed"}}
    assert len(long["headers"]["ce-id"].encode()) > MAX_SHORT_STRING
    assert await process.publisher.send([long, entry(failed("b"), Causation("c"), NOW)]) == [None, None]
    await process.wait_until_touched("a")
    await process.wait_until_touched("b")

    assert await process.database.count("inbox", {"_id": {"$gt": "bus|review|notify:notice:园"}}) == 1


@pytest.mark.parametrize("path", PATHS)
async def test_unsendable_event_takes_no_confirm_of_another(servers: PrivateServers, path: PathName) -> None:
    """A full queue refuses: if the delivery tags of the channel shifted, another event would get the refusal."""
    full = definitions({"review": [NoticeFailed], "notify": []})
    full["policies"][0]["definition"]["max-length"] = 1
    vhost = await servers.vhost(full)
    await asyncio.sleep(1)
    publisher = BrokerPublisher(servers.amqp_url(vhost, "notify"), write=PATHS[path].write)
    made = [entry(failed(f"n{number}"), Causation("c"), NOW) for number in range(60)]
    filling = iter(made)
    async with asyncio.timeout(10):
        while await publisher.send([next(filling)]) != ["refused"]:
            pass
    one, two = next(filling), next(filling)

    assert await publisher.send([{**one, "type": "x" * 300}]) == ["unsendable"]
    assert await publisher.send([one, {**one, "type": "x" * 300, "headers": {"ce-id": "other"}}, two]) == [
        "refused",
        "unsendable",
        "refused",
    ]
    await publisher.close()


async def test_publisher_recovers_from_an_error_while_writing(process: ConsumerProcess) -> None:
    with pytest.raises(KeyError, match="ce-id"):
        await process.publisher.send([entry(failed("a"), Causation("c"), NOW), {"headers": {}}])
    assert not process.publisher.connected
    await process.publish(failed("a"))

    await process.wait_until_touched("a")


async def test_missing_confirm_closes_its_own_connection_and_no_later_one(process: ConsumerProcess) -> None:
    slow = BrokerPublisher(process.servers.amqp_url(process.vhost, "notify"), timeout=0.3, write=process.path.write)
    await slow.probe()
    first = slow._channel
    assert first is not None
    first.confirmations = SilentConfirmations()
    sending = asyncio.create_task(slow.send([entry(failed("a"), Causation("c"), NOW)]))
    await asyncio.sleep(0.1)
    slow._channel, slow._connection = None, None
    await slow.probe()

    assert await sending == ["not confirmed in time"]
    assert slow.connected
    await slow.close()
    await first.connection.close()


async def test_publisher_reconnects_after_its_connection_was_closed(process: ConsumerProcess) -> None:
    await process.publisher.probe()
    assert process.publisher._connection is not None
    await process.publisher._connection.close()
    await process.publish(failed("a"))

    await process.wait_until_touched("a")


async def test_returned_event_blocks_its_aggregate_alone_until_it_is_routable(
    servers: PrivateServers, database: Database
) -> None:
    """The queue is bound for failures only; deliveries are returned until it is bound for them as well."""
    vhost = await servers.vhost(definitions({"review": [NoticeFailed], "notify": []}))
    await asyncio.sleep(1)
    relay = Relay(
        database, BrokerPublisher(servers.amqp_url(vhost, "notify")), "mine", metrics=Metrics(), sweep_interval=0.2
    )
    relay.start()
    for event in (sample.delivered("a").model_copy(update={"sequence": 1}), failed("a", 2), failed("b", 1)):
        document = outbox.document([entry(event, Causation("c"), NOW)], relay.lease_holder)
        await database.commit(ChangeSet([], [], document))
        relay.enqueue(document)
    async with await aio_pika.connect(servers.amqp_url(vhost)) as connection:
        queue = await (await connection.channel()).get_queue("review.notify")
        early = [await receive_id(queue)]
        await asyncio.sleep(0.5)
        await queue.bind("green.events", NoticeDelivered.type)
        late = [await receive_id(queue) for _ in range(2)]
        assert await queue.get(fail=False) is None
    await relay.stop()

    assert early == ["notify:notice:b:1:failed"]
    assert late == ["notify:notice:a:1:delivered", "notify:notice:a:2:failed"]
    assert await database.count("outbox", {"sent": False}) == 0


async def receive_id(queue: AbstractQueue) -> str | None:
    async with asyncio.timeout(10):
        while (message := await queue.get(no_ack=True, fail=False)) is None:  # noqa: ASYNC110 - the queue is asked
            await asyncio.sleep(0.05)
    return message.message_id


async def test_one_hop_through_committer_and_relay_reaches_the_broker(
    servers: PrivateServers, consumer_vhost: str, database: Database
) -> None:
    metrics = Metrics()
    relay = Relay(database, BrokerPublisher(servers.amqp_url(consumer_vhost, "notify")), "mine", metrics=metrics)
    committer = GroupCommitter(
        BatchTransaction(
            database,
            sample.SERVICE,
            sample.AGGREGATES,
            clock=FixedClock(NOW),
            metrics=metrics,
            wake_relay=relay.enqueue,
            lease_holder=relay.lease_holder,
        )
    )
    relay.start()
    committer.start()
    works = (sample.work_item(f"m{n}", sample.touch_call(Touch(f"hop{n}"))) for n in range(300))
    await asyncio.gather(*(committer.submit(each) for each in works))
    await committer.stop()
    await relay.stop()

    assert await database.count("outbox", {"sent": False}) == 0
    assert metrics.registry.get_sample_value("green_relay_published_total") == 300
