"""dramatiq: ``dramatiq dramatiq_hop --processes 1 --threads 8 --queues hop``."""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.bench.peers.hop import AMQP, NEXT_QUEUE, QUEUE, Body, case, delivered, main, notice, notices

broker = RabbitmqBroker(url=AMQP)
dramatiq.set_broker(broker)
collection = notices()


@dramatiq.actor(queue_name=NEXT_QUEUE)
def receive(_body: Body) -> None:
    """Runs in the next service."""


@dramatiq.actor(queue_name=QUEUE)
def handle(body: Body) -> None:
    collection.insert_one(notice(body))
    receive.send(delivered(body))


def fill(number: int) -> None:
    broker.declare_queue(NEXT_QUEUE, ensure=True)
    for index in range(number):
        handle.send(case(index))
    broker.close()


if __name__ == "__main__":
    main(fill)
