"""The folder of a local stack: nobody else's is touched, and its data keep their ports."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from io import StringIO
from pathlib import Path

import psutil
import pytest
from devkit.servers.processes import has_ended
from rich.console import Console

from deploy.local import external_servers
from deploy.local.console import Screen
from deploy.local.launcher import Launcher
from deploy.local.paths import StackPaths
from deploy.local.servers import own
from tests.architecture.sources import ROOT
from tests.integration.local_stack import run_command, surroundings_in

PLAYER = """
import asyncio, sys
from pathlib import Path
from deploy.local.launcher import Launcher
from deploy.local.paths import StackPaths
from deploy.local.demo import play
asyncio.run(play(StackPaths(Path(sys.argv[1]), 1)))
"""


@pytest.mark.parametrize("command", ["reset", "up", "token"])
def test_a_folder_of_somebody_else_is_left_as_it_is(tmp_path: Path, command: str) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    words = [command, "--role", "operator"] if command == "token" else [command]

    answer = run_command(surroundings_in(tmp_path), *words)

    assert answer.returncode == 1
    assert str(tmp_path) in answer.stderr
    assert "Traceback" not in answer.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_reset_of_a_folder_that_is_not_there_makes_none(tmp_path: Path) -> None:
    answer = run_command(surroundings_in(tmp_path / "none"), "reset")

    assert answer.returncode == 0
    assert "nothing to remove" in answer.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_token_before_the_first_start_is_one_of_the_stack(tmp_path: Path) -> None:
    answer = run_command(surroundings_in(tmp_path / "new"), "token", "--role", "operator")

    assert answer.stdout.count(".") == 2
    assert StackPaths(tmp_path / "new", 1).is_marked


def test_data_keep_their_ports_and_say_so_in_one_sentence(tmp_path: Path) -> None:
    places = StackPaths(tmp_path / "local", 1)
    places.prepare()
    own(places)

    answer = run_command(surroundings_in(places.folder), "up")

    assert answer.returncode == 1
    assert f"the data in {places.folder}/broker belong to a server with amqp port 7, not" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


def test_data_are_not_taken_to_another_server(tmp_path: Path) -> None:
    places = StackPaths(tmp_path / "local", 1)
    places.prepare()
    external_servers.record(places, {"broker": external_servers.OWN, "mongod": external_servers.OWN})

    answer = run_command(surroundings_in(places.folder, GREEN_LOCAL_BROKER="http://admin:x@127.0.0.1:1"), "up")

    assert answer.returncode == 1
    assert f"the data in {places.folder} belong to a broker of its own, not to 127.0.0.1:1" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


async def test_a_missing_prometheus_is_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = StackPaths(tmp_path / "local", 1)
    places.prepare()
    shown = Console(file=StringIO(), width=200)
    launcher = Launcher(places, Screen(shown))
    launcher.servers = own(places)
    monkeypatch.setenv("PATH", str(tmp_path))

    await launcher._prometheus()

    assert isinstance(shown.file, StringIO)
    text = shown.file.getvalue()
    assert "not installed: no dashboards, no alerts; as root: apt-get install prometheus" in text
    assert "ready" not in text
    assert launcher.children == {}


async def test_the_season_does_not_outlive_a_killed_launcher(tmp_path: Path) -> None:
    places = StackPaths(tmp_path / "local", 1)
    places.prepare()
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(60), "127.0.0.1")
    address = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    services = dict.fromkeys(("applications", "assessor-quota", "review", "registry", "notify"), address)
    stack = {"services": services, "keys": str(places.keys), "clock": str(places.clock)}
    places.stack.write_text(json.dumps(stack))
    launcher = await asyncio.create_subprocess_exec(sys.executable, "-c", PLAYER, str(places.folder), cwd=ROOT)
    season = await _child_of(launcher.pid)

    launcher.send_signal(signal.SIGKILL)
    await launcher.wait()

    ended = await has_ended(season, within=10)
    silent.close()
    assert ended


async def _child_of(pid: int) -> psutil.Process:
    async with asyncio.timeout(20):
        while True:
            for child in psutil.Process(pid).children():
                if "deploy.demo" in child.cmdline():
                    return child
            await asyncio.sleep(0.1)
