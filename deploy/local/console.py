"""Output of the launcher: a line for each part with its start time, then the addresses."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Self

from devkit.servers import BrokerAdmin
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from deploy.local.paths import StackPaths
from deploy.services import SERVICES


class Screen:
    """Shows a spinner for each starting part and a line for each ready one."""

    def __init__(self, console: Console) -> None:
        self.console = console
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console, transient=True)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        begun, task = time.monotonic(), self._progress.add_task(f"{name} …")
        try:
            yield
        finally:
            self._progress.remove_task(task)
        self.console.print(f"  [green]ok[/] {name:<16} ready after {time.monotonic() - begun:4.1f} s")

    def missing(self, name: str, why: Exception) -> None:
        self.console.print(f"  [yellow]--[/] {name:<16} {why}", highlight=False, soft_wrap=True)

    def info(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def died(self, name: str, code: int | None, tail: str) -> None:
        self.console.print(f"[bold red]{name} has ended[/] (exit {code}); the end of its log:")
        # As it is: a line of JSON that is wrapped cannot be read by any program.
        self.console.print(tail, markup=False, highlight=False, soft_wrap=True)

    def failed(self, error: Exception) -> None:
        self.console.print("[bold red]not up:[/]", end=" ")
        self.console.print(str(error), markup=False, highlight=False, soft_wrap=True)


def addresses(places: StackPaths, broker: BrokerAdmin, *, prometheus: bool) -> Iterator[str]:
    """Yield the addresses of the stack, one a line."""
    for service in SERVICES:
        for_machines = places.monitoring_address(service.name)
        yield f"  {service.name:<16}{places.address(service.name)}, for machines {for_machines}/openapi.json"
    if prometheus:
        yield f"  {'dashboards':<16}{places.address('prometheus')}/consoles/services.html"
        yield f"  {'alerts':<16}{places.address('prometheus')}/classic/alerts"
    password = f" (admin, password in {places.folder}/broker/state.json)" if broker.process else ""
    yield f"  {'RabbitMQ':<16}{broker.management_url}{password}"
    yield f"  {'mails':<16}{places.mail}"
    yield f"  {'logs':<16}{places.folder}/log"
    yield f"  {'a token':<16}make token ROLE=regional_officer"
