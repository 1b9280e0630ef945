"""A process of a service under test: forked, kept alive or left dead, and how it ended."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from deploy.services import SERVICES
from tests.support.fault_injection import DIES, TWICE, run_worker

NURSERY = multiprocessing.get_context("forkserver")
"""Processes are forked from one that has imported all services: a start costs no second of imports."""
NURSERY.set_forkserver_preload(["tests.support.fault_injection", *(f"{service.package}.main" for service in SERVICES)])


@dataclass
class Worker:
    """One process of a service, started again whenever it ends, as an orchestrator would, or as often as it may."""

    name: str
    package: str
    environment: dict[str, str]
    log: Path
    place: int
    points: tuple[str, ...]
    lives: int | None = None
    """How often it may be started; without a number, for ever."""
    starts: int = 0
    endings: list[int] = field(default_factory=list)
    """Exit codes of the lives that are over."""
    process: ForkServerProcess | None = None
    keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.keeper = asyncio.create_task(self._keep())

    @property
    def killed(self) -> bool:
        """Some life of it was ended from one moment to the next."""
        return -signal.SIGKILL in self.endings

    def kill(self) -> bool:
        """End it from one moment to the next; False when it was dead already."""
        if self.process is None or not self.process.is_alive():
            return False
        self.process.kill()
        return True

    async def stop(self) -> None:
        if self.keeper is not None:
            self.keeper.cancel()
        if self.process is not None:
            self.process.terminate()
            try:
                async with asyncio.timeout(20):
                    await self._check_exit()
            except TimeoutError:
                self.process.kill()
                await self._check_exit()

    async def _keep(self) -> None:
        """Each time it starts it is to die at another of the named points, if at any."""
        while self.lives is None or self.starts < self.lives:
            point = self.points[(self.place + self.starts) % len(self.points)] if self.points else ""
            environment = {**self.environment, "FAULTS_POINT": point}
            self.process = NURSERY.Process(target=run_worker, args=(self.package, environment, self.log), daemon=True)
            self.process.start()
            self.starts += 1
            self.endings.append(await self._check_exit())
            await asyncio.sleep(0.2)

    async def _check_exit(self) -> int:
        while self.process is not None and self.process.is_alive():  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.1)
        return (self.process and self.process.exitcode) or 0


def dead_at(workers: Iterable[Worker]) -> Counter[str]:
    """Named point → how often a process died there."""
    return Counter(_told(workers, DIES))


def said_twice(workers: Iterable[Worker]) -> int:
    """How many events the broker has confirmed a second time."""
    return sum(map(int, _told(workers, TWICE)))


def _told(workers: Iterable[Worker], head: str) -> Iterator[str]:
    for worker in workers:
        lines = worker.log.read_text().splitlines()
        yield from (line.removeprefix(head) for line in lines if line.startswith(head))
