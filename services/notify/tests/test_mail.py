"""N2: one e-mail's trouble is its own; how the server is spoken to, and what production refuses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from chassis.clock import FixedClock
from chassis.settings import SettingsError
from devkit.in_memory_system import InMemorySystem, ServiceUnderTest
from devkit.servers import free_ports
from messages.applications import ApplicationRefused
from messages.values import Role
from notify import handlers
from notify.bus import SUBSCRIPTIONS
from notify.domain.notification import MAX_ATTEMPTS, Delivery
from notify.domain.recipients import Recipient
from notify.jobs import jobs
from notify.mail import Send, make_sender
from notify.settings import Settings
from notify.store import AGGREGATES, INDEXES, Store

AT = datetime(2026, 4, 1, 2, tzinfo=UTC)
STEEL, DAIRY = "911502000000000271", "911501000000000191"


def refused(uscc: str, name: str) -> ApplicationRefused:
    return ApplicationRefused.model_validate(
        {
            "application_id": f"app-{uscc}",
            "unit": {"uscc": uscc, "name": name, "unit_type": "factory", "prefecture": "150200"},
            "level": "region",
            "batch_year": 2026,
            "evaluation": {"way": "self"},
            "rule_set": "2024-01-19",
            "refused_on": "2026-04-01",
            "reasons": [{"rule": "E11", "article": "第二十五条", "code": "banned", "text": "三年内不得重新申报。"}],
            "sequence": 1,
        }
    )


@dataclass
class Server:
    """A mail server that keeps what it takes."""

    port: int
    users: dict[bytes, bytes] = field(default_factory=dict)
    taken: list[tuple[str, str]] = field(default_factory=list)
    """Address and subject."""

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.users and not session.authenticated:
            return "530 log in first"
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.taken.append((envelope.rcpt_tos[0], message["Subject"]))
        return "250 kept"

    def known(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: object) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=self.users.get(given.login) == given.password)


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    made = lambda: SMTP(server, hostname="localhost", authenticator=server.known, auth_require_tls=False, loop=loop)  # noqa: E731 - what asyncio asks for
    async with await loop.create_server(made, "127.0.0.1", server.port):
        yield server


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with listening(Server(free_ports(1)[0])) as opened:
        yield opened


def settings(monkeypatch: pytest.MonkeyPatch, **given: str) -> Settings:
    needed = {
        "mongo_url": "mongodb://u:p@127.0.0.1/",
        "amqp_url": "amqp://u:p@127.0.0.1/",
        "database": "notify",
        "jwks_file": "/jwks.json",
        "issuer": "https://sso.example.cn",
    }
    for name, value in (needed | given).items():
        monkeypatch.setenv(f"GREEN_{name.upper()}", value)
    return Settings.load()


class Desk:
    """Notify with two applicants who want e-mail."""

    def __init__(self, send: Send) -> None:
        self.clock = FixedClock(AT)
        self.world = InMemorySystem(
            ServiceUnderTest("notify", SUBSCRIPTIONS, Store, AGGREGATES, INDEXES, jobs(send, 10)), clock=self.clock
        )

    async def hear(self, *names: str) -> None:
        for uscc, name in zip((STEEL, DAIRY), names, strict=True):
            reader = Recipient(Role.APPLICANT, organisation=uscc)
            contact = handlers.SetContact(reader, f"{uscc}@example.invalid", "zh")
            await self.world.perform("notify", handlers.set_contact, contact)
            await self.world.publish(refused(uscc, name))

    async def look(self, times: int = 3) -> None:
        for _ in range(times):
            await self.world.run_jobs()
            self.clock.move_to(self.clock.now() + timedelta(hours=1))

    async def deliveries(self) -> dict[str, Delivery]:
        return {each.reader.split("|")[1]: each for each in await self.world.read("notify").deliveries.find()}


@pytest.mark.rule("N2")
async def test_a_line_break_in_a_name_is_folded_and_nobodys_mail_goes_out_twice(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(make_sender(settings(monkeypatch, smtp_port=str(server.port))))
    await desk.hear("甲\n乙", "丙")

    await desk.look()

    assert sorted(server.taken) == [
        (f"{DAIRY}@example.invalid", "申报不予受理：丙"),
        (f"{STEEL}@example.invalid", "申报不予受理：甲 乙"),
    ]
    assert {each.state for each in (await desk.deliveries()).values()} == {"delivered"}


@pytest.mark.rule("N2")
async def test_whatever_one_mail_meets_is_its_own_cause_and_the_others_are_sent_once() -> None:
    sent = []

    async def send(address: str, _title: str, _body: str, _message_id: str) -> None:
        if address.startswith(STEEL):
            raise RuntimeError(f"cannot write to {address}")
        sent.append(address)

    desk = Desk(send)
    await desk.hear("甲", "丙")

    await desk.look(MAX_ATTEMPTS + 2)

    assert sent == [f"{DAIRY}@example.invalid"]
    parked = (await desk.deliveries())[STEEL]
    assert (parked.state, parked.attempts, parked.cause) == ("failed", MAX_ATTEMPTS, "RuntimeError")


@pytest.mark.rule("N2")
async def test_a_server_that_asks_for_a_name_is_told_it_with_the_password_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("secret\n")
    named = {"smtp_user": "green", "smtp_password_file": str(tmp_path / "password")}
    async with listening(Server(free_ports(1)[0], users={b"green": b"secret"})) as server:
        desk = Desk(make_sender(settings(monkeypatch, smtp_port=str(server.port), **named)))
        await desk.hear("甲", "丙")
        await desk.look()

    assert len(server.taken) == 2


async def test_a_server_without_tls_gets_no_mail_where_tls_is_asked_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(make_sender(settings(monkeypatch, smtp_port=str(server.port), smtp_tls="starttls")))
    await desk.hear("甲", "丙")

    await desk.look(1)

    assert server.taken == []
    assert {each.cause for each in (await desk.deliveries()).values()} == {"SMTPException"}


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"mode": "production"}, {"GREEN_SMTP_SENDER"}),
        ({"smtp_user": "green"}, {"GREEN_SMTP_PASSWORD_FILE"}),
        ({"smtp_password_file": __file__}, {"GREEN_SMTP_PASSWORD_FILE"}),
        ({"smtp_user": "green", "smtp_password_file": "/nowhere"}, {"GREEN_SMTP_PASSWORD_FILE"}),
        (
            {"mode": "production", "smtp_sender": "a@b.cn", "smtp_user": "green", "smtp_password_file": __file__},
            {"GREEN_SMTP_USER"},
        ),
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
