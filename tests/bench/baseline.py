"""The baseline: the same durable work as one hop of the chassis, written by hand on aio-pika and the driver.

Consume, query the inbox, load and save the document, write one outbox document, commit; acknowledge; publish each event
with a confirm and mark the document sent. It commits whatever waits in batches, two commits in flight, as the chassis
does, and has nothing else: no validation of names, no retries, no metrics, no parking.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from bson import ObjectId
from pymongo import InsertOne, ReplaceOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from tests.bench.competitor import begin, end

MAJORITY: dict[str, Any] = {"read_concern": ReadConcern("majority"), "write_concern": WriteConcern("majority", j=True)}
BATCH = 100
Batch = list[AbstractIncomingMessage]


class Baseline:
    PREFETCH = 200

    def __init__(self, amqp: str, client: Any, database: str, commits_in_flight: int) -> None:  # noqa: ANN401 - either driver's
        self._amqp = amqp
        self._client = client
        self._db = client.get_database(database, **MAJORITY)
        self._commits_in_flight = commits_in_flight
        self._waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._relays: set[asyncio.Task[None]] = set()
        self._relayed = self._expected = 0
        self._began = 0.0
        self._finished = asyncio.Event()

    async def prepare(self) -> None:
        for name in ("inbox", "notices", "outbox"):
            await self._db.create_collection(name)

    async def run(self, queue: str, expected: int) -> None:
        """Drain ``expected`` messages: from the first delivery until every event is confirmed and marked."""
        consuming = await aio_pika.connect(self._amqp)
        publishing = await aio_pika.connect(self._amqp)
        async with consuming, publishing:
            channel = await consuming.channel()
            await channel.set_qos(prefetch_count=self.PREFETCH)
            exchange = await (await publishing.channel()).get_exchange("green.events", ensure=False)
            await (await channel.get_queue(queue, ensure=False)).consume(self._receive)
            workers = [asyncio.create_task(self._run(exchange)) for _ in range(self._commits_in_flight)]
            self._expected = expected
            await self._finished.wait()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._began = self._began or begin()
        self._waiting.put_nowait(message)

    async def _run(self, exchange: AbstractExchange) -> None:
        while True:
            batch = await self._next_batch()
            outbox = await self._commit(batch)
            await self._acknowledge(batch)
            relay = asyncio.create_task(self._relay(exchange, outbox))
            self._relays.add(relay)
            relay.add_done_callback(self._relays.discard)

    async def _next_batch(self) -> Batch:
        batch = [await self._waiting.get()]
        self._fill(batch)
        return batch

    def _fill(self, batch: Batch) -> None:
        while len(batch) < BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())

    async def _acknowledge(self, batch: Batch) -> None:
        await asyncio.gather(*(message.ack() for message in batch))

    async def _commit(self, messages: Batch) -> dict[str, Any]:
        bodies = {str(message.headers["ce-id"]): json.loads(message.body) for message in messages}
        handled = await self._db.inbox.find({"_id": {"$in": list(bodies)}}).to_list(None)
        new = {name: body for name, body in bodies.items() if name not in {each["_id"] for each in handled}}
        keys = [body["case_id"] for body in new.values()]
        found = {each["_id"]: each for each in await self._db.notices.find({"_id": {"$in": keys}}).to_list(None)}
        now = datetime.now(UTC)  # noqa: TID251 - the baseline does not use the chassis
        outbox = {"_id": ObjectId(), "at": now, "sent": False, "events": [self._event(key, now) for key in keys]}
        async with self._transaction() as session:
            await self._db.inbox.insert_many([{"_id": each, "at": now} for each in new], session=session)
            await self._db.notices.bulk_write([_write_notice(key, found.get(key)) for key in keys], session=session)
            await self._db.outbox.insert_one(outbox, session=session)
        return outbox

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        async with await self._client.start_session() as session, session.start_transaction():
            yield session

    async def _relay(self, exchange: AbstractExchange, outbox: dict[str, Any]) -> None:
        await asyncio.gather(*(self._publish(exchange, event) for event in outbox["events"]))
        await self._db.outbox.update_one({"_id": outbox["_id"]}, {"$set": {"sent": True}})
        self._relayed += len(outbox["events"])
        if self._relayed >= self._expected:
            end(self._began)
            self._finished.set()

    def _event(self, key: str, now: datetime) -> dict[str, Any]:
        return notice_event(key, now)

    async def _publish(self, exchange: AbstractExchange, event: dict[str, Any]) -> None:
        message = aio_pika.Message(
            event["body"],
            headers=event["headers"],
            content_type="application/json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            message_id=event["headers"]["ce-id"],
        )
        await exchange.publish(message, routing_key=event["type"], mandatory=True)


def notice_event(key: str, now: datetime) -> dict[str, Any]:
    name = "notify.notice.delivered.v1"
    headers = {
        "ce-id": f"notify:notice:{key}:1:delivered", "ce-source": "/green/notify", "ce-type": name,
        "ce-specversion": "1.0", "ce-time": now.isoformat(), "ce-subject": key, "ce-sequence": "1",
        "ce-dataschema": f"urn:green:schema:{name}", "ce-correlationid": key, "ce-dataclassification": "internal",
    }  # fmt: skip
    body = {"sequence": 1, "notice_id": key, "channel": "inbox", "role": "applicant", "template": "sample"}
    return {"type": name, "headers": headers, "body": json.dumps(body).encode()}


def _write_notice(key: str, found: dict[str, Any] | None) -> InsertOne[dict[str, Any]] | ReplaceOne[dict[str, Any]]:
    version = (found or {"_version": 0})["_version"]
    document = {
        "_id": key,
        "_version": version + 1,
        "_sequence": version + 1,
        "count": version + 1,
        "words": [""],
        "label": "",
    }
    return ReplaceOne({"_id": key, "_version": version}, document) if found else InsertOne(document)
