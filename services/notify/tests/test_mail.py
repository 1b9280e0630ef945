"""N2: each e-mail fails by itself; the dialogue with the server, and the settings that production refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from chassis.settings import SettingsError
from devkit.servers import free_ports
from messages.values import Role
from notify.domain.notification import MAX_ATTEMPTS
from notify.domain.recipients import Recipient
from notify.mail import make_sender
from notify.settings import Settings

from .builders import DAIRY, STEEL, application_refused
from .harness import NotifySystem


@dataclass
class MailServer:
    """A mail server that remembers the e-mails it accepts."""

    port: int
    users: dict[bytes, bytes] = field(default_factory=dict)
    accepted: list[tuple[str, str]] = field(default_factory=list)
    """Address and subject."""

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.users and not session.authenticated:
            return "530 log in first"
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.accepted.append((envelope.rcpt_tos[0], message["Subject"]))
        return "250 accepted"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _method: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=self.users.get(given.login) == given.password)


@asynccontextmanager
async def listening(server: MailServer) -> AsyncIterator[MailServer]:
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(server, hostname="localhost", authenticator=server.authenticate, auth_require_tls=False, loop=loop)

    async with await loop.create_server(protocol, "127.0.0.1", server.port):
        yield server


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with listening(MailServer(free_ports(1)[0])) as opened:
        yield opened


def settings(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    needed = {
        "mode": "local",
        "smtp_tls": "opportunistic",
        "mongo_url": "mongodb://u:p@127.0.0.1/?tls=true",
        "amqp_url": "amqps://u:p@127.0.0.1/",
        "database": "notify",
        "jwks_file": "/jwks.json",
        "issuer": "https://sso.example.cn",
    }
    for name, value in (needed | given).items():
        monkeypatch.setenv(f"GREEN_{name.upper()}", value)
    return Settings.load()


async def refuse_two(system: NotifySystem, *names: str) -> None:
    """Refuse the applications of two units of these names, who want e-mail."""
    for uscc, name in zip((STEEL, DAIRY), names, strict=True):
        reader = Recipient(Role.APPLICANT, organisation=uscc)
        await system.set_contact(reader, f"{uscc}@example.invalid")
        await system.publish(application_refused(uscc, name))


@pytest.mark.rule("N2")
async def test_a_line_break_in_a_name_is_folded_and_nobodys_mail_goes_out_twice(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = NotifySystem(make_sender(settings(monkeypatch, smtp_port=str(server.port))))
    await refuse_two(system, "甲\n乙", "丙")

    await system.run_jobs_hourly()

    assert sorted(server.accepted) == [
        (f"{DAIRY}@example.invalid", "申报不予受理：丙"),
        (f"{STEEL}@example.invalid", "申报不予受理：甲 乙"),
    ]
    assert {each.state for each in (await system.deliveries()).values()} == {"delivered"}


@pytest.mark.rule("N2")
async def test_whatever_one_mail_meets_is_its_own_cause_and_the_others_are_sent_once() -> None:
    sent = []

    async def send(address: str, _title: str, _body: str, _message_id: str) -> None:
        if address.startswith(STEEL):
            raise RuntimeError(f"cannot write to {address}")
        sent.append(address)

    system = NotifySystem(send)
    await refuse_two(system, "甲", "丙")

    await system.run_jobs_hourly(MAX_ATTEMPTS + 2)

    assert sent == [f"{DAIRY}@example.invalid"]
    parked = (await system.deliveries())[STEEL]
    assert (parked.state, parked.attempts, parked.cause) == ("failed", MAX_ATTEMPTS, "RuntimeError")


@pytest.mark.rule("N2")
async def test_a_server_that_asks_for_a_name_is_told_it_with_the_password_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("secret\n")
    named = {"smtp_user": "green", "smtp_password_file": str(tmp_path / "password")}
    async with listening(MailServer(free_ports(1)[0], users={b"green": b"secret"})) as server:
        system = NotifySystem(make_sender(settings(monkeypatch, smtp_port=str(server.port), **named)))
        await refuse_two(system, "甲", "丙")
        await system.run_jobs_hourly()

    assert len(server.accepted) == 2


async def test_a_server_without_tls_gets_no_mail_where_tls_is_asked_for(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = NotifySystem(make_sender(settings(monkeypatch, smtp_port=str(server.port), smtp_tls="starttls")))
    await refuse_two(system, "甲", "丙")

    await system.run_jobs_hourly(1)

    assert server.accepted == []
    assert {each.cause for each in (await system.deliveries()).values()} == {"SMTPException"}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"mode": "production"}, {"GREEN_SMTP_SENDER", "GREEN_SMTP_TLS"}),
        ({"smtp_user": "green"}, {"GREEN_SMTP_PASSWORD_FILE"}),
        ({"smtp_password_file": __file__}, {"GREEN_SMTP_PASSWORD_FILE"}),
        ({"smtp_user": "green", "smtp_password_file": "/nowhere"}, {"GREEN_SMTP_PASSWORD_FILE"}),
    ],
)
def test_settings_of_mail_that_cannot_be_right_are_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], wrong: set[str]
) -> None:
    with pytest.raises(SettingsError) as refused_at_start:
        settings(monkeypatch, **given)

    assert wrong <= set(refused_at_start.value.problems)


def test_production_takes_a_sender_of_its_own_and_a_user_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"smtp_user": "green", "smtp_password_file": __file__, "smtp_tls": "starttls"}

    assert settings(monkeypatch, mode="production", smtp_sender="green@gxt.example.cn", **named).smtp_user == "green"
