"""The longest callback of an event loop, in CPU seconds of its thread."""

from __future__ import annotations

import asyncio
import time
from asyncio.events import Handle
from collections.abc import Callable
from typing import Any, Self


class LongestCallback:
    """Watches the event loop of its thread: CPU seconds of its longest callback, and whose it was."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.seconds = 0.0
        self.name = ""

    def __enter__(self) -> Self:
        run = self._run = Handle._run  # noqa: SLF001 - asyncio has no hook for this

        def run_watched(handle: Handle) -> None:
            began = time.thread_time()
            run(handle)
            took = time.thread_time() - began
            if took > self.seconds:
                self.seconds, self.name = took, _name_of(handle)

        self._install(run_watched)
        return self

    def __exit__(self, *_problem: object) -> None:
        self._install(self._run)

    @staticmethod
    def _install(run: Callable[[Handle], None]) -> None:
        # asyncio's own slow_callback_duration counts wall time, which other processes lengthen.
        Handle._run = run  # type: ignore[method-assign, assignment] # noqa: SLF001 - no hook either


def _name_of(handle: Any) -> str:  # noqa: ANN401 - asyncio's handle, whose callback is private
    """The coroutine of a task's step, or the function called."""
    callback = handle._callback  # noqa: SLF001 - shown in a report only
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        return str(getattr(task.get_coro(), "__qualname__", "a task"))
    return str(getattr(callback, "__qualname__", "a callback"))
