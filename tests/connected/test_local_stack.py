"""The local stack comes up whole, goes on with its data, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import psutil
import pytest
from aiosmtplib import send
from chassis.servers import free_ports

from deploy.services import SERVICES
from tests.architecture.sources import ROOT

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

RECIPIENT = "b@green.invalid"
MAIL = f"From: a@green.invalid\nTo: {RECIPIENT}\nSubject: 通知\n\n已受理\n"
START_SECONDS, STOP_SECONDS = 120, 60


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give a folder and ports of the test's own, so that it runs beside a stack in use."""
    folder = tmp_path_factory.mktemp("stack") / "local"
    return {**os.environ, "GREEN_LOCAL_FOLDER": str(folder), "GREEN_LOCAL_FIRST_PORT": str(free_ports(1)[0] // 20 * 20)}


@contextmanager
def launched(surroundings: dict[str, str]) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    folder = Path(surroundings["GREEN_LOCAL_FOLDER"])
    folder.mkdir(exist_ok=True)
    with (folder / "shown").open("ab") as shown:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "up", "--no-season"],
            cwd=ROOT,
            env=surroundings,
            stdout=shown,
            stderr=shown,
        )
    try:
        yield launcher, described(launcher, folder)
    finally:
        launcher.kill()
        launcher.wait()


def mails(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.eml")]


def described(launcher: subprocess.Popen[bytes], folder: Path) -> dict[str, Any]:
    deadline = monotonic() + START_SECONDS
    while not (folder / "stack.json").exists():
        assert launcher.poll() is None, (folder / "shown").read_text()
        assert monotonic() < deadline, (folder / "shown").read_text()
        sleep(0.2)
    stack: dict[str, Any] = json.loads((folder / "stack.json").read_text())
    return stack


def test_all_services_are_ready_and_a_stop_leaves_no_process(surroundings: dict[str, str]) -> None:
    with launched(surroundings) as (launcher, stack):
        ready = {
            name: httpx2.get(f"{url}/readyz", trust_env=False).status_code for name, url in stack["services"].items()
        }
        started = psutil.Process(launcher.pid).children(recursive=True)

        launcher.send_signal(signal.SIGINT)

        assert launcher.wait(STOP_SECONDS) == 0
    assert ready == {service.name: 200 for service in SERVICES}
    assert len(started) >= len(SERVICES) + 2
    assert [process for process in started if process.is_running()] == []


async def test_the_second_start_goes_on_with_the_data_and_reports_a_service_that_dies(
    surroundings: dict[str, str],
) -> None:
    folder = Path(surroundings["GREEN_LOCAL_FOLDER"])
    passwords = (folder / "keys" / "passwords.json").read_text()
    with launched(surroundings) as (launcher, stack):
        port = int(surroundings["GREEN_LOCAL_FIRST_PORT"]) + 12
        await send(MAIL.encode(), hostname="127.0.0.1", port=port, sender="a@green.invalid", recipients=[RECIPIENT])
        kept = mails(Path(stack["mail"]))
        processes = psutil.Process(launcher.pid).children()
        (victim,) = [process for process in processes if "review.main" in process.cmdline()]

        victim.kill()

        assert launcher.wait(STOP_SECONDS) == 1
    shown = (folder / "shown").read_text()
    assert ["已受理" in text for text in kept] == [True]
    assert (folder / "keys" / "passwords.json").read_text() == passwords
    assert "review has ended (exit -9); the end of its log:" in shown
    assert '"service":"review"' in shown
