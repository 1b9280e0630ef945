"""The local stack starts whole, continues with its data and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import signal
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import psutil
import pytest
from aiosmtplib import send
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.servers.processes import is_alive
from messages.values import Role

from deploy.services import SERVICES
from tests.architecture.sources import ROOT
from tests.integration.local_stack import (
    STOP_SECONDS,
    Environment,
    Stack,
    environment_in,
    launch,
    output_of,
    readiness,
    run_command,
)

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

RECIPIENT = "b@green.example"
MAIL = f"From: a@green.invalid\nTo: {RECIPIENT}\nSubject: 通知\n\n已受理\n"
UNIT = "911502000000000271"
PAGES = ("README.md", "deploy/runbook.md")
"""Pages that print operators' commands."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return environment_in(tmp_path_factory.mktemp("stack") / "local")


def headers_of_the_unit(stack: Stack) -> dict[str, str]:
    token = DevelopmentIssuer(Path(stack["keys"]), Mode.LOCAL).mint(role=Role.APPLICANT, organisation=UNIT)
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": "contact-1"}


def contact_url(stack: Stack) -> str:
    return f"{stack['services']['notify']}/v1/contacts/applicant"


def read_mails(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.eml")]


def is_broken(done: subprocess.CompletedProcess[str]) -> bool:
    """True for an unknown command or a traceback; an unknown ID is answered in one sentence and is not broken."""
    return done.returncode > 1 or "Traceback" in done.stderr


async def until_state(environment: Environment, part: str, state: str) -> None:
    file = Path(environment["GREEN_LOCAL_FOLDER"]) / "parts.json"
    async with asyncio.timeout(STOP_SECONDS):
        while json.loads(file.read_text())[part] != state:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def until_ready(stack: Stack) -> None:
    async with asyncio.timeout(STOP_SECONDS):
        while set(readiness(stack).values()) != {200}:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.5)


def commands_in_pages() -> list[str]:
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in PAGES)
    return sorted(set(re.findall(r'CMD="([a-z][^"]+)"', text)))


def test_all_services_become_ready_and_a_stop_leaves_no_process(environment: Environment) -> None:
    with launch(environment) as (launcher, stack):
        ready = readiness(stack)
        saved = httpx2.put(
            contact_url(stack), headers=headers_of_the_unit(stack), json={"email": RECIPIENT}, trust_env=False
        )
        started = psutil.Process(launcher.pid).children(recursive=True)

        launcher.send_signal(signal.SIGINT)

        assert launcher.wait(STOP_SECONDS) == 0
    assert ready == {service.name: 200 for service in SERVICES}
    assert saved.is_success, saved.text
    assert len(started) >= len(SERVICES) + 2
    assert [process for process in started if is_alive(process)] == []


async def test_second_start_continues_with_the_data_and_goes_on_without_a_service_that_dies(
    environment: Environment,
) -> None:
    folder = Path(environment["GREEN_LOCAL_FOLDER"])
    with launch(environment) as (launcher, stack):
        found = httpx2.get(contact_url(stack), headers=headers_of_the_unit(stack), trust_env=False)
        commands = {each: run_command(environment, "ops", "review", *shlex.split(each)) for each in commands_in_pages()}
        port = int(environment["GREEN_LOCAL_FIRST_PORT"]) + 12
        await send(MAIL.encode(), hostname="127.0.0.1", port=port, sender="a@green.invalid", recipients=[RECIPIENT])
        mails = read_mails(Path(stack["mail"]))
        processes = psutil.Process(launcher.pid).children()
        (victim,) = [process for process in processes if "review.main" in process.cmdline()]

        victim.kill()
        await until_state(environment, "review", "ended by itself (exit -9)")
        without = readiness(stack, leave_out="review")
        again = run_command(environment, "start", "review")
        whole = run_command(environment, "status")

        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(STOP_SECONDS) == 0
    output = output_of(folder).read_text()
    assert set(without.values()) == {200}
    assert (again.returncode, again.stdout) == (0, "review: running\n"), again.stderr
    assert whole.returncode == 0, whole.stdout
    assert found.json()["email"] == RECIPIENT
    assert "nothing is parked" in commands["parked list"].stdout
    assert {name: done.stderr for name, done in commands.items() if is_broken(done)} == {}
    assert sum("已受理" in text for text in mails) == 1  # beside the one that asks to confirm the address
    assert "review has ended (exit -9); the end of its log:" in output
    assert '"service":"review"' in output
    assert "start it again with make start SERVICE=review" in output


async def test_parts_are_stopped_and_started_again_and_the_clock_goes_forward_only(environment: Environment) -> None:
    with launch(environment) as (launcher, stack):
        stopped = run_command(environment, "stop", "notify")
        without = run_command(environment, "status")
        started = run_command(environment, "start", "notify")
        (broker,) = [each for each in psutil.Process(launcher.pid).children() if "beam" in each.name()]
        broker.kill()
        await until_state(environment, "broker", "ended by itself (exit -9)")
        broker_again = run_command(environment, "start", "broker")
        await until_ready(stack)
        unknown = run_command(environment, "stop", "ledger")
        before, later = run_command(environment, "clock"), run_command(environment, "clock", "+3d")
        back = run_command(environment, "clock", "2026-01-01")
        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(STOP_SECONDS) == 0
    after = run_command(environment, "status")

    assert (stopped.returncode, stopped.stdout) == (0, "notify: stopped\n"), stopped.stderr
    assert without.returncode == 1
    assert re.search(r"notify +http://\S+ +stopped", without.stdout)
    assert (started.returncode, started.stdout) == (0, "notify: running\n"), started.stderr
    assert (broker_again.returncode, broker_again.stdout) == (0, "broker: running\n"), broker_again.stderr
    assert unknown.returncode == 1
    assert "SERVICE is one of applications, assessor-quota" in unknown.stderr
    moved = datetime.fromisoformat(later.stdout.strip()) - datetime.fromisoformat(before.stdout.strip())
    assert timedelta(days=3) <= moved < timedelta(days=4)
    assert back.returncode == 1
    assert "never goes back" in back.stderr
    assert "Traceback" not in back.stderr
    assert (after.returncode, "no stack is running" in after.stdout) == (2, True)


def test_reset_removes_the_stack(environment: Environment) -> None:
    answer = run_command(environment, "reset")

    assert answer.returncode == 0, answer.stderr
    assert not Path(environment["GREEN_LOCAL_FOLDER"]).exists()
