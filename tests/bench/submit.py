"""HTTP submits of 4 KB: a real server process with token, policy and idempotency key; the load from raw sockets."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from chassis.issuer import DevelopmentIssuer
from chassis.servers import Broker, Mongod
from chassis.servers.processes import free_ports
from chassis.settings import Mode
from chassis.testing.stack import Stand

from tests.bench.measure import Processors, Run, percentile
from tests.bench.rounds import SERVICE, topology

CONNECTIONS = 64
SECONDS = 5.0
BODY = 4096


@dataclass(frozen=True)
class Submits:
    """What one kind of commit comes to: the most it takes, and how long a caller waits at half of that."""

    batch: int
    full: Run
    full_latencies: tuple[float, ...]
    half_rate: float
    half_latencies: tuple[float, ...]

    def milliseconds(self, share: float, *, half: bool) -> float:
        return percentile(self.half_latencies if half else self.full_latencies, share) * 1000


async def submit_rounds(broker: Broker, mongod: Mongod, folder: Path) -> list[Submits]:
    """Group commit and a transaction for each request, one after the other, on databases of their own."""
    return [await _submits(batch, broker, mongod, folder) for batch in (100, 1)]


async def _submits(batch: int, broker: Broker, mongod: Mongod, folder: Path) -> Submits:
    issuer = DevelopmentIssuer(folder / "keys", Mode.LOCAL)
    stand = Stand(broker, mongod)
    vhost, database, (port,) = await stand.vhost(topology()), await stand.database("submit"), free_ports(1)
    environment = {
        "GREEN_AMQP_URL": stand.amqp_url(vhost, SERVICE),
        "GREEN_MONGO_URL": database.url,
        "GREEN_DATABASE": database.name,
        "GREEN_JWKS_FILE": str(issuer.jwks_file),
        "GREEN_PORT": str(port),
        "GREEN_ROLE": "api",
        "GREEN_BATCH_MAX": str(batch),
        "GREEN_LOG_LEVEL": "ERROR",
    }
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.server", env={**os.environ, **environment}
    )
    try:
        await _until_ready(port)
        load = Load(port, issuer.mint(role="regional_officer"))
        await load.run(1.0)
        processors = Processors({"service": server.pid, "mongod": mongod.process.pid, "broker": broker.process.pid})
        full = await load.run(SECONDS)
        run = Run(len(full), SECONDS, processors.used())
        half = await load.run(SECONDS, rate=run.rate / 2)
    finally:
        server.terminate()
        await server.wait()
    print(f"submit, batches of {batch:3}: {run.rate:6.0f}/s", flush=True)
    return Submits(batch, run, tuple(full), len(half) / SECONDS, tuple(half))


async def _until_ready(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


class Load:
    """Keep-alive connections that post and wait for the answer, as fast as it comes or at a steady rate."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self._text = "绿" * (BODY // 3 - 20)

    async def run(self, seconds: float, rate: float | None = None) -> list[float]:
        """Latency in seconds of each answered submit; at a steady rate it counts from when it was due."""
        until = time.perf_counter() + seconds
        interval = 0.0 if rate is None else CONNECTIONS / rate
        lanes = [self._lane(until, interval, interval * place / CONNECTIONS) for place in range(CONNECTIONS)]
        return [latency for lane in await asyncio.gather(*lanes) for latency in lane]

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
