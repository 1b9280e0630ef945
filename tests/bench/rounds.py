"""The rounds of the hop: each contestant in turn drains a queue of its own, and answers at a steady low rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count

from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import definitions
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.unit_of_work import Document
from devkit.private_servers import PrivateServers
from messages.notify import NoticeDelivered
from messages.review import CaseOpened

from tests.bench.competitor import Servers, Start, go, measured, ready, seconds, start
from tests.bench.hop import CONTESTANTS, FLOOR, GROUP, SINGLE
from tests.bench.measure import Latencies, Run
from tests.bench.open_loop import answers, publish_at_rate

ROUNDS = 3
MESSAGES = {SINGLE: 400}
USUAL = 2_000
"""Messages in the queue, but for the contestants of ``MESSAGES``."""
WARM_UP = 500
STEADY = (GROUP, SINGLE, FLOOR)
RATE, SECONDS = 40.0, 5.0
"""Low enough for a transaction per message."""
CHUNK = 500
SERVICE, SPEAKER = "notify", "review"
ANSWERED = f"{SPEAKER}.{SERVICE}"


@dataclass(frozen=True)
class Hops:
    """What all of it came to, by contestant."""

    runs: dict[str, list[Run]]
    latencies: dict[str, Latencies]


async def hop_rounds(servers: Servers) -> Hops:
    """Warm up the servers, then ``ROUNDS`` rounds in turn; then the steady rate."""
    await _drain(GROUP, servers, WARM_UP)
    runs: dict[str, list[Run]] = defaultdict(list)
    for number in range(1, ROUNDS + 1):
        for contestant in CONTESTANTS:
            run = await _drain(contestant, servers, MESSAGES.get(contestant, USUAL))
            print(f"round {number}  {contestant:32} {run.rate:8.0f}/s", flush=True)
            runs[contestant].append(run)
    latencies = {contestant: await _steady(contestant, servers) for contestant in STEADY}
    return Hops(dict(runs), latencies)


async def _drain(contestant: str, servers: Servers, messages: int) -> Run:
    async with _place(contestant, servers, messages) as place:
        return await measured(place.start, servers, messages, lambda: place.say(messages))


async def _steady(contestant: str, servers: Servers) -> Latencies:
    """From when a message is due until the answer has come to the next service; the first is not counted."""
    wanted = int(RATE * SECONDS)
    async with _place(contestant, servers, wanted + 1) as place, answers(place.watching, ANSWERED) as answered:
        async with start(place.start) as child:
            await ready(child)
            go(child)
            await place.say(1)
            await answered.until(1)
            said = place.entries(wanted)
            due = await publish_at_rate(said, RATE, place.publisher)
            await answered.until(wanted + 1)
            await seconds(child)
        waited = answered.waited(said, due)
    print(f"steady   {contestant:32} p99 {waited.milliseconds(0.99):6.0f} ms", flush=True)
    return waited


@dataclass(frozen=True)
class _Place:
    """A vhost and a database of one run's own."""

    start: Start
    watching: str
    publisher: BrokerPublisher
    numbers: count[int]

    async def say(self, messages: int) -> None:
        for at in range(0, messages, CHUNK):
            refused = await self.publisher.send(self.entries(min(CHUNK, messages - at)))
            assert not any(refused)

    def entries(self, messages: int) -> list[Document]:
        return [_entry(next(self.numbers)) for _ in range(messages)]


@asynccontextmanager
async def _place(contestant: str, servers: Servers, messages: int) -> AsyncIterator[_Place]:
    stand = PrivateServers(servers.broker, servers.mongod)
    vhost, database = await stand.vhost(topology()), await stand.database("bench")
    amqp = stand.amqp_url(vhost, SERVICE)
    task = {"amqp": amqp, "mongo": database.url, "database": database.name, "messages": messages}
    publisher = BrokerPublisher(stand.amqp_url(vhost, SPEAKER))
    yield _Place(Start("tests.bench.hop", contestant, task), stand.amqp_url(vhost), publisher, count(1))
    await publisher.close()
    await servers.broker.remove_vhost(vhost)
    await servers.mongod.remove_database(database.name)


def topology() -> dict[str, object]:
    """What notify hears of review, and what notify says, heard by review."""
    return definitions({SERVICE: [CaseOpened], SPEAKER: [NoticeDelivered]})


def _entry(number: int) -> Document:
    opened = CaseOpened.model_validate(
        {
            "case_id": f"app-2026-{number:06}",
            "unit": {"uscc": "911501000000000191", "name": "甲", "unit_type": "factory", "prefecture": "150100"},
            "level": "region",
            "batch_year": 2026,
            "opened_on": date(2026, 4, 1),
            "rule_set": "2024-01-19",
            "sequence": 1,
        }
    )
    return entry(opened, Causation(event_id(opened)), datetime(2026, 4, 1, tzinfo=UTC))
