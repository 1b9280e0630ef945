"""The commands of the local stack: `python -m deploy.local up|season|status|operate|token|reset`."""

import asyncio
import fcntl
import getpass
import os
import shutil
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.servers import MissingServerError, ServerDiedError, UnfitServerError
from messages.values import Role
from rich.console import Console
from rich.table import Table

from deploy.local import external_servers, servers
from deploy.local.console import Screen, addresses
from deploy.local.demo import play
from deploy.local.launcher import Launcher
from deploy.local.paths import ForeignFolderError, StackPaths
from deploy.local.processes import environment, is_ready
from deploy.services import SERVICES

REFUSALS = (MissingServerError, ServerDiedError, UnfitServerError, ForeignFolderError)
"""What is said in one sentence instead of a traceback."""

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The local stack: private servers, five services, a season.",
)
console = Console()


@app.command()
def up(*, season: Annotated[bool, typer.Option(help="Play the season when it was not played yet")] = True) -> None:
    """Start everything, play the season once, and stay up until stopped."""
    places = StackPaths.of_environment()
    with exit_on_refusal(), single_instance(places):
        sys.exit(asyncio.run(_run(places, with_season=season)))


@app.command("season")
def demo() -> None:
    """Show the season again on the running stack; one that was interrupted goes on."""
    places = StackPaths.of_environment()
    if not places.stack.exists():
        raise SystemExit("no stack is running: make run")
    sys.exit(not asyncio.run(play(places)))


@app.command()
def reset() -> None:
    """Remove all data, logs and secrets of the local stack."""
    places = StackPaths.of_environment()
    if not places.folder.exists():
        console.print(f"there is no {places.folder}: nothing to remove")
        return
    if not places.is_marked:
        raise SystemExit(f"{places.folder} is no folder of a local stack: nothing is removed")
    with exit_on_refusal(), single_instance(places):
        asyncio.run(external_servers.release(places))
        shutil.rmtree(places.folder)
    console.print(f"{places.folder} is removed")


@app.command()
def status() -> None:
    """Show which services answer."""
    places = StackPaths.of_environment()
    table = Table(box=None, show_header=False)
    for service in SERVICES:
        ready = asyncio.run(is_ready(places.address(service.name)))
        table.add_row(service.name, places.address(service.name), "ready" if ready else "[red]not ready[/]")
    console.print(table)


@app.command(context_settings={"ignore_unknown_options": True})
def operate(
    service: Annotated[str, typer.Argument(help="Whose messages")],
    words: Annotated[list[str], typer.Argument(help="What `python -m chassis` is told: parked list, …")],
) -> None:
    """Do an operator's command in the environment of one service of the stack."""
    places, known = StackPaths.of_environment(), {each.name: each for each in SERVICES}
    if service not in known:
        raise SystemExit(f"SERVICE is one of {', '.join(known)}")
    if not places.servers.exists():
        raise SystemExit("no stack was started yet: make run")
    with exit_on_refusal():
        settings = environment(known[service], places, asyncio.run(servers.find(places)))
    who = {"USER": getpass.getuser()}
    os.execve(sys.executable, [sys.executable, "-m", "chassis", *words], {**os.environ, **who, **settings})  # noqa: S606 - our own program


@app.command("token")
def token_of_the_stack(
    *,
    role: Annotated[list[Role], typer.Option(help="May be given more than once")],
    subject: Annotated[str | None, typer.Option(help="Who acts; derived from the rest when left out")] = None,
    organisation: Annotated[str | None, typer.Option(help="Unified social credit code")] = None,
    prefecture: Annotated[str | None, typer.Option(help="GB/T 2260 code, for example 150100")] = None,
) -> None:
    """Print a bearer token that the local stack takes, valid for twelve hours."""
    places = StackPaths.of_environment()
    with exit_on_refusal():
        places.claim()
    issuer = DevelopmentIssuer(places.keys, Mode.LOCAL)
    print(issuer.mint(role=role, subject=subject, organisation=organisation, prefecture=prefecture))


async def _run(places: StackPaths, *, with_season: bool) -> int:
    """Give 0 when it was stopped as wished, 1 when something did not start, ended by itself or went wrong."""
    screen, stopping = Screen(console), asyncio.Event()
    launcher = Launcher(places, screen)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        return await _until_stopped(_live(launcher, with_season=with_season), stopping)
    except* REFUSALS as group:
        for error in group.exceptions:
            screen.failed(error)
    finally:
        screen.info("stopping …")
        await launcher.stop()
        screen.info("stopped; nothing is left running")
    return 1


async def _live(launcher: Launcher, *, with_season: bool) -> int:
    screen, places = launcher.screen, launcher.places
    screen.info(f"starting the stack in {places.folder}")
    with screen:
        await launcher.start()
    if with_season:
        await _season(places, screen)
    screen.info("\nThe stack")
    for line in addresses(places, launcher.servers.broker, prometheus="prometheus" in launcher.children):
        screen.info(line)
    screen.info("up; Ctrl-C stops everything")
    await launcher.watch()
    return 1


async def _season(places: StackPaths, screen: Screen) -> None:
    if places.season_done.exists():
        screen.info("the season was played before; make season shows it again")
    elif not await play(places):
        screen.info("the season has not come out as it must; the stack stays up, and the next start goes on with it")


async def _until_stopped(life: Coroutine[Any, Any, int], stopping: asyncio.Event) -> int:
    """Live until told to stop, which is no failure."""
    living, told = asyncio.create_task(life), asyncio.create_task(stopping.wait())
    await asyncio.wait((living, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if living.done():
        return living.result()
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    return 0


@contextmanager
def exit_on_refusal() -> Iterator[None]:
    """Say what stands in the way, and end."""
    try:
        yield
    except REFUSALS as reason:
        raise SystemExit(str(reason)) from None


@contextmanager
def single_instance(places: StackPaths) -> Iterator[None]:
    """Hold the stack's folder: two launchers on one folder would ruin it."""
    places.claim()
    with (places.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"a stack is running in {places.folder}: stop it first (Ctrl-C where it runs)") from None
        yield


if __name__ == "__main__":
    app()
