"""Progress of the season: one line for each stage."""

from __future__ import annotations

import time
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class StageLines:
    """On a terminal a bar for each running stage; elsewhere a line for each finished one."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(10), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
        self._title, self._expected, self._done = "", 0, 0
        self._begun = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._finish()
        self._progress.stop()

    def stage(self, title: str, day: datetime) -> None:
        self._finish()
        self._title, self._expected, self._done = f"{day:%d %b}  {title}", 0, 0
        self._begun = time.monotonic()
        self._running = self._progress.add_task(self._title, total=None)

    def expect(self, steps: int) -> None:
        self._expected += steps
        self._progress.update(self._running, total=self._expected)

    def step(self) -> None:
        self._done += 1
        self._progress.advance(self._running)

    def _finish(self) -> None:
        if not self._title:
            return
        self._progress.update(self._running, total=max(self._done, 1), completed=max(self._done, 1))
        if self._progress.disable:
            seconds = time.monotonic() - self._begun
            self._progress.console.print(f"{self._title:<48}{self._done or '':>5}{seconds:7.1f} s", highlight=False)
