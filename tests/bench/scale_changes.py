"""The drain of the peak while its workers change: some are added, drained and killed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from devkit.private_servers import PrivateServers

from tests.bench.review_drain import ReviewDrain
from tests.bench.service_processes import ServiceProcess, wait_until_ready

SMALL_BATCHES = {"GREEN_MAX_BATCH_SIZE": "10"}
"""So that the drain outlasts the changes, and more commits are open when a process is killed."""


@dataclass
class ChangedWorkers:
    """The changes during a drain, and the findings of its checks."""

    size: int
    added: int = 0
    drained: int = 0
    killed: int = 0
    at: list[int] = field(default_factory=list)
    """Cases open at each change."""
    violations: list[str] = field(default_factory=list)

    @property
    def outlasted(self) -> bool:
        """Whether cases were still waiting at the last change."""
        return bool(self.at) and self.at[-1] < self.size


async def drain_while_workers_change(
    servers: PrivateServers, folder: Path, size: int, variables: Mapping[str, str] | None = None
) -> ChangedWorkers:
    """Drain ``size`` cases with two workers, of which one is killed and one drained, and two added in between.

    ``variables`` are more environment variables of the workers, as of a driver or of injected faults.
    """
    drain = await ReviewDrain.build(servers, folder, size, {**SMALL_BATCHES, **(variables or {})})
    changes, processes = ChangedWorkers(size), [drain.start_worker() for _ in range(2)]
    try:
        await wait_until_ready(processes)
        for process in processes:
            process.hold()
        await _publish(drain, 0.0, 0.3)
        for process in processes:
            process.resume()
        await _change(drain, changes, processes)
        await drain.until_settled()
        changes.violations = await drain.violations()
    finally:
        await asyncio.gather(*(each.drain() for each in processes))
    await drain.remove()
    return changes


async def _change(drain: ReviewDrain, changes: ChangedWorkers, processes: list[ServiceProcess]) -> None:
    """Kill one of the two in the midst of a batch, add two, drain the other of the first two, kill one of the new."""
    first, second = processes
    await _until(drain, changes, 0.1)
    await first.kill()
    changes.killed += 1
    await _add(drain, changes, processes)
    await _until(drain, changes, 0.4)
    await second.drain()
    changes.drained += 1
    await _until(drain, changes, 0.7)
    await processes[-1].kill()
    changes.killed += 1


async def _until(drain: ReviewDrain, changes: ChangedWorkers, share: float) -> None:
    """Wait for a share of the cases, and publish more: some wait at each change, however slowly the machine notices."""
    await drain.until_opened(int(drain.size * share))
    changes.at.append(await asyncio.to_thread(drain.opened))
    await _publish(drain, share + 0.2, share + 0.5)


async def _publish(drain: ReviewDrain, first: float, last: float) -> None:
    await drain.publish(round(drain.size * first), round(drain.size * min(last, 1.0)))


async def _add(drain: ReviewDrain, changes: ChangedWorkers, processes: list[ServiceProcess]) -> None:
    """Add two workers while the one that is left goes on, as at an autoscaler's step."""
    added = [drain.start_worker() for _ in range(2)]
    processes += added
    await wait_until_ready(added)
    changes.added += len(added)
