"""A flood on one queue: latencies of health, API and jobs of the same process, beside those when it is idle."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from chassis.broker.publisher import BrokerPublisher
from chassis.clock import set_simulated
from chassis.outbox.entries import Causation, entry, event_id
from chassis.persistence.mongo import Database
from devkit.private_servers import PrivateServers
from messages.applications import ApplicationAccepted
from messages.values import Role

from tests.bench.competitor import Servers
from tests.bench.load_process import Answer, LoadProcess, load_process, request, write_requests
from tests.bench.measure import percentile
from tests.bench.season import season
from tests.bench.service_processes import ServiceProcess, wait_until_ready
from tests.bench.stack import Stack
from tests.support.race_environment import NOW

FLOOD = int(os.environ.get("FLOOD", "20000"))
DUE = 100
"""Cases whose reminder falls due at each measurement of the jobs."""
RATE, SECONDS, PATIENCE = 10.0, 5.0, 30.0
"""Requests a second of each kind."""
HEALTH, PAGE, COMMAND = "a public page", "a page of cases", "a command"
KINDS = (HEALTH, PAGE, COMMAND)
UNTIL_REMINDED = timedelta(days=14)
"""Longer than the working days until a reminder."""
LONGEST = 300.0
CHUNK = 500


@dataclass(frozen=True)
class Responsiveness:
    """Times that others waited on one process of review in role all."""

    seconds: Mapping[str, Sequence[float]]
    """By kind of request."""
    jobs: float
    """Seconds from falling due until the last of the reminders was sent."""
    failed: Mapping[str, int]
    """Requests without success, by kind and status."""

    def milliseconds(self, kind: str, share: float) -> float:
        return percentile(self.seconds[kind], share) * 1000


@dataclass(frozen=True)
class Flood:
    """Idle and flooded."""

    messages: int
    seconds: float
    """Until the flood was handled."""
    idle: Responsiveness
    flooded: Responsiveness


async def flood_rounds(servers: Servers, folder: Path) -> Flood:
    """Measure one process of review in role all when it is idle, and while ``FLOOD`` messages wait for it."""
    stack = await Stack.build(PrivateServers(*servers), folder / "flood")
    database = stack.open_database("review")
    process = stack.start("review", "all")
    try:
        await wait_until_ready([process])
        async with load_process() as load:
            result = await _Flood(stack, database, process, load, list(season(FLOOD + 2 * DUE))).measure()
    finally:
        await process.drain()
        await database.close()
    await stack.remove()
    for name, each in (("idle", result.idle), ("flooded", result.flooded)):
        waits = ", ".join(f"{kind} p99 {each.milliseconds(kind, 0.99):.0f} ms" for kind in KINDS)
        rest = f"{DUE} reminders in {each.jobs:.1f} s, failed {dict(each.failed)}"
        print(f"review   {name:8} {waits}, {rest}", flush=True)
    return result


@dataclass
class _Flood:
    stack: Stack
    database: Database
    process: ServiceProcess
    load: LoadProcess
    events: list[ApplicationAccepted]
    now: datetime = NOW

    async def measure(self) -> Flood:
        await self._open(self.events[:DUE])
        idle = await self._responsiveness(0)
        await self._open(self.events[DUE : 2 * DUE])
        self.process.hold()
        await self._publish(self.events[2 * DUE :])
        self.process.resume()
        began = time.perf_counter()
        drained = asyncio.create_task(self._until_opened(len(self.events)))
        flooded = await self._responsiveness(DUE)
        if drained.done():
            raise RuntimeError("the flood was over before the measurement; make it larger: FLOOD=40000")
        await drained
        return Flood(FLOOD, time.perf_counter() - began, idle, flooded)

    async def _responsiveness(self, reminded_before: int) -> Responsiveness:
        """Let the reminders of the open cases fall due, and ask health and API meanwhile."""
        self.now += UNTIL_REMINDED
        began = time.perf_counter()
        await asyncio.to_thread(set_simulated, self.stack.folder / "clock.json", self.now)
        answers, jobs = await asyncio.gather(self._ask(), self._until_reminded(reminded_before + DUE, began))
        answered = {
            kind: [each.seconds for each in answers if each.succeeded and each.line % len(KINDS) == index]
            for index, kind in enumerate(KINDS)
        }
        failed = Counter(f"{KINDS[each.line % len(KINDS)]}: {each.status}" for each in answers if not each.succeeded)
        return Responsiveness(answered, jobs, failed)

    async def _ask(self) -> Sequence[Answer]:
        count = int(RATE * SECONDS)
        file = self.stack.folder / f"requests-{self.now:%Y%m%d}"
        requests = [each for number in range(count) for each in self._requests(number)]
        await asyncio.to_thread(write_requests, file, requests)
        phases = [(RATE * len(KINDS), SECONDS)]
        return (await self.load.run_open(self.process.port, file, phases, PATIENCE)).answers

    def _requests(self, number: int) -> list[bytes]:
        """One of each kind, in their order."""
        token = self.stack.issuer.mint(role=Role.REGIONAL_OFFICER)
        reviewers = self.stack.issuer.mint(role=Role.REVIEW_ORGANISATION)
        name = f"expert-{self.now:%m%d}-{number}"
        return [
            request("GET", "/v1/notices?limit=1", token),
            request("GET", "/v1/cases?limit=20", token),
            request("POST", "/v1/experts", reviewers, name, {"expert_id": name, "employer": "示例大学"}),
        ]

    async def _open(self, events: Sequence[ApplicationAccepted]) -> None:
        before = await self.database.count("cases", {})
        await self._publish(events)
        await self._until_opened(before + len(events))

    async def _publish(self, events: Sequence[ApplicationAccepted]) -> None:
        publisher = BrokerPublisher(self.stack.servers.amqp_url(self.stack.vhost, "applications"))
        for start in range(0, len(events), CHUNK):
            entries = [entry(each, Causation(event_id(each)), NOW) for each in events[start : start + CHUNK]]
            if any(await publisher.send(entries)):
                raise RuntimeError("the broker refused events of the flood")
        await publisher.close()

    async def _until_opened(self, number: int) -> None:
        async with asyncio.timeout(LONGEST):
            while await self._handled("bus") < number:  # noqa: ASYNC110 - another process's work
                await asyncio.sleep(0.2)

    async def _until_reminded(self, number: int, began: float) -> float:
        async with asyncio.timeout(LONGEST):
            while await self._handled("job|remind-departments") < number:  # noqa: ASYNC110 - another process's work
                await asyncio.sleep(0.05)
        return time.perf_counter() - began

    async def _handled(self, kind: str) -> int:
        """Rows of the inbox of that kind, by their prefix in its index."""
        return await self.database.count("inbox", {"_id": {"$gte": f"{kind}|", "$lt": f"{kind}}}"}})
