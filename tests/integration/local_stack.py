"""Local stacks of a test's own: the launcher in a folder and on ports that nobody else uses."""

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

Surroundings = Mapping[str, str]
Stack = dict[str, Any]
"""The launcher's description of the running stack."""


def surroundings_in(folder: Path, **more: str) -> Surroundings:
    """Return the environment of a stack that runs beside one in use."""
    port = str(free_ports(1)[0] // 20 * 20)
    return {**os.environ, "GREEN_LOCAL_FOLDER": str(folder), "GREEN_LOCAL_FIRST_PORT": port, **more}


@contextmanager
def launched(surroundings: Surroundings) -> Iterator[tuple[subprocess.Popen[bytes], Stack]]:
    folder = Path(surroundings["GREEN_LOCAL_FOLDER"])
    with shown_in(folder).open("ab") as shown:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "up", "--no-demo"],
            cwd=ROOT,
            env=surroundings,
            stdout=shown,
            stderr=shown,
        )
    try:
        yield launcher, _described(launcher, folder)
    finally:
        launcher.kill()
        launcher.wait()


def run_command(surroundings: Surroundings, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the local stack, and return its exit code and output."""
    command = [sys.executable, "-m", "deploy.local", *words]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False, timeout=60)


def readiness(stack: Stack) -> dict[str, int]:
    return {name: httpx2.get(f"{url}/readyz", trust_env=False).status_code for name, url in stack["services"].items()}


def shown_in(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.shown")


def _described(launcher: subprocess.Popen[bytes], folder: Path) -> Stack:
    deadline = monotonic() + START_SECONDS
    while not (folder / "stack.json").exists():
        assert launcher.poll() is None, shown_in(folder).read_text()
        assert monotonic() < deadline, shown_in(folder).read_text()
        sleep(0.2)
    stack: Stack = json.loads((folder / "stack.json").read_text())
    return stack
