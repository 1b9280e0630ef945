"""HTTP submits of 4 KB: a real server process with token, policy and idempotency key; the load from raw sockets."""

from __future__ import annotations

import asyncio
import json
import os
import sys
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
from devkit.servers.processes import free_ports, until_accepting

from tests.bench.competitor import Servers
from tests.bench.measure import Latencies, Run
from tests.bench.rounds import SERVICE, topology
from tests.support.service_environment import service_environment

READY_WITHIN = 30
CONNECTIONS = 64
ROUNDS = 3
SECONDS = 2.5
BODY = 4096
GATHERED, SINGLY = 100, 1
"""Submits in one commit, at most."""


@dataclass
class Submits:
    """By kind of commit: the most it takes, how long a caller waits then, and how long at half of that."""

    full: dict[int, list[Run]] = field(default_factory=lambda: defaultdict(list))
    at_full: dict[int, list[Latencies]] = field(default_factory=lambda: defaultdict(list))
    at_half: dict[int, list[Latencies]] = field(default_factory=lambda: defaultdict(list))

    def add(self, batch: int, run: Run, full: Latencies, half: Latencies) -> None:
        self.full[batch].append(run)
        self.at_full[batch].append(full)
        self.at_half[batch].append(half)


async def submit_rounds(servers: Servers, folder: Path) -> Submits:
    """Group commit and a transaction for each request in turn, on servers and databases of their own."""
    submits, issuer = Submits(), DevelopmentIssuer(folder / "keys", Mode.LOCAL)
    async with _server(GATHERED, servers, issuer) as gathered, _server(SINGLY, servers, issuer) as singly:
        for number in range(1, ROUNDS + 1):
            for served in (gathered, singly):
                run, full, half = await _round(served, servers)
                print(f"round {number}  submits in batches of {served.batch:3} {run.rate:8.0f}/s", flush=True)
                submits.add(served.batch, run, full, half)
    return submits


async def _round(served: _Served, servers: Servers) -> tuple[Run, Latencies, Latencies]:
    processors = servers.processors(served.pid)
    full = await served.load.run(SECONDS)
    done = len(full.seconds)
    run = Run(done, done / full.rate, processors.used())
    return run, full, await served.load.run(SECONDS, rate=run.rate / 2)


@dataclass(frozen=True)
class _Served:
    batch: int
    pid: int
    load: Load


@asynccontextmanager
async def _server(batch: int, servers: Servers, issuer: DevelopmentIssuer) -> AsyncIterator[_Served]:
    """A server that is up and warm."""
    stand = PrivateServers(servers.broker, servers.mongod)
    vhost, database, (port,) = await stand.vhost(topology()), await stand.database("submit"), free_ports(1)
    told = service_environment(stand.amqp_url(vhost, SERVICE), database, issuer) | {
        "GREEN_PORT": str(port),
        "GREEN_ROLE": "api",
        "GREEN_MAX_BATCH_SIZE": str(batch),
        "GREEN_LOG_LEVEL": "ERROR",
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.server", env={**os.environ, **told}
    )
    try:
        await until_accepting([port], within=READY_WITHIN)
        load = Load(port, issuer.mint(role="regional_officer"))
        await load.run(1.0)
        yield _Served(batch, server.pid, load)
    finally:
        server.terminate()
        await server.wait()


class Load:
    """Keep-alive connections that post and wait for the answer, as fast as it comes or at a steady rate."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._text = "绿" * (BODY // 3 - 20)

    async def run(self, seconds: float, rate: float | None = None) -> Latencies:
        """Post for so long and wait for the last answer; at a steady rate latency counts from when it was due."""
        began = time.perf_counter()
        interval = 0.0 if rate is None else CONNECTIONS / rate
        lanes = [self._lane(began + seconds, interval, interval * place / CONNECTIONS) for place in range(CONNECTIONS)]
        found = [latency for lane in await asyncio.gather(*lanes) for latency in lane]
        return Latencies(tuple(found), len(found) / (time.perf_counter() - began))

    async def _lane(self, until: float, interval: float, offset: float) -> list[float]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        latencies = []
        due = time.perf_counter() + offset
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            began = due if interval else time.perf_counter()
            writer.write(self._request())
            await self._answer(reader)
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
    async def _answer(reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 201"):
            raise RuntimeError(head.decode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
