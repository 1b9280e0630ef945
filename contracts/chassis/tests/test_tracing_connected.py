"""One trace over two services, each a process of its own, on the real broker and database."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from chassis.broker.topology import definitions
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.private_servers import PrivateServers
from devkit.servers import free_ports
from devkit.servers.processes import ManagedProcess
from messages.notify import NoticeDelivered
from messages.values import Role

from .collector import Collector, Seen, collecting
from .readme import example

pytestmark = pytest.mark.connected

SPEAKER = """
run(ServiceDefinition("notify", Settings.load(), Store, AGGREGATES, router=router))
"""
HEARER = """
async def note(event, store, now):
    import structlog
    structlog.get_logger("hearer").warning("noted")
    store.notices.save(event.notice_id, Notice(event.notice_id, "li"))
    return []

run(ServiceDefinition("review", Settings.load(), Store, {},
    subscriptions=(subscribe(NoticeDelivered, note, Store),), router=router))
"""
PROGRAMS = {"notify": SPEAKER, "review": HEARER}
IMPORTS = """
from chassis.inbox.subscriptions import subscribe
from chassis.runtime.run import run
from chassis.runtime.service import ServiceDefinition
from chassis.settings import Settings
"""
SECRET = "150102199003078888"
"""Would be a person's number: no span may hold it."""


@pytest.fixture
async def vhost(servers: PrivateServers) -> str:
    topology = definitions({"notify": [], "review": [NoticeDelivered]})
    return await servers.vhost({**topology, "users": [{"name": "notify"}, {"name": "review"}]})


class Started:
    def __init__(self, child: ManagedProcess, client: httpx2.AsyncClient) -> None:
        self.child = child
        self.client = client

    async def has(self, path: str) -> bool:
        try:
            answer = await self.client.get(path)
        except httpx2.TransportError:
            return False
        return answer.status_code == 200 and answer.json() != []


@asynccontextmanager
async def started(
    service: str, servers: PrivateServers, vhost: str, folder: Path, collector: Collector
) -> AsyncIterator[Started]:
    """One process of a service; ended in order, so that its last spans are sent."""
    database = await servers.database(service)
    (port,) = free_ports(1)
    environment = {
        "GREEN_PORT": str(port),
        "GREEN_MONGO_URL": database.url,
        "GREEN_DATABASE": database.name,
        "GREEN_AMQP_URL": servers.amqp_url(vhost, service),
        "GREEN_JWKS_FILE": str(folder / "jwks.json"),
        "GREEN_OTLP_ENDPOINT": collector.address,
    }
    token = DevelopmentIssuer(folder, Mode.LOCAL).mint(role=Role.EXPERT, subject="li")
    command = [sys.executable, "-c", f"{example()}{IMPORTS}{PROGRAMS[service]}"]
    child = ManagedProcess(command, log=folder / f"{service}.log", environment=environment)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            one = Started(child, client)
            await child.until(lambda: one.has("/readyz"), within=30)
            yield one
        await child.stop(15)
    finally:
        await child.kill()


async def test_a_command_its_event_and_the_events_effect_elsewhere_are_one_trace(
    servers: PrivateServers, vhost: str, tmp_path: Path
) -> None:
    with collecting() as collector:
        async with (
            started("notify", servers, vhost, tmp_path, collector) as speaker,
            started("review", servers, vhost, tmp_path, collector) as hearer,
        ):
            sent = await speaker.client.post(f"/v1/notices/{SECRET}", headers={"Idempotency-Key": "k"})
            assert sent.status_code == 201
            await hearer.child.until(lambda: hearer.has("/v1/notices"), within=15)

    (request,) = [span for span in collector.spans if span.name == "POST /v1/notices/{notice_id}"]
    trace = [span for span in collector.spans if span.trace == request.trace]
    assert ancestry(trace) == {
        ("notify", "POST /v1/notices/{notice_id}", ""),
        ("notify", "work", "POST /v1/notices/{notice_id}"),
        ("notify", "handle", "work"),
        ("notify", "commit", "work"),
        ("notify", "find notices", "handle"),
        ("notify", "find inbox", "commit"),
        ("notify", "insert inbox", "commit"),
        ("notify", "insert notices", "commit"),
        ("notify", "insert outbox", "commit"),
        ("notify", "commitTransaction", "commit"),
        ("notify", "publish notify.notice.delivered.v1", "handle"),
        ("review", "process notify.notice.delivered.v1", "handle"),
        ("review", "work", "process notify.notice.delivered.v1"),
        ("review", "handle", "work"),
        ("review", "commit", "work"),
        ("review", "find inbox", "commit"),
        ("review", "find notices", "handle"),
        ("review", "insert inbox", "commit"),
        ("review", "insert notices", "commit"),
        ("review", "commitTransaction", "commit"),
    }
    assert SECRET not in str(collector.spans)
    assert noted(tmp_path / "review.log") == request.trace.hex()


def ancestry(trace: list[Seen]) -> set[tuple[str, str, str]]:
    """Service, name and the parent's name; a command of the database by its collection."""
    names = {span.identity: span.name for span in trace}
    return {(span.service, _told(span), names.get(span.parent, "")) for span in trace}


def _told(span: Seen) -> str:
    if "db.system" not in span.attributes:
        return span.name
    return f"{span.attributes['db.statement']} {span.attributes.get('db.mongodb.collection', '')}".strip()


def noted(log: Path) -> str:
    """The trace that the handler's own line names."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    (line,) = [each for each in lines if each["event"] == "noted"]
    return str(line["trace_id"])
