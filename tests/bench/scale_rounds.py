"""Rounds of the drain of the peak with 1, 2 and 4 workers, with free cores and each held to a fifth of one."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from devkit.private_servers import PrivateServers

from tests.bench.competitor import Servers
from tests.bench.cpu_groups import CpuGroup, NoCpuGroupsError, cpu_group
from tests.bench.measure import CpuTime, Run
from tests.bench.review_drain import ReviewDrain
from tests.bench.service_processes import ServiceProcess, wait_until_ready

SIZE = int(os.environ.get("SIZE", "4000"))
"""Cases of a run with free cores; 25,000 is a whole season."""
HELD_SIZE = max(1_000, SIZE // 4)
"""Cases for each held worker: some batches of every worker, also when there are four."""
ROUNDS = int(os.environ.get("ROUNDS", "2"))
WORKERS = (1, 2, 4)
HELD_CORES = 0.2
FIRST, LAST = 0.1, 0.95
"""Shares of the cases between which a run is measured: neither the start nor the end when workers run dry."""
WARM_UP = 200
"""Cases before those measured: the first documents of a new database conflict, as its indexes become multikey."""
CONFLICTS, COMMITS = "green_commit_conflicts_total", "green_commit_duration_seconds_count"


@dataclass(frozen=True)
class Load:
    """Cases, workers, and the cores of each; None leaves them free."""

    size: int
    workers: int
    cores_each: float | None = None

    def __str__(self) -> str:
        return f"{self.workers} workers{'' if self.cores_each is None else f' of {self.cores_each} core'}"


@dataclass(frozen=True)
class ScaleRun:
    """One drain: rate and CPU between 10 and 95 %, conflicts of the whole."""

    run: Run
    cores: float
    """Cores that other programs left to service, mongod and broker together."""
    conflicts: int
    commits: int

    @property
    def conflict_share(self) -> float:
        return self.conflicts / max(1, self.commits)

    @property
    def cpu_per_case(self) -> float:
        """CPU seconds of service, mongod and broker for each case."""
        return sum(self.run.cpu_time.values()) / self.run.done

    @property
    def share_of_allowed(self) -> float:
        """Its rate ÷ what the cores allow at this CPU time for each case."""
        return self.run.rate * self.cpu_per_case / self.cores


@dataclass(frozen=True)
class Scale:
    """Runs by number of workers: with free cores, and held, or why there are none."""

    size: int
    free: dict[int, list[ScaleRun]]
    held_size: int
    held: dict[int, list[ScaleRun]]
    not_held: str = ""


class ViolatedError(AssertionError):
    """A case was lost or opened twice; the measurement is worth nothing."""


async def scale_rounds(servers: Servers, folder: Path) -> Scale:
    """Measure each number of workers in turn, ``ROUNDS`` times; check every case after each run."""
    free: dict[int, list[ScaleRun]] = defaultdict(list)
    held: dict[int, list[ScaleRun]] = defaultdict(list)
    not_held = ""
    for _ in range(ROUNDS):
        for workers in WORKERS:
            free[workers].append(await _run(Load(SIZE, workers), servers, folder))
    try:
        for _ in range(ROUNDS):
            for workers in WORKERS:
                held[workers].append(await _run(Load(HELD_SIZE * workers, workers, HELD_CORES), servers, folder))
    except NoCpuGroupsError as problem:
        not_held = str(problem)
        print(f"held workers skipped, no CPU group: {problem}", flush=True)
    return Scale(SIZE, dict(free), HELD_SIZE, dict(held), not_held)


async def _run(load: Load, servers: Servers, folder: Path) -> ScaleRun:
    drain = await ReviewDrain.build(PrivateServers(*servers), folder / "review", WARM_UP + load.size)
    with ExitStack() as stack:
        groups = (
            []
            if load.cores_each is None
            else [stack.enter_context(cpu_group(load.cores_each)) for _ in range(load.workers)]
        )
        processes = [drain.start_worker() for _ in range(load.workers)]
        try:
            await wait_until_ready(processes)
            await drain.publish(last=WARM_UP)
            await drain.until_opened(WARM_UP)
            before = await _conflicts_and_commits(processes)
            result = await _measure(drain, servers, processes, groups)
            await drain.until_settled()
            conflicts, commits = (
                after - warm for after, warm in zip(await _conflicts_and_commits(processes), before, strict=True)
            )
            result = replace(result, conflicts=conflicts, commits=commits)
        finally:
            await asyncio.gather(*(each.drain() for each in processes))
    if violations := await drain.violations():
        raise ViolatedError("; ".join(violations))
    await drain.remove()
    print(
        f"review   {load!s:24} {result.run.rate:6.0f}/s  {result.cpu_per_case * 1e6:6.0f} µs a case  "
        f"{result.share_of_allowed:4.2f} of what {result.cores:.2f} cores allow  "
        f"{result.conflicts} conflicts in {result.commits} commits",
        flush=True,
    )
    return result


async def _measure(
    drain: ReviewDrain, servers: Servers, processes: Sequence[ServiceProcess], groups: Sequence[CpuGroup]
) -> ScaleRun:
    """Fill the queue while the workers are held, let all of them go at once and measure between 10 and 95 %."""
    for process in processes:
        process.hold()
    await drain.publish(first=WARM_UP)
    for process, group in zip(processes, groups, strict=False):
        group.add(process.pid)
    for process in processes:
        process.resume()
    measured = drain.size - WARM_UP
    began = await drain.until_opened(WARM_UP + int(measured * FIRST))
    cpu_time, others, first = CpuTime(_pids(servers, processes)), OtherPrograms(), drain.opened()
    ended = await drain.until_opened(WARM_UP + int(measured * LAST))
    last, used = drain.opened(), cpu_time.used()
    service = sum(used.pop(str(index)) for index, _ in enumerate(processes))
    used["service"] = service
    return ScaleRun(Run(last - first, ended - began, used), others.cores_left(sum(used.values())), 0, 0)


def _pids(servers: Servers, processes: Sequence[ServiceProcess]) -> dict[str, int]:
    own = {str(index): each.pid for index, each in enumerate(processes)}
    return {**own, "mongod": servers.mongod.process.pid, "broker": servers.broker.process.pid}


async def _conflicts_and_commits(processes: Sequence[ServiceProcess]) -> tuple[int, int]:
    metrics = [await each.metrics() for each in processes]
    conflicts, commits = (int(sum(each[name] for each in metrics)) for name in (CONFLICTS, COMMITS))
    return conflicts, commits


class OtherPrograms:
    """CPU that other programs and the machine's host take meanwhile; where nothing is ever idle, all the rest."""

    def __init__(self) -> None:
        self._began, self._before = time.perf_counter(), _machine_seconds()

    def cores_left(self, used: float) -> float:
        """Cores of this process's set less those that others used, when the measured programs used ``used`` s."""
        wall = time.perf_counter() - self._began
        others = max(0.0, _machine_seconds() - self._before - used) / wall
        return max(0.1, len(os.sched_getaffinity(0)) - others)


def _machine_seconds() -> float:
    """CPU seconds used on this machine, time stolen by its host included."""
    times = psutil.cpu_times()
    return float(sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal")))
