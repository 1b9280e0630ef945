"""A process of a service under test: forked, restarted or left dead, with its exit codes."""

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
from tests.support.fault_injection import CRASH_PREFIX, DUPLICATES_PREFIX, run_worker

FORK_SERVER = multiprocessing.get_context("forkserver")
"""Forks processes from one that has imported all services, which saves a second of imports each."""
FORK_SERVER.set_forkserver_preload(
    ["tests.support.fault_injection", *(f"{service.package}.main" for service in SERVICES)]
)
STOPPED_WITHIN = 20
"""Seconds after which a process that was told to stop is killed."""


@dataclass
class Worker:
    """One process of a service, restarted as an orchestrator would, without limit or ``lives`` times."""

    name: str
    package: str
    environment: dict[str, str]
    log: Path
    index: int
    points: tuple[str, ...]
    lives: int | None = None
    """Number of starts; None for no limit."""
    starts: int = 0
    exit_codes: list[int] = field(default_factory=list)
    """Exit codes of the starts that are over."""
    process: ForkServerProcess | None = None
    supervisor: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.supervisor = asyncio.create_task(self._supervise())

    @property
    def killed(self) -> bool:
        """True when it was killed at least once."""
        return -signal.SIGKILL in self.exit_codes

    @property
    def is_alive(self) -> bool:
        """True while its process runs."""
        return self.process is not None and self.process.is_alive()

    def kill(self) -> bool:
        """Kill it; False when it was dead already."""
        if self.process is not None and self.is_alive:
            self.process.kill()
            return True
        return False

    async def retire(self) -> bool:
        """Stop it in order and start it no more; False, and started again, when it crashed meanwhile.

        Raises TimeoutError when it does not stop in order within ``STOPPED_WITHIN`` seconds.
        """
        if not await self.stop():
            raise TimeoutError(f"{self.name} did not stop in {STOPPED_WITHIN} s")
        crashed = self.process is None or self.process.exitcode == -signal.SIGKILL
        if crashed:
            self.start()
        return not crashed

    async def stop(self) -> bool:
        """Stop it in order and start it no more; False when it had to be killed."""
        if self.supervisor is not None:
            self.supervisor.cancel()
        if self.process is not None:
            self.process.terminate()
            try:
                async with asyncio.timeout(STOPPED_WITHIN):
                    await self._check_exit()
            except TimeoutError:
                self.process.kill()
                await self._check_exit()
                return False
        return True

    async def _supervise(self) -> None:
        """Restart it; each start is to crash at the next of ``points``, if there are any."""
        while self.lives is None or self.starts < self.lives:
            point = self.points[(self.index + self.starts) % len(self.points)] if self.points else ""
            environment = {**self.environment, "FAULTS_FAILPOINT": point}
            self.process = FORK_SERVER.Process(
                target=run_worker, args=(self.package, environment, self.log), daemon=True
            )
            self.process.start()
            self.starts += 1
            self.exit_codes.append(await self._check_exit())
            await asyncio.sleep(0.2)

    async def _check_exit(self) -> int:
        while self.is_alive:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.1)
        return (self.process and self.process.exitcode) or 0


def crashes_of(workers: Iterable[Worker]) -> Counter[str]:
    """Failpoint → how often a process crashed there."""
    return Counter(_logged(workers, CRASH_PREFIX))


def count_duplicates(workers: Iterable[Worker]) -> int:
    """Number of events that the broker confirmed a second time."""
    return sum(map(int, _logged(workers, DUPLICATES_PREFIX)))


def _logged(workers: Iterable[Worker], head: str) -> Iterator[str]:
    for worker in workers:
        lines = worker.log.read_text().splitlines()
        yield from (line.removeprefix(head) for line in lines if line.startswith(head))
