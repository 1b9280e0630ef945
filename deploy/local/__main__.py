"""The commands of the local stack: `python -m deploy.local up|demo|status|start|stop|clock|trace|ops|token|reset`."""

import asyncio
import fcntl
import getpass
import os
import shutil
import signal
import sys
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import typer
from devkit.servers import MissingServerError, PortTakenError, ServerDiedError, UnfitServerError
from rich.console import Console
from rich.table import Table

from deploy.local import controls, external_servers, servers, simulated_clock, trace
from deploy.local.console import Screen, addresses
from deploy.local.controls import Action, Control, NoStackError
from deploy.local.demo import play
from deploy.local.launcher import Launcher
from deploy.local.paths import ForeignFolderError, StackPaths, UnfitPlaceError
from deploy.local.processes import database_access, environment, is_ready
from deploy.services import SERVICES

REFUSALS = (
    MissingServerError,
    ServerDiedError,
    UnfitServerError,
    ForeignFolderError,
    UnfitPlaceError,
    NoStackError,
    simulated_clock.UnfitInstantError,
    trace.UnknownApplicationError,
)
"""Errors that are shown as one sentence instead of a traceback."""

OTHER_PORTS = (
    "stop what is named, or start a stack of its own beside it:"
    " GREEN_LOCAL_FOLDER=/var/tmp/green GREEN_LOCAL_FIRST_PORT=19100 make run"
)

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The local stack: private servers, five services, the demo.",
)
console = Console()


@app.command()
def up(*, demo: Annotated[bool, typer.Option(help="Play the demo unless it was played already")] = True) -> None:
    """Start everything, play the demo once, and stay up until stopped."""
    places = _places()
    with exit_on_refusal(), single_instance(places):
        sys.exit(asyncio.run(_run(places, with_demo=demo)))


@app.command("demo")
def play_demo() -> None:
    """Show the demo again on the running stack; an interrupted one continues."""
    places = _places()
    with exit_on_refusal():
        controls.require_running(places)
    sys.exit(not asyncio.run(play(places)))


@app.command()
def reset() -> None:
    """Remove all data, logs and secrets of the local stack."""
    places = _places()
    if not places.folder.exists():
        console.print(f"there is no {places.folder}: nothing to remove")
        return
    if not places.is_marked:
        raise SystemExit(f"{places.folder} is not the folder of a local stack: nothing is removed")
    with exit_on_refusal(), single_instance(places):
        asyncio.run(external_servers.release(places))
        shutil.rmtree(places.folder)
    console.print(f"{places.folder} is removed")


@app.command()
def status() -> None:
    """Show which services answer; exits with 1 unless all are ready, with 2 when no stack is running."""
    places = _places()
    if not controls.is_running(places):
        console.print(f"no stack is running in {places.folder}: make run", highlight=False, soft_wrap=True)
        raise typer.Exit(2)
    table, states = Table(box=None, show_header=False), controls.states(places)
    ready = {each.name: asyncio.run(is_ready(places.monitoring_address(each.name))) for each in SERVICES}
    for name, answers in ready.items():
        state = states.get(name, "starting")
        shown = "ready" if answers else "not ready" if state == controls.RUNNING else state
        table.add_row(name, places.address(name), shown)
    for name in controls.SERVERS:
        if name in states:
            table.add_row(name, "", states[name])
    console.print(table)
    raise typer.Exit(not all(ready.values()))


Part = Annotated[str, typer.Argument(help=f"One of {', '.join(controls.PARTS)}")]


@app.command()
def start(part: Part) -> None:
    """Start one part of the running stack again."""
    _control(Action.START, part)


@app.command()
def stop(part: Part) -> None:
    """Stop one part of the running stack; the others go on."""
    _control(Action.STOP, part)


def _control(action: Action, part: str) -> None:
    if part not in controls.PARTS:
        raise SystemExit(f"SERVICE is one of {', '.join(controls.PARTS)}")
    with exit_on_refusal():
        state = asyncio.run(controls.request(_places(), Control(action, part)))
    console.print(f"{part}: {state}", highlight=False, soft_wrap=True)
    raise typer.Exit(state != (controls.RUNNING if action is Action.START else controls.STOPPED))


