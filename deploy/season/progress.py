"""How far the season is, one line for each stage."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class StageLines:
    """A line with a bar for the stage that runs and for each that is done."""

    def __init__(self, console: Console) -> None:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(10), MofNCompleteColumn())
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console)
        self._running = self._progress.add_task("", visible=False)

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
        self._running = self._progress.add_task(f"[cyan]{day:%d %b}[/cyan]  {title}", total=0)

    def expect(self, steps: int) -> None:
        (task,) = (each for each in self._progress.tasks if each.id == self._running)
        self._progress.update(self._running, total=(task.total or 0) + steps)

    def step(self) -> None:
        self._progress.advance(self._running)

    def _finish(self) -> None:
        (task,) = (each for each in self._progress.tasks if each.id == self._running)
        self._progress.update(self._running, total=max(task.completed, 1), completed=max(task.completed, 1))
        self._progress.stop_task(self._running)
