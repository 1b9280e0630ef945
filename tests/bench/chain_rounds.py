"""The chain: submissions over HTTP until their cases are open, with 1, 2 and 4 processes of each role on the way."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from random import Random

from devkit.private_servers import PrivateServers

from tests.bench.competitor import Servers
from tests.bench.drafts import ITEMS, Draft, confirm_drafts, open_drafts, register_assessors
from tests.bench.load_process import BUSY, LoadProcess, load_process, request, write_requests
from tests.bench.measure import PROCESSES, CpuTime, Run
from tests.bench.scale_rounds import CONFLICTS, WORKERS, OtherPrograms
from tests.bench.season import SHARE_OF_ASSESSORS
from tests.bench.service_processes import ServiceProcess, wait_until_ready
from tests.bench.stack import Stack

SIZE = int(os.environ.get("SIZE", "2000"))
CONNECTIONS = 100
"""Of the clients together."""
ROLES = (
    ("applications", "api"),
    ("applications", "worker"),
    ("assessor-quota", "worker"),
    ("review", "worker"),
)
"""On the way from a submission to its case."""
LONGEST = 1_800.0
FEWEST_ASSESSORS = 100
QUIET = 3
"""Looks in a row that find nothing under way."""


@dataclass(frozen=True)
class ChainRun:
    """One run: from the first submission to the last case."""

    run: Run
    """CPU by role, ``service`` for all of them, mongod and broker."""
    submitted: float
    """Submissions a second until the last was answered."""
    cores: float
    """Cores that other programs left."""
    conflicts: int
    generator_cores: float


async def chain_rounds(servers: Servers, folder: Path) -> dict[int, ChainRun]:
    """Run the chain with each number of processes, each on a new stack."""
    return {each: await _run(each, servers, folder / f"chain-{each}") for each in WORKERS}


async def _run(processes: int, servers: Servers, folder: Path) -> ChainRun:
    stack = await Stack.build(PrivateServers(*servers), folder)
    assessors = max(FEWEST_ASSESSORS, ceil(SIZE * SHARE_OF_ASSESSORS / ITEMS))
    await register_assessors(stack, assessors)
    async with open_drafts(stack, assessors) as drafts:
        opened = await drafts.open(SIZE)
    await confirm_drafts(stack, opened)
    started = [stack.start(service, role) for service, role in ROLES for _ in range(processes)]
    try:
        await wait_until_ready(started)
        await _until_quiet(stack)
        async with load_process() as load:
            result = await _measure(stack, servers, started, load, opened)
    finally:
        await asyncio.gather(*(each.drain() for each in started))
    await stack.remove()
    print(
        f"chain    {processes} of each role: {result.run.rate:5.0f} cases/s, {result.submitted:5.0f} submits/s, "
        f"{sum(map(result.run.microseconds, PROCESSES)):6.0f} µs each, {result.conflicts} conflicts",
        flush=True,
    )
    return result


async def _measure(
    stack: Stack, servers: Servers, started: Sequence[ServiceProcess], load: LoadProcess, opened: Sequence[Draft]
) -> ChainRun:
    """Submit all of them and wait for the last case; the CPU is that of the whole."""
    requests = await asyncio.to_thread(_write_requests, stack, opened)
    ports = [each.port for each in started if each.role == "api"]
    pids = {str(index): each.pid for index, each in enumerate(started)}
    watched = {**pids, "mongod": servers.mongod.process.pid, "broker": servers.broker.process.pid}
    cpu_time, others, began = CpuTime(watched), OtherPrograms(), time.perf_counter()
    result, _ = await asyncio.gather(
        load.run_closed(ports, requests, CONNECTIONS, LONGEST), _until_cases(stack, len(opened))
    )
    seconds, used = time.perf_counter() - began, cpu_time.used()
    if failed := sorted({each.status for each in result.answers if not each.succeeded and each.status != BUSY}):
        raise RuntimeError(f"submits failed: {failed}")
    by_role: dict[str, float] = defaultdict(float)
    for index, role in enumerate(role for role in ROLES for _ in range(len(started) // len(ROLES))):
        by_role[" ".join(role)] += used[str(index)]
    cpu = {**by_role, "service": sum(by_role.values()), "mongod": used["mongod"], "broker": used["broker"]}
    submitted = len(opened) / max(each.answered or 0.0 for each in result.answers)
    cores = others.cores_left(sum(used.values()))
    conflicts = sum([(await each.metrics())[CONFLICTS] for each in started])
    return ChainRun(Run(len(opened), seconds, cpu), submitted, cores, int(conflicts), result.cores)


def _write_requests(stack: Stack, opened: Sequence[Draft]) -> Path:
    """Write the submits in another order than their assessors'."""
    shuffled = Random(2).sample(opened, len(opened))  # noqa: S311 - repeatable random numbers
    requests = []
    for each in shuffled:
        token = stack.issuer.mint(role="applicant", organisation=each.organisation)
        path = f"/v1/applications/{each.application_id}/submit"
        requests.append(request("POST", path, token, each.application_id))
    return write_requests(stack.folder / "requests", requests)


async def _until_cases(stack: Stack, number: int) -> None:
    """Wait for the cases; an item refused or an application lost would be one that never comes."""
    database = stack.open_database("review")
    try:
        async with asyncio.timeout(LONGEST):
            while await database.count("cases", {}) < number:  # noqa: ASYNC110 - other processes' work
                await asyncio.sleep(0.1)
    finally:
        await database.close()


async def _until_quiet(stack: Stack) -> None:
    """Wait until the events of the preparation are published and handled; the broker's counts are a second old."""
    databases = [stack.open_database(name) for name in ("applications", "assessor-quota")]
    prefixes = tuple(f"{service}." for service, _ in ROLES)
    async with asyncio.timeout(LONGEST):
        quiet = 0
        while quiet < QUIET:
            unsent = sum([await each.count("outbox", {"sent": False}) for each in databases])
            counts = await stack.servers.broker.queue_counts(stack.vhost)
            waiting = sum(count for name, count in counts.items() if name.startswith(prefixes))
            quiet = 0 if unsent or waiting else quiet + 1
            await asyncio.sleep(0.5)
    for each in databases:
        await each.close()
