"""Supervises a link: one that no longer consumes is dropped and another opened, until it consumes again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from chassis.broker.link import Link, LinkError
from chassis.observability.log_rate import ThrottledLog
from chassis.observability.metrics import Metrics
from chassis.tasks import cancel_all

log = ThrottledLog(__name__)

EXAMINE_SECONDS = 5.0
PAUSE = 1.0
"""Seconds between two attempts to open a link."""
STARTING = "not started"


class LinkSupervisor:
    """A link by name; ``problem`` is None while it consumes."""

    def __init__(self, name: str, make: Callable[[], Link], metrics: Metrics) -> None:
        self.name = name
        self.problem: str | None = STARTING
        self._make = make
        self._metrics = metrics
        self._link: Link | None = None
        """The newest; it may be broken already, and is closed with the process in any case."""
        self._task: asyncio.Task[None] | None = None
        self._lost = metrics.consumer_links_lost.labels(name)
        self._set(STARTING)

    async def start(self) -> None:
        """Try to open the first link; from then on it is supervised, also when the broker or a queue is still away."""
        await self._try_to_open()
        self._task = asyncio.create_task(self._supervise())

    @property
    def running(self) -> bool:
        return self._task is None or not self._task.done()

    async def cancel(self) -> None:
        """Let nothing more be delivered; no other link is opened."""
        if self._task is not None:
            await cancel_all([self._task])
        if self._link is not None:
            await self._link.cancel()

    async def close(self) -> None:
        """Finish what was received and close; ``cancel`` comes first."""
        if self._link is not None:
            await self._link.close()

    async def _try_to_open(self) -> None:
        link = self._link = self._make()
        try:
            await link.open()
        except LinkError as problem:
            self._set(str(problem))
            log.warning("link not opened", link=self.name, problem=str(problem))
        else:
            self._set(None)

    async def _supervise(self) -> None:
        while True:
            if self._link is None or self.problem is not None:
                await asyncio.sleep(PAUSE)
                await self._try_to_open()
                continue
            problem = await _next_problem(self._link)
            if problem is not None:
                await self._lose(self._link, problem)

    async def _lose(self, link: Link, problem: str) -> None:
        self._set(problem)
        self._lost.inc()
        log.warning("link lost", link=self.name, problem=problem)
        await link.drop()

    def _set(self, problem: str | None) -> None:
        self.problem = problem
        self._metrics.consumer_up.labels(self.name).set(0 if problem else 1)


async def _next_problem(link: Link) -> str | None:
    """Return what is wrong with the link, at once when its connection is lost."""
    with suppress(TimeoutError):
        async with asyncio.timeout(EXAMINE_SECONDS):
            await link.lost.wait()
    return await link.examine()
