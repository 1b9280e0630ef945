"""Overload: submits offered beyond the capacity of a real applications API, and the time after it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from chassis.persistence.mongo import Database
from devkit.private_servers import PrivateServers

from tests.bench.competitor import Servers
from tests.bench.drafts import Draft, Drafts, open_drafts
from tests.bench.load_process import BUSY, Answer, LoadProcess, LoadResult, load_process, request, write_requests
from tests.bench.measure import percentile
from tests.bench.service_processes import ServiceProcess, wait_until_ready
from tests.bench.stack import Stack

OFFERED = (1.5, 3.0)
SECONDS = float(os.environ.get("SECONDS", "8"))
PATIENCE = 5.0
CONNECTIONS = 100
CAPACITY_SECONDS = 2.0
CAPACITY_DRAFTS = 3_000
"""For one measurement; one that has submitted them all ends early."""
ASSESSORS = 400
RECOVERY, RECOVERED_AFTER, RECOVERY_SECONDS = 0.3, 2.0, 5.0
"""Share of capacity offered when the load ends; requests due this many seconds later must all be answered in time."""
SPARE = 1.3
SAMPLE = 0.1


@dataclass(frozen=True)
class Overload:
    """One run beyond capacity and the seconds after it."""

    offered: float
    """Times capacity."""
    capacity: float
    """Submits a second, the mean of just before and just after."""
    seconds: float
    load: LoadResult
    memory: Sequence[tuple[float, int]]
    """Resident bytes of the server over the run."""
    server_cores: float
    lost: int
    """Submits answered with success that the database does not show."""
    untold: int
    """Submits kept whose client was told nothing."""

    def share_in_time(self) -> float:
        """Successful answers a second within the patience ÷ capacity."""
        return len(self.accepted()) / self.seconds / self.capacity

    def accepted(self) -> list[Answer]:
        return [each for each in self.load.answers if each.phase == 0 and each.succeeded]

    def refused(self) -> list[Answer]:
        return [each for each in self.load.answers if each.status == BUSY]

    def unanswered(self) -> list[Answer]:
        """Given up, or broken off."""
        return [each for each in self.load.answers if each.status == 0]

    def without_retry_after(self) -> int:
        return sum(not each.retry_after for each in self.refused())

    def failed(self) -> list[Answer]:
        """Answered neither with success nor by the bound on requests in flight."""
        return [each for each in self.load.answers if each.status not in {0, BUSY} and not each.succeeded]

    def after(self) -> list[Answer]:
        """Requests due when the service must have recovered."""
        return [each for each in self.load.answers if each.phase == 1 and each.due >= self.seconds + RECOVERED_AFTER]

    def growth(self) -> int:
        """Resident bytes at their most in the last third of the load less those in its first third."""
        load = [(at, size) for at, size in self.memory if at < self.seconds]
        first = [size for at, size in load if at < self.seconds / 3]
        last = [size for at, size in load if at > self.seconds * 2 / 3]
        return max(last) - max(first)


@dataclass(frozen=True)
class Overloads:
    runs: Sequence[Overload] = field(default_factory=list)


async def overload_rounds(servers: Servers, folder: Path) -> Overloads:
    """Offer each multiple of the capacity, which is measured just before and just after, and then a light load."""
    stack = await Stack.build(PrivateServers(*servers), folder / "overload")
    async with open_drafts(stack, ASSESSORS) as drafts, _api(stack) as server, load_process() as load:
        submits = Submits(stack, drafts, load, server)
        await submits.measure_capacity()  # warms up
        runs = [await submits.overload(offered) for offered in OFFERED]
    await stack.remove()
    return Overloads(runs)


@asynccontextmanager
async def _api(stack: Stack) -> AsyncIterator[ServiceProcess]:
    server = stack.start("applications", "api")
    try:
        await wait_until_ready([server])
        yield server
    finally:
        await server.drain()


@dataclass
class Submits:
    """Submits of prepared drafts to one server."""

    stack: Stack
    drafts: Drafts
    load: LoadProcess
    server: ServiceProcess

    async def measure_capacity(self) -> float:
        """Successful submits a second on as many connections as the server always lets in."""
        _, requests = await self._requests(CAPACITY_DRAFTS)
        result = await self.load.run_closed([self.server.port], requests, CONNECTIONS, CAPACITY_SECONDS)
        done = [each for each in result.answers if each.succeeded]
        if len(done) < len(result.answers):
            statuses = sorted({each.status for each in result.answers})
            raise RuntimeError(f"only {len(done)} of {len(result.answers)} submits succeeded: {statuses}")
        return len(done) / max(each.answered or 0.0 for each in done)

    async def overload(self, offered: float) -> Overload:
        before = await self.measure_capacity()
        # Requests answered 503 are sent again, so what is accepted and what waits must be there, not all that is due.
        needed = before * (SECONDS * min(offered, SPARE) + RECOVERY * RECOVERY_SECONDS) + CONNECTIONS * 10
        opened, requests = await self._requests(int(needed))
        phases = [(offered * before, SECONDS), (RECOVERY * before, RECOVERY_SECONDS)]
        async with sample_memory(self.server) as memory:
            began, cpu = time.perf_counter(), _cpu_seconds(self.server)
            result = await self.load.run_open(self.server.port, requests, phases, PATIENCE)
            cores = (_cpu_seconds(self.server) - cpu) / (time.perf_counter() - began)
        lost, untold = await self._compare(opened, result)
        capacity = (before + await self.measure_capacity()) / 2
        run = Overload(offered, capacity, SECONDS, result, memory, cores, lost, untold)
        accepted, refused = run.accepted(), run.refused()
        print(
            f"submit   {offered} × capacity of {before:.0f}/s: {run.share_in_time():.0%} in time, "
            f"p99 {_p99(accepted) * 1000:.0f} ms, {len(refused)} refused (p99 {_p99(refused) * 1000:.0f} ms), "
            f"{len(run.unanswered())} unanswered, {run.growth() / 2**20:+.0f} MiB, {run.lost} lost; "
            f"after it {sum(each.succeeded for each in run.after())} of {len(run.after())}; "
            f"generator {result.cores:.2f} cores, p99 {result.latest * 1000:.0f} ms late",
            flush=True,
        )
        return run

    async def _requests(self, count: int) -> tuple[list[Draft], Path]:
        opened = await self.drafts.open(count, share_of_assessors=1.0)
        requests = [
            request("POST", f"/v1/applications/{each.application_id}/submit", self._token(each), each.application_id)
            for each in opened
        ]
        file = self.stack.folder / f"requests-{opened[0].application_id}"
        return opened, await asyncio.to_thread(write_requests, file, requests)

    def _token(self, draft: Draft) -> str:
        return self.stack.issuer.mint(role="applicant", organisation=draft.organisation)

    async def _compare(self, opened: Sequence[Draft], result: LoadResult) -> tuple[int, int]:
        """Submits told and not kept, and submits kept and not told, once the server has finished what it took in."""
        database = self.stack.open_database("applications")
        kept = await _stored_submissions(database, [each.application_id for each in opened])
        await database.close()
        told = {opened[each.line].application_id for each in result.answers if each.succeeded}
        return len(told - kept), len(kept - told)


async def _stored_submissions(database: Database, ids: Sequence[str]) -> set[str]:
    """Those of these applications that are submitted."""
    found = await database.find("applications", {"_id": {"$in": list(ids)}, "state": {"$ne": "draft"}}, fields=["_id"])
    return {each["_id"] for each in found}


@asynccontextmanager
async def sample_memory(server: ServiceProcess) -> AsyncIterator[list[tuple[float, int]]]:
    """Record the server's resident bytes every tenth of a second."""
    samples: list[tuple[float, int]] = []
    process, began = psutil.Process(server.pid), time.perf_counter()

    async def sample() -> None:
        while True:
            samples.append((time.perf_counter() - began, process.memory_info().rss))
            await asyncio.sleep(SAMPLE)

    sampling = asyncio.create_task(sample())
    try:
        yield samples
    finally:
        sampling.cancel()


def _cpu_seconds(server: ServiceProcess) -> float:
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


def _p99(answers: Sequence[Answer]) -> float:
    return percentile([each.seconds for each in answers], 0.99) if answers else 0.0
