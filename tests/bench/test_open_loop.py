"""Messages are published when they are due, so that measured latencies are those of the services."""

from __future__ import annotations

import time
from collections.abc import Sequence

from chassis.broker.publisher import BrokerPublisher, PublishResult
from chassis.handling import Document

from tests.bench.open_loop import Answers, publish_at_rate, subject

RATE = 20.0


class RecordingPublisher(BrokerPublisher):
    """Sends nothing and records when it was asked to."""

    def __init__(self) -> None:
        super().__init__("amqp://nobody@127.0.0.1/")
        self.at: dict[str, float] = {}

    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        self.at |= dict.fromkeys(map(subject, entries), time.perf_counter())
        return [None] * len(entries)


async def test_message_is_published_neither_early_nor_an_interval_late() -> None:
    publisher, entries = RecordingPublisher(), [{"headers": {"ce-subject": str(number)}} for number in range(10)]

    due = await publish_at_rate(entries, RATE, publisher)

    delays = sorted(publisher.at[name] - due[name] for name in due)
    assert delays[0] >= 0
    assert delays[len(delays) // 2] < 0.8 / RATE


def test_latency_counts_from_the_due_time() -> None:
    entries = [{"headers": {"ce-subject": name}} for name in ("first", "second")]

    latencies = Answers({"first": 10.5, "second": 12.0}).latencies(entries, {"first": 10.0, "second": 11.0})

    assert latencies.seconds == (0.5, 1.0)
    assert latencies.rate == 1.0
