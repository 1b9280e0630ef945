"""Real processes of the services: started by their own ``main``, held, resumed, drained and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from devkit.servers.processes import ManagedProcess, free_ports, wait_until_accepting
from prometheus_client.parser import text_string_to_metric_families

READY_WITHIN = 60
GRACE = 30
"""Seconds to finish what is in flight after SIGTERM."""


@dataclass(frozen=True)
class ServiceProcess:
    """One process of a service in one role."""

    package: str
    role: str
    port: int
    monitoring_port: int
    process: ManagedProcess

    @classmethod
    def start(cls, package: str, role: str, environment: Mapping[str, str], folder: Path) -> ServiceProcess:
        """Start it; it dies with this process."""
        port, monitoring = free_ports(2)
        ports = {"GREEN_PORT": str(port), "GREEN_MONITORING_PORT": str(monitoring)}
        variables = {**os.environ, **environment, "GREEN_ROLE": role, **ports}
        command = [sys.executable, "-m", f"{package}.main"]
        log = folder / f"{package}-{role}-{port}.log"
        return cls(package, role, port, monitoring, ManagedProcess(command, log=log, environment=variables))

    @property
    def pid(self) -> int:
        return self.process.pid

    def hold(self) -> None:
        """Stop it for a while, connections and all, so that several can begin at the same moment."""
        self.process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.signal(signal.SIGCONT)

    async def drain(self) -> None:
        """Ask it to finish and end, as an orchestrator does; one that does not is killed."""
        await self.process.stop(GRACE)

    async def kill(self) -> None:
        await self.process.kill()

    async def metrics(self) -> dict[str, float]:
        """Its samples by name, summed over their labels."""
        totals: dict[str, float] = {}
        async with httpx2.AsyncClient(trust_env=False) as client:
            text = (await client.get(f"http://127.0.0.1:{self.monitoring_port}/metrics")).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
        return totals


async def wait_until_ready(processes: Sequence[ServiceProcess]) -> None:
    await wait_until_accepting([each.monitoring_port for each in processes], within=READY_WITHIN)


@asynccontextmanager
async def service_processes(
    package: str, role: str, count: int, environment: Mapping[str, str], folder: Path
) -> AsyncIterator[list[ServiceProcess]]:
    """Start ``count`` processes and wait until they are up; drain at the end those that still live."""
    processes = [ServiceProcess.start(package, role, environment, folder) for _ in range(count)]
    try:
        await wait_until_ready(processes)
        yield processes
    finally:
        await asyncio.gather(*(each.drain() for each in processes))
