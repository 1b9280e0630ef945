import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from chassis.broker.topology import definitions
from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.private_servers import PrivateServers
from devkit.servers import ServerDiedError, free_ports
from devkit.servers.processes import ManagedProcess
from messages.notify import NoticeDelivered
from messages.values import Role

from .readme_example import example_code

pytestmark = pytest.mark.connected

MAIN = """
import rulebook
from chassis.inbox.subscriptions import subscribe
from chassis.scheduling.job import Job
from chassis.observability.gauges import DomainGauge
from chassis.runtime.entrypoint import run
from chassis.runtime.service import ServiceDefinition
from chassis.settings import Settings
from datetime import timedelta

async def count(event, store, now):
    notice = await store.notices.require(event.notice_id)
    store.notices.save("consumed:" + event.notice_id, notice)
    return []

async def due(store, now):
    return [] if await store.notices.get("by-job") else ["by-job"]

async def work(item, store, now):
    store.notices.save(item, Notice(item, "li"))
    return []

async def count_notices(store, now):
    return {(): await store.notices.count()}

run(ServiceDefinition("notify", Settings.load(), rulebook, Store, AGGREGATES,
    subscriptions=(subscribe(NoticeDelivered, count),), router=router,
    jobs=(Job("mark", due, str, work, timedelta(seconds=1)),),
    gauges=(DomainGauge("stored", "Notices", count_notices),)))
"""
"""The service of the README with a subscription, a job and a gauge."""


def program() -> str:
    return f"{example_code()}{MAIN}"


class RunningService:
    def __init__(
        self, child: ManagedProcess, client: httpx2.AsyncClient, monitoring: httpx2.AsyncClient, token: str, log: Path
    ) -> None:
        self.child = child
        self.client = client
        self.monitoring = monitoring
        self.log = log
        client.headers["Authorization"] = f"Bearer {token}"

    async def answers(self, path: str, status: int) -> bool:
        try:
            return (await self.monitoring.get(path)).status_code == status
        except httpx2.TransportError:
            return False

    async def until_ready(self) -> None:
        await self.child.wait_until(lambda: self.answers("/readyz", 200), within=30)

    async def exports(self, line: str) -> bool:
        return line in (await self.monitoring.get("/metrics")).text

    async def commits(self, notice: str) -> bool:
        """Whether the service commits a command; it may refuse the connection for a moment."""
        try:
            answer = await self.client.post(f"/v1/notices/{notice}", headers={"Idempotency-Key": notice})
        except httpx2.TransportError:
            return False
        return answer.status_code == 201

    def lines(self) -> list[str]:
        return [json.loads(line)["event"] for line in self.log.read_text().splitlines() if line.startswith("{")]


@pytest.fixture
async def environment(servers: PrivateServers, tmp_path: Path) -> dict[str, str]:
    topology = {**definitions({"notify": [NoticeDelivered]}), "users": [{"name": "notify"}]}
    vhost = await servers.vhost(topology)
    database = await servers.database("notify")
    return {
        "GREEN_MODE": "local",
        "GREEN_MONGO_URL": database.url,
        "GREEN_DATABASE": database.name,
        "GREEN_AMQP_URL": servers.amqp_url(vhost, "notify"),
        "GREEN_JWKS_FILE": str(tmp_path / "jwks.json"),
    }


@asynccontextmanager
async def run_service(
    folder: Path, environment: dict[str, str], *, descriptors: int = 4096, **settings: str
) -> AsyncIterator[RunningService]:
    port, monitoring_port = free_ports(2)
    token = DevelopmentIssuer(folder, Mode.LOCAL).mint(role=Role.EXPERT, subject="li")
    named = {f"GREEN_{name.upper()}": value for name, value in settings.items()}
    log = folder / f"{port}.log"
    child = ManagedProcess(
        ["sh", "-c", f'ulimit -Sn {descriptors} && exec "$@"', "sh", sys.executable, "-c", program()],
        log=log,
        environment={
            "GREEN_PORT": str(port),
            "GREEN_MONITORING_PORT": str(monitoring_port),
            **environment,
            **named,
        },
    )
    try:
        async with (
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{monitoring_port}") as monitoring,
        ):
            yield RunningService(child, client, monitoring, token, log)
    finally:
        await child.kill()


