"""nameko: ten workers in one process, on eventlet."""
# ruff: noqa: E402 - eventlet must change the sockets before they are imported

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

from kombu import Connection, Exchange, Queue
from nameko.messaging import Publisher, consume
from nameko.runners import ServiceRunner

from tests.bench.peers.hop import AMQP, NEXT_QUEUE, QUEUE, Body, case, delivered, main, notice, notices

WORKERS = 10
exchange = Exchange("nameko", type="direct", durable=True)
queue = Queue(QUEUE, exchange=exchange, routing_key=QUEUE, durable=True)
next_queue = Queue(NEXT_QUEUE, exchange=exchange, routing_key=NEXT_QUEUE, durable=True)
collection = notices()


class Hop:
    name = "hop"
    publish = Publisher(exchange=exchange, declare=[next_queue])

    @consume(queue=queue)
    def handle(self, body: Body) -> None:
        collection.insert_one(notice(body))
        self.publish(delivered(body), routing_key=NEXT_QUEUE)


def fill(number: int) -> None:
    with Connection(AMQP) as connection:
        producer = connection.Producer(exchange=exchange, serializer="json", auto_declare=True)
        for each in (queue, next_queue):
            each.bind(connection.default_channel).declare()
        for index in range(number):
            producer.publish(case(index), routing_key=QUEUE)


def work() -> None:
    runner = ServiceRunner(config={"AMQP_URI": AMQP, "max_workers": WORKERS})
    runner.add_service(Hop)
    runner.start()
    runner.wait()


if __name__ == "__main__":
    main(fill, work)
