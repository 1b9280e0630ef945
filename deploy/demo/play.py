"""Plays the season from January to December and shows its results."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from deploy.demo import check, decisions, personas, report, results
from deploy.demo.calls import Calls, calling
from deploy.demo.progress import StageLines
from deploy.demo.results import SeasonResult
from deploy.demo.samples import make
from deploy.demo.season import Season
from deploy.demo.stack import Stack
from deploy.demo.stages import STAGES

AfterStage = Callable[[Season, str], Awaitable[None]]
"""Told the season and the name of the stage."""


async def run(
    stack: Stack, samples: Path, console: Console | None = None, after_stage: AfterStage | None = None
) -> list[str]:
    """Play the season and show it; an interrupted season continues, a finished one is only shown.

    Returns the differences from the expected results. ``after_stage`` is told each stage that was played.
    """
    console = console or Console()
    async with calling(stack) as calls:
        if not await decisions.is_over(calls):
            await _run(calls, stack, samples, console, after_stage)
        found = await results.collect_results(calls, personas.load())
    report.show(found, stack, console)
    return _show_differences(found, console)


async def _run(calls: Calls, stack: Stack, samples: Path, console: Console, after_stage: AfterStage | None) -> None:
    everyone = personas.load()
    with console.status("Writing the sample files"):
        made = make(samples, everyone)
    with StageLines(console) as lines:
        season = Season(everyone, made, calls, stack.clock, lines, stack.mail)
        for stage in STAGES:
            await stage(season)
            if after_stage is not None:
                await after_stage(season, stage.__name__)


def _show_differences(found: SeasonResult, console: Console) -> list[str]:
    wrong = check.differences(found)
    for each in wrong:
        console.print(f"[red]✗[/red] {each}")
    if not wrong:
        console.print(f"[green]✓[/green] {len(check.EXPECTED)} edge cases and everyone else have the expected results")
    return wrong
