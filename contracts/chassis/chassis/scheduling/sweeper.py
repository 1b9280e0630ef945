"""The sweeper of uploads: removes bytes that no commit has named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from chassis.clock import Clock, SystemClock
from chassis.observability.metrics import Metrics
from chassis.persistence.files import FileStore
from chassis.persistence.leases import Leases
from chassis.scheduling.polls import Polls
from chassis.tasks import run_periodically

log = structlog.get_logger(__name__)

SWEEP_INTERVAL = 60.0
SWEEP_AGE = timedelta(hours=1)
"""Real time after which an upload is given up: it lies whole on the disk of its process before it is begun, so its
command takes seconds. A commit that comes later all the same is refused, and the caller sends the file again."""


class UploadSweeper:
    """Sweeps in one process at a time, a page a minute, and again at once while there is more."""

    def __init__(self, leases: Leases, files: FileStore, metrics: Metrics, clock: Clock | None = None) -> None:
        self._leases = leases
        self._polls = Polls("uploads", metrics)
        self._files = files
        self._clock = clock or SystemClock()

    def loops(self) -> list[Callable[[], Awaitable[None]]]:
        return [partial(run_periodically, SWEEP_INTERVAL, self.poll)]

    async def poll(self) -> int:
        return await self._polls.run(lambda: self._leases.run_under_lease("uploads", 2 * SWEEP_INTERVAL, self._sweep))

    async def _sweep(self) -> int:
        swept = 0
        while found := await self._files.sweep(self._clock.now() - SWEEP_AGE):
            swept += found
        self._polls.succeeded()
        if swept:
            log.info("uploads without an owner removed", count=swept)
        return swept