@app.command()
def clock(
    to: Annotated[str | None, typer.Argument(help="2026-06-01, 2026-06-01T09:00+08:00, or +3d, +12h, +30m")] = None,
) -> None:
    """Show the simulated clock of the stack, or move it forward."""
    with exit_on_refusal():
        console.print(simulated_clock.show_or_move(_places(), to), highlight=False, soft_wrap=True)


@app.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
def ops(
    service: Annotated[str, typer.Argument(help="Name of the service")],
    command: Annotated[list[str], typer.Argument(help="Command of `python -m chassis`: parked list, …")],
) -> None:
    """Run an operator's command in the environment of one service of the stack."""
    places, known = _places(), {each.name: each for each in SERVICES}
    if service not in known:
        raise SystemExit(f"SERVICE is one of {', '.join(known)}")
    if not places.servers.exists():
        raise SystemExit("no stack was started yet: make run")
    with exit_on_refusal():
        controls.require_running(places)
        settings = environment(known[service], places, asyncio.run(servers.find(places)))
    _run_chassis(command, {"USER": getpass.getuser(), **settings})


@app.command("trace")
def trace_application(application: Annotated[str, typer.Argument(help="Its identifier, app-…")]) -> None:
    """Follow one application through the five services: events, record, notices, in order."""
    places = _places()
    with exit_on_refusal():
        controls.require_running(places)
        found = asyncio.run(trace.trace(application, asyncio.run(database_access(places))))
    for line in trace.texts(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
def token(context: typer.Context) -> None:
    """Print a bearer token that the stack accepts; takes the options of `python -m chassis token`."""
    places = _places()
    with exit_on_refusal():
        places.claim()
    _run_chassis(["token", "--keys", str(places.keys), *context.args], {"GREEN_MODE": "local"})


def _run_chassis(command: list[str], environment: Mapping[str, str]) -> NoReturn:
    """Replace this process by `python -m chassis`."""
    program = [sys.executable, "-m", "chassis", *command]
    os.execve(sys.executable, program, {**os.environ, **environment})  # noqa: S606 - our own program


async def _run(places: StackPaths, *, with_demo: bool) -> int:
    """Return 0 after a stop on request, 1 when a part did not start or the launcher failed."""
    screen, stopping = Screen(console), asyncio.Event()
    launcher = Launcher(places, screen)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        return await _until_stopped(_live(launcher, with_demo=with_demo), stopping)
    except* REFUSALS as group:
        for error in group.exceptions:
            screen.failed(error)
        if any(isinstance(error, PortTakenError) for error in group.exceptions):
            screen.info(OTHER_PORTS)
    finally:
        screen.info("stopping …")
        await launcher.stop()
        screen.info("stopped; nothing is left running")
    return 1


async def _live(launcher: Launcher, *, with_demo: bool) -> int:
    screen, places = launcher.screen, launcher.places
    screen.info(f"starting the stack in {places.folder}")
    with screen:
        await launcher.start()
    async with asyncio.TaskGroup() as running:
        running.create_task(launcher.watch())
        if with_demo:
            await _demo(places, screen)
        screen.info("\nThe stack")
        for line in addresses(places, launcher.servers.broker, prometheus="prometheus" in launcher.children):
            screen.info(line)
        screen.info("up; Ctrl-C stops everything")
    return 1


async def _demo(places: StackPaths, screen: Screen) -> None:
    if places.demo_done.exists():
        screen.info("the demo was played before; make demo shows it again")
    elif not await play(places):
        screen.info("the demo has unexpected results; the stack stays up, and the next start continues the demo")


async def _until_stopped(life: Coroutine[Any, Any, int], stopping: asyncio.Event) -> int:
    """Run until ``stopping`` is set, which is no failure."""
    running, stopped = asyncio.create_task(life), asyncio.create_task(stopping.wait())
    await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if running.done():
        return running.result()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return 0


def _places() -> StackPaths:
    """Return the places that the environment names, or exit with what is wrong with them."""
    with exit_on_refusal():
        return StackPaths.of_environment()


@contextmanager
def exit_on_refusal() -> Iterator[None]:
    """Show the error and exit."""
    try:
        yield
    except REFUSALS as reason:
        raise SystemExit(str(reason)) from None


@contextmanager
def single_instance(places: StackPaths) -> Iterator[None]:
    """Lock the stack's folder: two launchers on one folder would corrupt it."""
    places.claim()
    with (places.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"a stack is running in {places.folder}: stop it first (Ctrl-C where it runs)") from None
        yield


if __name__ == "__main__":
    app()
