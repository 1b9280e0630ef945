"""The local stack starts whole, continues with its data and leaves nothing behind."""

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


async def test_second_start_continues_with_the_data_and_reports_a_service_that_dies(
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

        assert launcher.wait(STOP_SECONDS) == 1
    output = output_of(folder).read_text()
    assert found.json()["email"] == RECIPIENT
    assert "nothing is parked" in commands["parked list"].stdout
    assert {name: done.stderr for name, done in commands.items() if is_broken(done)} == {}
    assert ["已受理" in text for text in mails] == [True]
    assert "review has ended (exit -9); the end of its log:" in output
    assert '"service":"review"' in output


def test_reset_removes_the_stack(environment: Environment) -> None:
    answer = run_command(environment, "reset")

    assert answer.returncode == 0, answer.stderr
    assert not Path(environment["GREEN_LOCAL_FOLDER"]).exists()