@asynccontextmanager
async def connection(port: int | None) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def test_one_process_publishes_the_event_of_a_command_and_consumes_it(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with run_service(tmp_path, environment) as service:
        await service.until_ready()

        answer = await service.client.post("/v1/notices/n-1", headers={"Idempotency-Key": "k"})
        assert answer.status_code == 201, answer.text

        async def effects() -> bool:
            notices = (await service.client.get("/v1/notices")).json()
            return len(notices) == 3

        await service.child.wait_until(effects, within=10)
        assert await service.exports("green_relay_published_total 1.0")
        assert await service.exports('green_work_items_total{outcome="done"}')
        assert await service.exports('green_job_runs_total{job="mark",outcome="done"} 1.0')


async def test_service_stops_in_order_and_without_an_error(environment: dict[str, str], tmp_path: Path) -> None:
    async with run_service(tmp_path, environment) as service:
        await service.until_ready()

        await service.child.stop(10)

        assert service.child.popen.returncode == 0
        assert service.lines()[-1] == "stopped"
        assert "Traceback" not in service.log.read_text()


async def test_every_role_serves_health_and_only_the_api_role_serves_routes(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        roles = {
            role: await stack.enter_async_context(run_service(tmp_path, environment, role=role))
            for role in ("api", "worker", "jobs")
        }
        for service in roles.values():
            await service.until_ready()

        assert (await roles["api"].client.get("/v1/notices")).status_code == 200
        for role in ("worker", "jobs"):
            with pytest.raises(httpx2.ConnectError):
                await roles[role].client.get("/v1/notices")
        assert (await roles["api"].client.get("/metrics")).status_code == 404
        assert "paths" in (await roles["api"].monitoring.get("/openapi.json")).json()
        await roles["jobs"].child.wait_until(lambda: roles["jobs"].exports("green_stored "), within=10)
        assert not any([await roles[role].exports("green_stored") for role in ("api", "worker")])
        for service in roles.values():
            assert (await service.monitoring.get("/livez")).json()["ok"]
            assert await service.exports("process_cpu_seconds_total")


async def test_enormous_body_is_refused_before_it_is_read(environment: dict[str, str], tmp_path: Path) -> None:
    async with run_service(tmp_path, environment, role="api") as service:
        await service.until_ready()
        async with connection(service.client.base_url.port) as (reader, writer):
            head = "POST /v1/notices/n-1 HTTP/1.1\r\nHost: green\r\nContent-Length: 200000000\r\n\r\n"
            writer.write(head.encode() + b"x" * 500_000)
            answer = (await reader.read()).decode()

        assert answer.startswith("HTTP/1.1 413")
        assert "body-too-large" in answer


@pytest.mark.parametrize("event_loop", ["uvloop", "asyncio"])
async def test_connection_that_says_nothing_or_half_is_closed_by_the_process(
    environment: dict[str, str], tmp_path: Path, event_loop: str
) -> None:
    settings = {"head_timeout_seconds": "0.5", "body_timeout_seconds": "0.5", "event_loop": event_loop}
    async with run_service(tmp_path, environment, role="api", **settings) as service:
        await service.until_ready()
        head = b"POST /v1/notices/n-1 HTTP/1.1\r\nHost: green\r\nContent-Length: 9\r\n"
        for sent in (b"", head, head + b"\r\nhalf"):
            async with connection(service.client.base_url.port) as (reader, writer):
                writer.write(sent)
                async with asyncio.timeout(10):
                    answer = await reader.read()

            assert answer.startswith(b"HTTP/1.1 4") if sent else answer == b""


@pytest.mark.parametrize("event_loop", ["uvloop", "asyncio"])
async def test_siege_takes_neither_all_descriptors_nor_the_disk(
    environment: dict[str, str], tmp_path: Path, event_loop: str
) -> None:
    async with run_service(tmp_path, environment, descriptors=260, role="api", event_loop=event_loop) as service:
        await service.until_ready()
        before = len(service.log.read_bytes())
        besiegers = [await asyncio.open_connection("127.0.0.1", service.client.base_url.port) for _ in range(200)]

        assert (await service.monitoring.get("/readyz")).json()["checks"]["database"] == "ok"
        for _, writer in besiegers:
            writer.transport.abort()
        await service.child.wait_until(lambda: service.commits("after"), within=10)
        assert len(service.log.read_bytes()) - before < 10_000


async def test_api_without_its_broker_commits_stays_ready_and_reports_the_broker(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with run_service(tmp_path, await without_broker(environment), role="api", ready_lag_seconds="0.1") as service:
        await service.child.wait_until(lambda: service.answers("/livez", 200), within=30)

        posted = await service.client.post("/v1/notices/n-1", headers={"Idempotency-Key": "k"})
        await asyncio.sleep(1.5)
        ready = await service.monitoring.get("/readyz")

        assert posted.status_code == 201
        assert (ready.status_code, ready.json()["ok"]) == (200, True)
        assert ready.json()["checks"]["database"] == "ok"
        assert ready.json()["checks"]["broker"] != "ok"
        assert "not tried" in ready.json()["checks"]["relay"]


async def test_consumer_without_its_broker_is_alive_but_not_ready(environment: dict[str, str], tmp_path: Path) -> None:
    """The role ``jobs`` waits for no queue before it answers."""
    async with run_service(tmp_path, await without_broker(environment), role="jobs") as service:
        await service.child.wait_until(lambda: service.answers("/livez", 200), within=30)

        assert (await service.monitoring.get("/readyz")).status_code == 503


async def without_broker(environment: dict[str, str]) -> dict[str, str]:
    (closed,) = free_ports(1)
    return {**environment, "GREEN_AMQP_URL": f"amqp://notify:stand@127.0.0.1:{closed}/green"}


async def test_invalid_settings_stop_the_service_with_a_line_for_each(tmp_path: Path) -> None:
    async with run_service(tmp_path, {"GREEN_MODE": "local"}) as service:
        with pytest.raises(ServerDiedError, match="ended with 1"):
            await service.until_ready()

        text = service.log.read_text()
        assert [line.split(":")[0] for line in text.splitlines()] == [
            "GREEN_MONGO_URL",
            "GREEN_DATABASE",
            "GREEN_AMQP_URL",
            "GREEN_JWKS_FILE",
        ]
