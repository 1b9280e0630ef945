"""Rounds of the hop: each competitor in turn drains its own queue, and then answers at a steady low rate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count

from chassis.broker.publisher import BrokerPublisher
from chassis.broker.topology import definitions
from chassis.handling import Document
from chassis.outbox.entries import Causation, entry, event_id
from devkit.private_servers import PrivateServers
from messages.notify import NoticeDelivered
from messages.review import CaseOpened

from tests.bench.competitor import (
    CompetitorStart,
    Servers,
    measure_run,
    read_seconds,
    send_go,
    start,
    wait_until_begun,
    wait_until_ready,
)
from tests.bench.harder_floor import ID
from tests.bench.hop_competitors import BASELINE, COMPETITORS, GROUP, HARDER_FLOOR, SETTINGS, SINGLE, TUNED
from tests.bench.measure import Latencies, Run
from tests.bench.open_loop import publish_at_rate, receive_answers

ROUNDS = 5
MESSAGES = {SINGLE: 400}
DEFAULT_MESSAGES = 6_000
"""Messages in the queue, except for the competitors in ``MESSAGES``."""
WARM_UP = 500
STEADY_STATE = (GROUP, TUNED, SINGLE, BASELINE)
RATE, SECONDS = 40.0, 5.0
"""Low enough for a transaction per message."""
CHUNK = 500
HEADERS = {HARDER_FLOOR: frozenset({ID})}
"""Headers of the messages, except for the competitors that consume the product's whole envelope."""
SERVICE, PUBLISHER = "notify", "review"
ANSWER_QUEUE = f"{PUBLISHER}.{SERVICE}"


@dataclass(frozen=True)
class Hops:
    """Runs and latencies by competitor."""

    runs: dict[str, list[Run]]
    latencies: dict[str, Latencies]


async def hop_rounds(servers: Servers) -> Hops:
    """Warm up the servers, measure ``ROUNDS`` rounds in turn, then the steady rate."""
    await drain_queue(GROUP, servers, WARM_UP)
    runs: dict[str, list[Run]] = defaultdict(list)
    for number in range(1, ROUNDS + 1):
        for competitor in COMPETITORS:
            run = await drain_queue(competitor, servers, MESSAGES.get(competitor, DEFAULT_MESSAGES))
            print(f"round {number}  {competitor:44} {run.rate:8.0f}/s", flush=True)
            runs[competitor].append(run)
    latencies = {competitor: await _measure_steady_state(competitor, servers) for competitor in STEADY_STATE}
    return Hops(dict(runs), latencies)


async def drain_queue(competitor: str, servers: Servers, messages: int) -> Run:
    """Fill a queue for the competitor and measure how it drains it."""
    async with _prepare_run(competitor, servers, messages) as hop_run:
        return await measure_run(hop_run.start, servers, messages, lambda: hop_run.publish(messages))


async def _measure_steady_state(competitor: str, servers: Servers) -> Latencies:
    """Latencies from when a message is due until the next service has the answer; the first is not counted."""
    expected = int(RATE * SECONDS)
    async with (
        _prepare_run(competitor, servers, expected + 1) as hop_run,
        receive_answers(hop_run.watch_url, ANSWER_QUEUE) as answers,
    ):
        async with start(hop_run.start) as child:
            await wait_until_ready(child)
            send_go(child)
            await hop_run.publish(1)
            await wait_until_begun(child)
            await answers.until(1)
            entries = hop_run.entries(expected)
            due = await publish_at_rate(entries, RATE, hop_run.publisher)
            await answers.until(expected + 1)
            await read_seconds(child)
        latencies = answers.latencies(entries, due)
    print(f"steady   {competitor:44} p99 {latencies.milliseconds(0.99):6.0f} ms", flush=True)
    return latencies


@dataclass(frozen=True)
class _HopRun:
    """The vhost and the database of one run."""

    start: CompetitorStart
    watch_url: str
    publisher: BrokerPublisher
    numbers: count[int]
    headers: frozenset[str] | None
    """Headers that the messages keep; None: all."""

    async def publish(self, messages: int) -> None:
        for offset in range(0, messages, CHUNK):
            refused = await self.publisher.send(self.entries(min(CHUNK, messages - offset)))
            assert not any(refused)

    def entries(self, messages: int) -> list[Document]:
        entries = [_entry(next(self.numbers)) for _ in range(messages)]
        if self.headers is not None:
            for each in entries:
                each["headers"] = {name: each["headers"][name] for name in self.headers}
        return entries


@asynccontextmanager
async def _prepare_run(competitor: str, servers: Servers, messages: int) -> AsyncIterator[_HopRun]:
    private = PrivateServers(servers.broker, servers.mongod)
    vhost, database = await private.vhost(topology()), await private.database("bench")
    amqp = private.amqp_url(vhost, SERVICE)
    task = {"amqp": amqp, "mongo": database.url, "database": database.name, "messages": messages}
    publisher = BrokerPublisher(private.amqp_url(vhost, PUBLISHER))
    yield _HopRun(
        CompetitorStart("tests.bench.hop_competitors", competitor, task, SETTINGS.get(competitor, {})),
        private.amqp_url(vhost),
        publisher,
        count(1),
        HEADERS.get(competitor),
    )
    await publisher.close()
    await servers.broker.remove_vhost(vhost)
    await servers.mongod.remove_database(database.name)


def topology() -> dict[str, object]:
    """Queues for the events of review to notify and of notify to review."""
    return definitions({SERVICE: [CaseOpened], PUBLISHER: [NoticeDelivered]})


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
