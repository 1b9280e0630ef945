"""The local stack comes up whole, goes on with its data, and leaves nothing behind."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
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
    Stack,
    Surroundings,
    launched,
    readiness,
    run_command,
    shown_in,
    surroundings_in,
)

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

RECIPIENT = "b@green.invalid"
MAIL = f"From: a@green.invalid\nTo: {RECIPIENT}\nSubject: 通知\n\n已受理\n"
UNIT = "911502000000000271"
PRINTED = ("README.md", "deploy/runbook.md")
"""Where operators' commands are printed."""


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    return surroundings_in(tmp_path_factory.mktemp("stack") / "local")


def as_the_unit(stack: Stack) -> dict[str, str]:
    token = DevelopmentIssuer(Path(stack["keys"]), Mode.LOCAL).mint(role=Role.APPLICANT, organisation=UNIT)
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": "contact-1"}


def contact(stack: Stack) -> str:
    return f"{stack['services']['notify']}/v1/contacts/applicant"


def mails(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.eml")]


def is_broken(done: subprocess.CompletedProcess[str]) -> bool:
    """A command that was not understood, or that no sentence answered; an ID that is not there is answered by one."""
    return done.returncode > 1 or "Traceback" in done.stderr


def printed_commands() -> list[str]:
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in PRINTED)
    return sorted(set(re.findall(r'CMD="([a-z][^"]+)"', text)))


def test_all_services_are_ready_and_a_stop_leaves_no_process(surroundings: Surroundings) -> None:
    with launched(surroundings) as (launcher, stack):
        ready = readiness(stack)
        left = httpx2.put(contact(stack), headers=as_the_unit(stack), json={"email": RECIPIENT}, trust_env=False)
        started = psutil.Process(launcher.pid).children(recursive=True)

        launcher.send_signal(signal.SIGINT)

        assert launcher.wait(STOP_SECONDS) == 0
    assert ready == {service.name: 200 for service in SERVICES}
    assert left.is_success, left.text
    assert len(started) >= len(SERVICES) + 2
    assert [process for process in started if is_alive(process)] == []


async def test_the_second_start_goes_on_with_the_data_and_reports_a_service_that_dies(
    surroundings: Surroundings,
) -> None:
    folder = Path(surroundings["GREEN_LOCAL_FOLDER"])
    with launched(surroundings) as (launcher, stack):
        found = httpx2.get(contact(stack), headers=as_the_unit(stack), trust_env=False)
        commands = {each: run_command(surroundings, "ops", "review", *shlex.split(each)) for each in printed_commands()}
        port = int(surroundings["GREEN_LOCAL_FIRST_PORT"]) + 12
        await send(MAIL.encode(), hostname="127.0.0.1", port=port, sender="a@green.invalid", recipients=[RECIPIENT])
        kept = mails(Path(stack["mail"]))
        processes = psutil.Process(launcher.pid).children()
        (victim,) = [process for process in processes if "review.main" in process.cmdline()]

        victim.kill()

        assert launcher.wait(STOP_SECONDS) == 1
    shown = shown_in(folder).read_text()
    assert found.json()["email"] == RECIPIENT
    assert "nothing is parked" in commands["parked list"].stdout
    assert {name: done.stderr for name, done in commands.items() if is_broken(done)} == {}
    assert ["已受理" in text for text in kept] == [True]
    assert "review has ended (exit -9); the end of its log:" in shown
    assert '"service":"review"' in shown


def test_a_reset_removes_the_stack(surroundings: Surroundings) -> None:
    answer = run_command(surroundings, "reset")

    assert answer.returncode == 0, answer.stderr
    assert not Path(surroundings["GREEN_LOCAL_FOLDER"]).exists()
