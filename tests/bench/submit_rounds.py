"""Rounds of HTTP submits of 4 KB to a real server process with token, policy and idempotency key."""

from __future__ import annotations

import asyncio
import json
import time
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
from tests.bench.measure import Latencies, Run
from tests.support.service_environment import service_environment

CONNECTIONS = 64
ROUNDS = 3
SECONDS = 2.5
BODY = 4096
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
    async with _server(GROUPED, servers, issuer) as grouped, _server(SINGLE_COMMIT, servers, issuer) as single:
        for number in range(1, ROUNDS + 1):
            for server in (grouped, single):
                run, full, half = await _round(server, servers)
                print(f"round {number}  submits in batches of {server.batch:3} {run.rate:8.0f}/s", flush=True)
                submits.add(server.batch, run, full, half)
    return submits


async def _round(server: _MeasuredServer, servers: Servers) -> tuple[Run, Latencies, Latencies]:
    cpu_time = servers.cpu_time(server.pid)
    full = await server.load.run(SECONDS)
    done = len(full.seconds)
    run = Run(done, done / full.rate, cpu_time.used())
    return run, full, await server.load.run(SECONDS, rate=run.rate / 2)


@dataclass(frozen=True)
class _MeasuredServer:
    batch: int
    pid: int
    load: LoadGenerator


@asynccontextmanager
async def _server(batch: int, servers: Servers, issuer: DevelopmentIssuer) -> AsyncIterator[_MeasuredServer]:
    """Start a server and warm it up."""
    private = PrivateServers(servers.broker, servers.mongod)
    vhost, database, (port,) = await private.vhost(topology()), await private.database("submit"), free_ports(1)
    variables = service_environment(private.amqp_url(vhost, SERVICE), database, issuer) | {
        "GREEN_PORT": str(port),
        "GREEN_ROLE": "api",
        "GREEN_MAX_BATCH_SIZE": str(batch),
        "GREEN_LOG_LEVEL": "ERROR",
    }
    async with server_process("tests.bench.submit_server", variables) as process:
        load = LoadGenerator(port, issuer.mint(role="regional_officer"))
        await load.run(1.0)
        yield _MeasuredServer(batch, process.pid, load)


class LoadGenerator:
    """Keep-alive connections that post and wait for the answer, without pause or at a steady rate."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._text = "绿" * (BODY // 3 - 20)

    async def run(self, seconds: float, rate: float | None = None) -> Latencies:
        """Post for ``seconds`` and wait for the last answer; at a steady rate latency counts from the due time."""
        began = time.perf_counter()
        interval = 0.0 if rate is None else CONNECTIONS / rate
        workers = [
            self._post_until(began + seconds, interval, interval * index / CONNECTIONS) for index in range(CONNECTIONS)
        ]
        latencies_ = [latency for worker in await asyncio.gather(*workers) for latency in worker]
        return Latencies(tuple(latencies_), len(latencies_) / (time.perf_counter() - began))

    async def _post_until(self, until: float, interval: float, offset: float) -> list[float]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        latencies = []
        due = time.perf_counter() + offset
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began = due if interval else time.perf_counter()
            writer.write(self._request())
            await self._read_answer(reader)
            latencies.append(time.perf_counter() - began)
            due = due + interval if interval else time.perf_counter()
        writer.close()
        return latencies

    def _request(self) -> bytes:
        name = uuid4().hex
        body = json.dumps({"notice": name, "text": self._text}, ensure_ascii=False).encode()
        head = (
            f"POST /v1/notices HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n"
            f"Idempotency-Key: {name}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    @staticmethod
    async def _read_answer(reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 201"):
            raise RuntimeError(head.decode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
