"""Asyncio tasks: cancel them until they end, run an action periodically."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

RECANCEL_SECONDS = 0.5
"""Seconds until a task that survives its cancellation is cancelled again."""


async def cancel_all(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks until all have ended; ignore what they raise.

    One cancellation is not enough: `asyncio.wait_for` of Python 3.11, which PyMongo's asynchronous client awaits for
    every write to its socket, loses a cancellation that arrives at the moment its own wait ends (python/cpython#86296).
    """
    tasks = list(tasks)
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=RECANCEL_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def run_periodically(seconds: float, action: Callable[[], Awaitable[int]]) -> None:
    """Repeat an action with a pause, whatever it raises."""
    while True:
        try:
            await action()
        except Exception:
            log.exception("periodic action failed")
        await asyncio.sleep(seconds)
