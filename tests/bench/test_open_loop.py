"""Messages go out when they are due: what is measured after it is the services' own waiting."""

from __future__ import annotations

import time
from collections.abc import Sequence

from chassis.broker.publisher import BrokerPublisher, PublishResult
from chassis.persistence.unit_of_work import Document

from tests.bench.open_loop import Answers, publish_at_rate, subject

RATE = 20.0


class Noting(BrokerPublisher):
    """Sends nothing, and notes when it was to."""

    def __init__(self) -> None:
        super().__init__("amqp://nobody@127.0.0.1/")
        self.at: dict[str, float] = {}

    async def send(self, entries: Sequence[Document]) -> list[PublishResult | None]:
        self.at |= dict.fromkeys(map(subject, entries), time.perf_counter())
        return [None] * len(entries)


async def test_no_message_goes_out_before_it_is_due_or_an_interval_late() -> None:
    publisher, said = Noting(), [{"h": {"ce-subject": str(number)}} for number in range(10)]

    due = await publish_at_rate(said, RATE, publisher)

    late = sorted(publisher.at[name] - due[name] for name in due)
    assert late[0] >= 0
    assert late[len(late) // 2] < 0.8 / RATE


def test_those_counted_wait_from_when_they_were_due() -> None:
    said = [{"h": {"ce-subject": name}} for name in ("first", "second")]

    waited = Answers({"first": 10.5, "second": 12.0}).waited(said, {"first": 10.0, "second": 11.0})

    assert waited.seconds == (0.5, 1.0)
    assert waited.rate == 1.0
