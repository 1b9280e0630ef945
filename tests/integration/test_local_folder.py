"""The folder of a local stack: foreign folders are left alone, and data keep their ports."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from devkit.servers.processes import has_ended
from rich.console import Console

from deploy.demo import personas, samples
from deploy.local import external_servers
from deploy.local.console import Screen
from deploy.local.launcher import Launcher
from deploy.local.paths import StackPaths, UnfitPlaceError
from deploy.local.servers import own
from tests.architecture.sources import ROOT
from tests.integration.local_stack import environment_in, run_command

DEMO_PROGRAM = """
import asyncio, sys
from pathlib import Path
from deploy.local.launcher import Launcher
from deploy.local.paths import StackPaths, UnfitPlaceError
from deploy.local.demo import play
asyncio.run(play(StackPaths(Path(sys.argv[1]), 1)))
"""


@pytest.mark.parametrize("command", ["reset", "up", "token"])
def test_foreign_folder_is_left_unchanged(tmp_path: Path, command: str) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    arguments = [command, "--role", "operator"] if command == "token" else [command]

    answer = run_command(environment_in(tmp_path), *arguments)

    assert answer.returncode == 1
    assert str(tmp_path) in answer.stderr
    assert "Traceback" not in answer.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_reset_of_a_missing_folder_creates_none(tmp_path: Path) -> None:
    answer = run_command(environment_in(tmp_path / "none"), "reset")

    assert answer.returncode == 0
    assert "nothing to remove" in answer.stdout
    assert list(tmp_path.iterdir()) == []


def test_token_can_be_minted_before_the_first_start(tmp_path: Path) -> None:
    answer = run_command(environment_in(tmp_path / "new"), "token", "--role", "operator")

    assert answer.stdout.count(".") == 2
    assert StackPaths(tmp_path / "new", 1).is_marked


def test_other_ports_for_existing_data_are_refused_in_one_sentence(tmp_path: Path) -> None:
    paths = StackPaths(tmp_path / "local", 1)
    paths.prepare()
    own(paths)

    answer = run_command(environment_in(paths.folder), "up")

    assert answer.returncode == 1
    assert f"the data in {paths.folder}/broker belong to a server with amqp port 7, not" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


def test_existing_data_are_not_moved_to_another_server(tmp_path: Path) -> None:
    paths = StackPaths(tmp_path / "local", 1)
    paths.prepare()
    external_servers.record(paths, {"broker": external_servers.OWN, "mongod": external_servers.OWN})

    answer = run_command(environment_in(paths.folder, GREEN_LOCAL_BROKER="http://admin:x@127.0.0.1:1"), "up")

    assert answer.returncode == 1
    assert f"the data in {paths.folder} belong to a broker of its own, not to 127.0.0.1:1" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


def test_path_that_the_broker_cannot_have_is_refused_in_one_sentence(tmp_path: Path) -> None:
    answer = run_command(environment_in(tmp_path / "绿色 制造"), "up")

    assert answer.returncode == 1
    assert "the path holds blanks or letters beyond a-z" in answer.stdout
    assert "GREEN_LOCAL_FOLDER=/var/tmp/green make run" in answer.stdout
    assert "Traceback" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("port", ["abc", "80", "65530", "", "１８１００"])
@pytest.mark.parametrize("command", ["up", "status", "demo", "clock", "reset"])
def test_first_port_that_is_none_is_refused_in_one_sentence(tmp_path: Path, port: str, command: str) -> None:
    answer = run_command({**environment_in(tmp_path / "new"), "GREEN_LOCAL_FIRST_PORT": port}, command)

    assert answer.returncode == 1
    assert f"GREEN_LOCAL_FIRST_PORT is {port!r}: name a number from 1024 to" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_port_in_use_is_refused_with_who_uses_it_and_the_way_to_others(tmp_path: Path) -> None:
    environment = environment_in(tmp_path / "local")
    with socket.create_server(("127.0.0.1", int(environment["GREEN_LOCAL_FIRST_PORT"]) + 12)):
        answer = run_command(environment, "up")

    assert answer.returncode == 1
    assert f"is in use by process {os.getpid()} (" in answer.stdout
    assert answer.stdout.count("GREEN_LOCAL_FIRST_PORT=19100 make run") == 1
    assert "Traceback" not in answer.stdout + answer.stderr


@pytest.mark.parametrize(("command", "code"), [("demo", 1), ("status", 2), ("start", 1), ("ops", 1)])
def test_description_that_a_killed_launcher_left_is_not_taken_for_a_stack(
    tmp_path: Path, command: str, code: int
) -> None:
    paths = StackPaths(tmp_path / "local", 1)
    paths.prepare()
    for left in (paths.lock, paths.servers):
        left.touch()
    paths.stack.write_text("{}")
    more = {"start": ["review"], "ops": ["review", "parked", "list"]}.get(command, [])

    answer = run_command(environment_in(paths.folder), command, *more)

    assert answer.returncode == code
    assert f"no stack is running in {paths.folder}: make run" in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr


def test_full_disk_is_refused_before_anything_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = StackPaths(tmp_path / "new", 1)
    paths.require_room()
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=200 * 1024**2))

    with pytest.raises(UnfitPlaceError, match=r"has 200 MB left, and a stack needs 1024"):
        paths.require_room()


def test_log_of_a_part_that_ended_is_shown_unwrapped() -> None:
    console = Console(file=StringIO(), width=80)
    line = json.dumps({"event": "x" * 300, "service": "review"})

    Screen(console).died("review", -9, line)

    assert isinstance(console.file, StringIO)
    assert line in console.file.getvalue().splitlines()


def test_sample_files_are_written_where_no_process_can_be_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    written: list[str] = []
    monkeypatch.setattr(samples, "ProcessPoolExecutor", refuse)
    monkeypatch.setattr(samples, "_write_files_of", lambda _made, applicant: written.append(applicant.id))
    everyone = personas.load()

    samples.make(tmp_path, everyone)

    assert written == [each.id for each in everyone.applicants]


async def test_missing_prometheus_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = StackPaths(tmp_path / "local", 1)
    paths.prepare()
    console = Console(file=StringIO(), width=200)
    launcher = Launcher(paths, Screen(console))
    launcher.servers = own(paths)
    monkeypatch.setenv("PATH", str(tmp_path))

    await launcher._prometheus()

    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "not installed: no dashboards, no alerts; as root: apt-get install prometheus" in text
    assert "ready" not in text
    assert launcher.children == {}


async def test_the_season_does_not_outlive_a_killed_launcher(tmp_path: Path) -> None:
    paths = StackPaths(tmp_path / "local", 1)
    paths.prepare()
    silent_server = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(60), "127.0.0.1")
    address = f"http://127.0.0.1:{silent_server.sockets[0].getsockname()[1]}"
    services = dict.fromkeys(("applications", "assessor-quota", "review", "registry", "notify"), address)
    stack = {"services": services, "keys": str(paths.keys), "clock": str(paths.clock)}
    paths.stack.write_text(json.dumps(stack))
    launcher = await asyncio.create_subprocess_exec(sys.executable, "-c", DEMO_PROGRAM, str(paths.folder), cwd=ROOT)
    demo = await _child_of(launcher.pid)

    launcher.send_signal(signal.SIGKILL)
    await launcher.wait()

    ended = await has_ended(demo, within=10)
    silent_server.close()
    assert ended


async def _child_of(pid: int) -> psutil.Process:
    async with asyncio.timeout(20):
        while True:
            for child in psutil.Process(pid).children():
                if "deploy.demo" in child.cmdline():
                    return child
            await asyncio.sleep(0.1)
