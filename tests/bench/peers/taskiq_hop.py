"""taskiq with taskiq-aio-pika: ``taskiq worker taskiq_hop:broker --workers 1``."""

from __future__ import annotations

import asyncio
from typing import Any

from taskiq import TaskiqEvents
from taskiq_aio_pika import AioPikaBroker
from taskiq_aio_pika.queue import Queue

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

PREFETCH, CHUNK = 200, 200
broker = AioPikaBroker(AMQP, qos=PREFETCH, task_queues=[Queue(name=QUEUE)])
next_broker = AioPikaBroker(AMQP, task_queues=[Queue(name=NEXT_QUEUE)])


@next_broker.task(task_name="receive")
async def receive(_body: Body) -> None:
    """Runs in the next service."""


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def connect(state: Any) -> None:  # noqa: ANN401 - taskiq's state
    await next_broker.startup()
    state.notices = async_client().get_database(DATABASE, **MAJORITY).notices


@broker.task(task_name="handle")
async def handle(body: Body) -> None:
    await broker.state.notices.insert_one(notice(body))
    await receive.kiq(delivered(body))


async def fill_queue(number: int) -> None:
    await broker.startup()
    await next_broker.startup()
    for start in range(0, number, CHUNK):
        await asyncio.gather(*(handle.kiq(case(index)) for index in range(start, min(number, start + CHUNK))))
    await broker.shutdown()
    await next_broker.shutdown()


if __name__ == "__main__":
    main(lambda number: asyncio.run(fill_queue(number)))
