"""Asyncio tasks: cancel them until they end, run an action periodically, share the event loop in long work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from time import thread_time
from typing import Any

import structlog

log = structlog.get_logger(__name__)

RECANCEL_SECONDS = 0.5
"""Seconds until a task that survives its cancellation is cancelled again."""
MAX_LOOP_SECONDS = 0.007
"""Seconds of CPU after which long work lets other tasks run: a batch of submissions took 100 ms."""


class TimeSlice:
    """The CPU time that one piece of long work has had the event loop to itself."""

    def __init__(self, seconds: float = MAX_LOOP_SECONDS) -> None:
        self._seconds = seconds
        self._resumed_at = thread_time()

    async def give_way(self) -> None:
        """Let other tasks run when the slice is used up, then begin another."""
        if thread_time() - self._resumed_at >= self._seconds:
            await asyncio.sleep(0)
            self._resumed_at = thread_time()


class Turns:
    """Lets a few tasks go on in each pass of the event loop, the others in their order in the passes after it.

    The loop reads its sockets once in a pass. Where 300 requests begin in one pass, or a batch's 100 replies are
    written in one, whatever arrives meanwhile waits for all of them, though no callback is long.
    """

    def __init__(self, each_pass: int) -> None:
        self._each_pass = each_pass
        self._left = each_pass
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._counting = False

    async def wait(self) -> None:
        """Return at once while this pass has turns left, else in a later one."""
        loop = asyncio.get_running_loop()
        if not self._counting:
            self._counting = True
            loop.call_soon(self._begin_pass, loop)
        if self._left:
            self._left -= 1
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _begin_pass(self, loop: asyncio.AbstractEventLoop) -> None:
        self._left = self._each_pass
        self._counting = bool(self._waiting)
        while self._waiting and self._left:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                self._left -= 1
        if self._counting:
            loop.call_soon(self._begin_pass, loop)


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
