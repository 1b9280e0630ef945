"""Tasks of our own: ending them, and those that look again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

AGAIN = 0.5
"""Seconds until a task that goes on after its cancellation is cancelled anew."""


async def cancel_all(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel until they have ended; what they raise is theirs.

    Once is not enough: `asyncio.wait_for` of Python 3.11, which PyMongo's asynchronous client awaits for every write to
    its socket, loses a cancellation that comes in the moment its own work is done (python/cpython#86296).
    """
    tasks = list(tasks)
    going = {task for task in tasks if not task.done()}
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=AGAIN)
    await asyncio.gather(*tasks, return_exceptions=True)


async def run_periodically(seconds: float, action: Callable[[], Awaitable[int]]) -> None:
    """Look again and again, whatever a look raises."""
    while True:
        try:
            await action()
        except Exception:
            log.exception("look failed")
        await asyncio.sleep(seconds)
