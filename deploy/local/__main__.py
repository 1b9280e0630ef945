"""The commands of the local stack: `python -m deploy.local up|reset|status|token`."""

import asyncio
import fcntl
import shutil
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from chassis.issuer import DevelopmentIssuer
from chassis.servers import MissingServerError, ServerDiedError
from chassis.settings import Mode
from messages.values import Role
from rich.console import Console
from rich.table import Table

from deploy.local.launcher import Launcher
from deploy.local.places import Places
from deploy.local.processes import is_ready
from deploy.local.screen import Screen, addresses
from deploy.local.story import play
from deploy.services import SERVICES

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The local stack: private servers, five services, a season.",
)
console = Console()


@app.command()
def up(*, season: Annotated[bool, typer.Option(help="Play the season when it was not played yet")] = True) -> None:
    """Start everything, play the season once, and stay up until stopped."""
    places = Places.of_environment()
    with alone(places):
        sys.exit(asyncio.run(_run(places, with_season=season)))


@app.command()
def reset() -> None:
    """Remove all data, logs and secrets of the local stack."""
    places = Places.of_environment()
    with alone(places):
        shutil.rmtree(places.folder)
    console.print(f"{places.folder} is removed")


@app.command()
def status() -> None:
    """Show which services answer."""
    places = Places.of_environment()
    table = Table(box=None, show_header=False)
    for service in SERVICES:
        ready = asyncio.run(is_ready(places.address(service.name)))
        table.add_row(service.name, places.address(service.name), "ready" if ready else "[red]not ready[/]")
    console.print(table)


@app.command("token")
def token_of_the_stack(
    *,
    role: Annotated[list[Role], typer.Option(help="May be given more than once")],
    subject: Annotated[str | None, typer.Option(help="Who acts; derived from the rest when left out")] = None,
    organisation: Annotated[str | None, typer.Option(help="Unified social credit code")] = None,
    prefecture: Annotated[str | None, typer.Option(help="GB/T 2260 code, for example 150100")] = None,
) -> None:
    """Print a bearer token that the local stack takes, valid for twelve hours."""
    keys = Places.of_environment().keys
    issuer = DevelopmentIssuer(keys, Mode.LOCAL)
    print(issuer.mint(role=role, subject=subject, organisation=organisation, prefecture=prefecture))


async def _run(places: Places, *, with_season: bool) -> int:
    """Give 0 when it was stopped as wished, 1 when something did not start, ended by itself or went wrong."""
    screen, stopping = Screen(console), asyncio.Event()
    launcher = Launcher(places, screen)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        return await _until_stopped(_live(launcher, with_season=with_season), stopping)
    except* (MissingServerError, ServerDiedError) as group:
        for error in group.exceptions:
            screen.failed(error)
    finally:
        screen.say("stopping …")
        await launcher.take_down()
        screen.say("stopped; nothing is left running")
    return 1


async def _live(launcher: Launcher, *, with_season: bool) -> int:
    screen, places = launcher.screen, launcher.places
    screen.say(f"starting the stack in {places.folder}")
    with screen:
        await launcher.bring_up()
    if with_season:
        await _season(places, screen)
    screen.say("\nThe stack")
    for line in addresses(places, prometheus="prometheus" in launcher.children):
        screen.say(line)
    screen.say("up; Ctrl-C stops everything")
    await launcher.watch()
    return 1


async def _season(places: Places, screen: Screen) -> None:
    if places.season_done.exists():
        screen.say("the season was played before; python -m deploy.season shows it again")
    elif not await play(places):
        screen.say("the season has not come out as it must; the stack stays up, and the next start goes on with it")


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
def alone(places: Places) -> Iterator[None]:
    """Hold the stack's folder: two launchers on one folder would ruin it."""
    places.folder.mkdir(parents=True, exist_ok=True)
    with (places.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print(f"a stack is running in {places.folder}: stop it first (Ctrl-C where it runs)")
            raise typer.Exit(1) from None
        yield


if __name__ == "__main__":
    app()
