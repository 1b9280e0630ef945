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

from .collector import CollectedSpan, Collector, run_collector
from .readme_example import example_code

pytestmark = pytest.mark.connected

PUBLISHER_PROGRAM = """
run(ServiceDefinition("notify", Settings.load(), rulebook, Store, AGGREGATES, router=router))
"""
CONSUMER_PROGRAM = """
async def note(event, store, now):
    import structlog
    structlog.get_logger("consumer").warning("noted")
    store.notices.save(event.notice_id, Notice(event.notice_id, "li"))
    return []

run(ServiceDefinition("review", Settings.load(), rulebook, Store, {},
    subscriptions=(subscribe(NoticeDelivered, note),), router=router))
"""
PROGRAMS = {"notify": PUBLISHER_PROGRAM, "review": CONSUMER_PROGRAM}
IMPORTS = """
import rulebook
from chassis.inbox.subscriptions import subscribe
from chassis.runtime.entrypoint import run
from chassis.runtime.service import ServiceDefinition
from chassis.settings import Settings
"""
SECRET = "150102199003078888"
"""Stands for a person's number, which no span may hold."""


@pytest.fixture
async def vhost(servers: PrivateServers) -> str:
    topology = definitions({"notify": [], "review": [NoticeDelivered]})
    return await servers.vhost({**topology, "users": [{"name": "notify"}, {"name": "review"}]})


class RunningService:
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
async def run_service(
    service: str, servers: PrivateServers, vhost: str, folder: Path, collector: Collector
) -> AsyncIterator[RunningService]:
    """Run one process of a service and stop it in order, so that its last spans are sent."""
    database = await servers.database(service)
    port, monitoring = free_ports(2)
    environment = {
        "GREEN_PORT": str(port),
        "GREEN_MONITORING_PORT": str(monitoring),
        "GREEN_MODE": "local",
        "GREEN_MONGO_URL": database.url,
        "GREEN_DATABASE": database.name,
        "GREEN_AMQP_URL": servers.amqp_url(vhost, service),
        "GREEN_JWKS_FILE": str(folder / "jwks.json"),
        "GREEN_OTLP_ENDPOINT": collector.address,
    }
    token = DevelopmentIssuer(folder, Mode.LOCAL).mint(role=Role.EXPERT, subject="li")
    command = [sys.executable, "-c", f"{example_code()}{IMPORTS}{PROGRAMS[service]}"]
    child = ManagedProcess(command, log=folder / f"{service}.log", environment=environment)
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            running = RunningService(child, client)
            await child.wait_until(lambda: running.has(f"http://127.0.0.1:{monitoring}/readyz"), within=30)
            yield running
        await child.stop(15)
    finally:
        await child.kill()


async def test_command_event_and_effect_in_another_service_are_one_trace(
    servers: PrivateServers, vhost: str, tmp_path: Path
) -> None:
    with run_collector() as collector:
        async with (
            run_service("notify", servers, vhost, tmp_path, collector) as publisher,
            run_service("review", servers, vhost, tmp_path, collector) as consumer,
        ):
            sent = await publisher.client.post(f"/v1/notices/{SECRET}", headers={"Idempotency-Key": "k"})
            assert sent.status_code == 201
            await consumer.child.wait_until(lambda: consumer.has("/v1/notices"), within=15)

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
        ("review", "insert inbox", "commit"),
        ("review", "insert notices", "commit"),
        ("review", "commitTransaction", "commit"),
    }
    assert SECRET not in str(collector.spans)
    assert logged_trace_id(tmp_path / "review.log") == request.trace.hex()


def ancestry(trace: list[CollectedSpan]) -> set[tuple[str, str, str]]:
    """Service, name and parent's name of each span; a database command is named by its collection."""
    names = {span.identity: span.name for span in trace}
    return {(span.service, _name_of(span), names.get(span.parent, "")) for span in trace}


def _name_of(span: CollectedSpan) -> str:
    if "db.system" not in span.attributes:
        return span.name
    return f"{span.attributes['db.statement']} {span.attributes.get('db.mongodb.collection', '')}".strip()


def logged_trace_id(log: Path) -> str:
    """Trace identifier in the handler's log line."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    (line,) = [each for each in lines if each["event"] == "noted"]
    return str(line["trace_id"])
