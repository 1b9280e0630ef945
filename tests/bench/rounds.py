"""The rounds of the hop: each contestant in turn drains a queue of its own, filled before."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import aio_pika
from chassis.servers import Broker, Mongod
from chassis.testing.stack import Stand
from chassis.topology import EVENTS_EXCHANGE, definitions
from messages.envelope import say
from messages.notify import NoticeDelivered
from messages.review import CaseOpened

from tests.bench.hop import CONTESTANTS
from tests.bench.measure import Processors, Run

ROUNDS = 3
MESSAGES = {"transaction per message": 400}
USUAL = 3_000
SERVICE = "notify"

Runs = dict[str, list[Run]]


async def hop_rounds(broker: Broker, mongod: Mongod) -> Runs:
    """One warm-up of each contestant, then ``ROUNDS`` rounds in turn."""
    runs: Runs = defaultdict(list)
    for number in range(ROUNDS + 1):
        for contestant in CONTESTANTS:
            run = await _round(contestant, broker, mongod, 500 if number == 0 else MESSAGES.get(contestant, USUAL))
            print(f"round {number}  {contestant:32} {run.rate:8.0f}/s", flush=True)
            if number:
                runs[contestant].append(run)
    return runs


async def _round(contestant: str, broker: Broker, mongod: Mongod, messages: int) -> Run:
    stand = Stand(broker, mongod)
    vhost, database = await stand.vhost(topology()), await stand.database("bench")
    await _fill(stand.amqp_url(vhost), messages)
    task = {
        "amqp": stand.amqp_url(vhost, SERVICE),
        "mongo": database.url,
        "database": database.name,
        "messages": messages,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.hop", contestant, json.dumps(task),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    await process.stdout.readline()
    processors = Processors({"service": process.pid, "mongod": mongod.process.pid, "broker": broker.process.pid})
    process.stdin.write(b"go\n")
    async with asyncio.timeout(120):
        said = json.loads(await process.stdout.readline())
    used = processors.used()
    await process.wait()
    await broker.remove_vhost(vhost)
    await mongod.remove_database(database.name)
    return Run(messages, said["seconds"], used)


def topology() -> dict[str, Any]:
    """What notify hears of review, and what notify says with nobody to hear it."""
    return definitions({SERVICE: [CaseOpened]}, unheard=[NoticeDelivered])


async def _fill(url: str, messages: int) -> None:
    async with await aio_pika.connect(url) as connection:
        exchange = await (await connection.channel()).get_exchange(EVENTS_EXCHANGE, ensure=False)
        for start in range(0, messages, 500):
            batch = range(start, min(start + 500, messages))
            await asyncio.gather(*(_publish(exchange, number) for number in batch))


async def _publish(exchange: Any, number: int) -> None:  # noqa: ANN401 - aio-pika's exchange
    case_id = f"app-2026-{number:06}"
    unit = {"uscc": "911501000000000191", "name": "甲", "unit_type": "factory", "prefecture": "150100"}
    opened = CaseOpened.model_validate(
        {
            "case_id": case_id,
            "unit": unit,
            "level": "region",
            "batch_year": 2026,
            "opened_on": date(2026, 4, 1),
            "rule_set": "2024-01-19",
            "sequence": 1,
        }
    )
    said = say(opened, event_id=uuid4().hex, time=datetime(2026, 4, 1, tzinfo=UTC), correlation_id=case_id)
    message = aio_pika.Message(
        said.body, headers=dict(said.headers), content_type="application/json", delivery_mode=2, message_id=said.id
    )
    await exchange.publish(message, routing_key=said.type, mandatory=True)
