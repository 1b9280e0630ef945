"""A private local stack for a test: the launcher in its own folder and on its own ports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
from devkit.servers import free_ports

from tests.architecture.sources import ROOT

START_SECONDS, STOP_SECONDS = 120, 60

Environment = Mapping[str, str]
Stack = dict[str, Any]
"""The launcher's description of the running stack."""


def environment_in(folder: Path, **more: str) -> Environment:
    """Environment of a stack that runs beside one in use."""
    port = str(free_ports(1)[0] // 20 * 20)
    return {**os.environ, "GREEN_LOCAL_FOLDER": str(folder), "GREEN_LOCAL_FIRST_PORT": port, **more}


@contextmanager
def launch(environment: Environment) -> Iterator[tuple[subprocess.Popen[bytes], Stack]]:
    folder = Path(environment["GREEN_LOCAL_FOLDER"])
    with output_of(folder).open("ab") as output:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "up", "--no-demo"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield launcher, _wait_until_described(launcher, folder)
    finally:
        launcher.kill()
        launcher.wait()


def run_command(environment: Environment, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the local stack and return its result."""
    command = [sys.executable, "-m", "deploy.local", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def readiness(stack: Stack, leave_out: str = "") -> dict[str, int]:
    """Return what each service answers when asked whether it is ready."""
    asked = {name: url for name, url in stack["monitoring"].items() if name != leave_out}
    return {name: httpx2.get(f"{url}/readyz", trust_env=False).status_code for name, url in asked.items()}


def output_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.output")


def _wait_until_described(launcher: subprocess.Popen[bytes], folder: Path) -> Stack:
    deadline = monotonic() + START_SECONDS
    while not (folder / "stack.json").exists():
        assert launcher.poll() is None, output_of(folder).read_text()
        assert monotonic() < deadline, output_of(folder).read_text()
        sleep(0.2)
    stack: Stack = json.loads((folder / "stack.json").read_text())
    return stack
