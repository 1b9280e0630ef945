"""FastStream on uvloop: ``work``; with inbox, outbox and a transaction for each message: ``work outbox``."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvloop
from bson import ObjectId
from faststream import AckPolicy, FastStream
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitMessage, RabbitQueue

from tests.bench.peers.hop import (
    AMQP,
    DATABASE,
    MAJORITY,
    NEXT_QUEUE,
    QUEUE,
    Body,
    async_client,
    case,
    delivered,
    main,
    notice,
)

PREFETCH, CHUNK, RELAY_PAUSE = 200, 200, 0.01
queue, next_queue = (RabbitQueue(name, durable=True, queue_type=QueueType.QUORUM) for name in (QUEUE, NEXT_QUEUE))
broker = RabbitBroker(AMQP, default_channel=Channel(prefetch_count=PREFETCH), logger=None)
app = FastStream(broker, logger=None)


async def publish(body: Body) -> None:
    await broker.publish(body, NEXT_QUEUE, persist=True)


def handle_plainly() -> None:
    collection = async_client().get_database(DATABASE, **MAJORITY).notices

    @broker.subscriber(queue, ack_policy=AckPolicy.NACK_ON_ERROR)
    async def handle(body: Body) -> None:
        await collection.insert_one(notice(body))
        await publish(delivered(body))


def handle_with_outbox() -> None:
    client = async_client()
    database = client.get_database(DATABASE, **MAJORITY)
    relays: list[asyncio.Task[None]] = []

    @broker.subscriber(queue, ack_policy=AckPolicy.NACK_ON_ERROR)
    async def handle(body: Body, message: RabbitMessage) -> None:
        if await database.inbox.find_one({"_id": message.message_id}):
            return
        async with client.start_session() as session, await session.start_transaction():
            await database.inbox.insert_one({"_id": message.message_id}, session=session)
            await database.notices.insert_one(notice(body), session=session)
            outbox = {"_id": ObjectId(), "sent": False, "event": delivered(body)}
            await database.outbox.insert_one(outbox, session=session)

    @app.after_startup
    async def start_relay() -> None:
        relays.append(asyncio.create_task(relay(database)))


async def relay(database: Any) -> None:  # noqa: ANN401 - a database of the driver
    """Publish what the outbox holds, with confirms, and mark it."""
    while True:
        entries = await database.outbox.find({"sent": False}).sort("_id").to_list(CHUNK)
        await asyncio.gather(*(publish(each["event"]) for each in entries))
        if entries:
            sent = {"_id": {"$in": [each["_id"] for each in entries]}}
            await database.outbox.update_many(sent, {"$set": {"sent": True}})
        else:
            await asyncio.sleep(RELAY_PAUSE)


async def fill_queue(number: int) -> None:
    client = async_client()
    await client[DATABASE].outbox.create_index("sent")
    for name in ("inbox", "notices"):
        await client[DATABASE].create_collection(name)
    async with broker:
        for each in (queue, next_queue):
            await broker.declare_queue(each)
        for start in range(0, number, CHUNK):
            several = range(start, min(number, start + CHUNK))
            await asyncio.gather(*(broker.publish(case(index), QUEUE, persist=True) for index in several))


def work() -> None:
    (handle_with_outbox if sys.argv[2:] == ["outbox"] else handle_plainly)()
    uvloop.run(app.run())


if __name__ == "__main__":
    main(lambda number: asyncio.run(fill_queue(number)), work)
