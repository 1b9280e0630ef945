"""celery: ``celery --app celery_hop worker --pool threads --concurrency 16 --queues hop``."""

from __future__ import annotations

from celery import Celery
from kombu import Connection

from tests.bench.peers.hop import AMQP, NEXT_QUEUE, QUEUE, Body, case, delivered, main, notice, notices

THREADS = 16
app = Celery("celery_hop", broker=AMQP)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=4,
    broker_pool_limit=THREADS,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)
collection = notices()


@app.task(name="receive")
def receive(_body: Body) -> None:
    """Runs in the next service."""


@app.task(name="handle")
def handle(body: Body) -> None:
    collection.insert_one(notice(body))
    receive.apply_async((delivered(body),), queue=NEXT_QUEUE)


def fill(number: int) -> None:
    with Connection(AMQP) as connection:
        app.amqp.queues.select_add(NEXT_QUEUE).bind(connection.default_channel).declare()
    for index in range(number):
        handle.apply_async((case(index),), queue=QUEUE)


if __name__ == "__main__":
    main(fill)
