"""From January to December, and what to show of it."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from deploy.demo import cast, check, decisions, report, results
from deploy.demo.calls import Calls, calling
from deploy.demo.progress import StageLines
from deploy.demo.results import SeasonResult
from deploy.demo.samples import make
from deploy.demo.season import Season
from deploy.demo.stack import Stack
from deploy.demo.stages import STAGES


async def run(stack: Stack, samples: Path, console: Console | None = None) -> list[str]:
    """Play the season on the stack and show it; an interrupted one goes on, one that is over is only shown.

    Returns what came out otherwise than it must; nothing when all is right.
    """
    console = console or Console()
    async with calling(stack) as calls:
        if not await decisions.is_over(calls):
            await _run(calls, stack, samples, console)
        found = await results.collect_results(calls, cast.load())
    report.show(found, stack, console)
    return _judge(found, console)


async def _run(calls: Calls, stack: Stack, samples: Path, console: Console) -> None:
    people = cast.load()
    with console.status("Sample files are made"):
        made = make(samples, people)
    with StageLines(console) as lines:
        season = Season(people, made, calls, stack.clock, lines)
        for stage in STAGES:
            await stage(season)


def _judge(found: SeasonResult, console: Console) -> list[str]:
    wrong = check.differences(found)
    for each in wrong:
        console.print(f"[red]✗[/red] {each}")
    if not wrong:
        console.print(f"[green]✓[/green] {len(check.EXPECTED)} hard cases and everybody else came out as they must")
    return wrong
