"""Rounds of HTTP submits of 4 KB to a real server process with token, policy and idempotency key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from chassis.security.dev_issuer import DevelopmentIssuer
from chassis.settings import Mode
from devkit.private_servers import PrivateServers
from devkit.servers.processes import free_ports

from tests.bench.competitor import Servers, server_process
from tests.bench.hop_rounds import SERVICE, topology
from tests.bench.load_process import LoadProcess, LoadResult, load_process, request, write_requests
from tests.bench.measure import Latencies, Run
from tests.support.service_environment import service_environment

CONNECTIONS = 64
ROUNDS = 3
SECONDS = 2.5
WARM_UP_SECONDS = 1.0
PATIENCE = 30.0
BODY = 4096
TEXT = "绿" * (BODY // 3 - 20)
MOST_REQUESTS = 8_000
"""In one run; one that has answered them all ends early."""
GROUPED, SINGLE_COMMIT = 100, 1
"""Most submits in one commit."""


@dataclass
class Submits:
    """By batch size: rate at full load, latencies then, and latencies at half of it."""

    full: dict[int, list[Run]] = field(default_factory=lambda: defaultdict(list))
    at_full: dict[int, list[Latencies]] = field(default_factory=lambda: defaultdict(list))
    at_half: dict[int, list[Latencies]] = field(default_factory=lambda: defaultdict(list))

    def add(self, batch: int, run: Run, full: Latencies, half: Latencies) -> None:
        self.full[batch].append(run)
        self.at_full[batch].append(full)
        self.at_half[batch].append(half)


async def submit_rounds(servers: Servers, folder: Path) -> Submits:
    """Group commit and a transaction for each request in turn, each with its own server and database."""
    submits, issuer = Submits(), DevelopmentIssuer(folder / "keys", Mode.LOCAL)
    async with (
        load_process() as load,
        _server(GROUPED, servers, issuer) as grouped,
        _server(SINGLE_COMMIT, servers, issuer) as single,
    ):
        requests = _Requests(folder, issuer.mint(role="regional_officer"))
        for server in (grouped, single):
            await load.run_closed([server.port], requests.write(), CONNECTIONS, WARM_UP_SECONDS)
        for number in range(1, ROUNDS + 1):
            for server in (grouped, single):
                run, full, half = await _round(server, servers, load, requests)
                print(f"round {number}  submits in batches of {server.batch:3} {run.rate:8.0f}/s", flush=True)
                submits.add(server.batch, run, full, half)
    return submits


async def _round(
    server: _MeasuredServer, servers: Servers, load: LoadProcess, requests: _Requests
) -> tuple[Run, Latencies, Latencies]:
    """Without pause on all connections, then at half of that rate in an open loop."""
    cpu_time = servers.cpu_time(server.pid)
    full = _latencies(await load.run_closed([server.port], requests.write(), CONNECTIONS, SECONDS))
    done = len(full.seconds)
    run = Run(done, done / full.rate, cpu_time.used())
    half = await load.run_open(server.port, requests.write(), [(run.rate / 2, SECONDS)], PATIENCE)
    return run, full, _latencies(half)


def _latencies(result: LoadResult) -> Latencies:
    if failed := sorted({each.status for each in result.answers if not each.succeeded}):
        raise RuntimeError(f"submits failed: {failed}")
    last = max(each.answered or 0.0 for each in result.answers)
    return Latencies(tuple(each.seconds for each in result.answers), len(result.answers) / last)


@dataclass(frozen=True)
class _MeasuredServer:
    batch: int
    pid: int
    port: int


@dataclass
class _Requests:
    """Files of requests, each request once."""

    folder: Path
    token: str

    def write(self) -> Path:
        file = self.folder / f"requests-{uuid4().hex}"
        return write_requests(file, [self._request() for _ in range(MOST_REQUESTS)])

    def _request(self) -> bytes:
        name = uuid4().hex
        return request("POST", "/v1/notices", self.token, name, {"notice": name, "text": TEXT})


@asynccontextmanager
async def _server(batch: int, servers: Servers, issuer: DevelopmentIssuer) -> AsyncIterator[_MeasuredServer]:
    private = PrivateServers(servers.broker, servers.mongod)
    vhost, database = await private.vhost(topology()), await private.database("submit")
    port, monitoring = free_ports(2)
    variables = service_environment(private.amqp_url(vhost, SERVICE), database, issuer) | {
        "GREEN_PORT": str(port),
        "GREEN_MONITORING_PORT": str(monitoring),
        "GREEN_ROLE": "api",
        "GREEN_MAX_BATCH_SIZE": str(batch),
        "GREEN_LOG_LEVEL": "ERROR",
    }
    async with server_process("tests.bench.submit_server", variables) as process:
        yield _MeasuredServer(batch, process.pid, port)
