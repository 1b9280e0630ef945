"""Rounds of the hop beside the libraries others use: each peer in its own environment, the product in turn with them.

A peer consumes from its own queue, inserts one document and publishes one message, on the same broker and database, in
the configuration that measured best for it. None but one has inbox, outbox or transaction.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import Process as Child
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import aio_pika
from devkit.private_servers import PrivateServers
from devkit.servers.processes import die_with_parent

from tests.bench.competitor import Servers
from tests.bench.hop_competitors import GROUP, TUNED
from tests.bench.hop_rounds import WARM_UP, drain_queue
from tests.bench.measure import Run

ROUNDS = 3
MESSAGES = 3_000
LONGEST = 60
"""Without one more message published, or to fill a queue."""
LOOK = 0.02
"""Between two looks at the next queue."""
QUEUE, NEXT_QUEUE = "hop", "next"
ENVIRONMENT = Path(".venv/peers/bin")
"""Where `make bench-peers` installs them: their requirements are none of the product's."""


@dataclass(frozen=True)
class Peer:
    """A library, and the command that runs its worker; its module fills the queue in the library's own format."""

    name: str
    module: str
    worker: tuple[str, ...]


def _peer(name: str, module: str, *worker: str) -> Peer:
    path = f"tests.bench.peers.{module}"
    return Peer(name, path, tuple(each.format(module=path) for each in worker))


PEERS = (
    _peer(
        "dramatiq, 1 process, 8 threads", "dramatiq_hop",
        "dramatiq", "{module}", "--processes", "1", "--threads", "8", "--queues", QUEUE, "--skip-logging",
    ),
    _peer(
        "celery, 16 threads", "celery_hop",
        "celery", "--app", "{module}", "worker", "--pool", "threads", "--concurrency", "16", "--queues", QUEUE,
        "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR",
    ),
    _peer(
        "taskiq with aio-pika, 1 worker", "taskiq_hop",
        "taskiq", "worker", "{module}:broker", "--workers", "1", "--ack-type", "when_executed", "--log-level", "ERROR",
    ),
    _peer("nameko, 10 workers", "nameko_hop", "python", "-m", "{module}", "work"),
    _peer("FastStream", "faststream_hop", "python", "-m", "{module}", "work"),
    _peer(
        "FastStream, inbox and outbox, a transaction each", "faststream_hop",
        "python", "-m", "{module}", "work", "outbox",
    ),
)  # fmt: skip


class PeerError(Exception):
    """The peer ended, or stood still, before its queue was empty; with what it said last."""


@dataclass(frozen=True)
class PeerRuns:
    """Runs by name, and why a peer has none."""

    runs: Mapping[str, list[Run]]
    failures: Mapping[str, str]


async def peer_rounds(servers: Servers) -> PeerRuns:
    """Measure the product and each peer in turn, ``ROUNDS`` times; one that does not run is left out and said."""
    runs: dict[str, list[Run]] = defaultdict(list)
    failures: dict[str, str] = {}
    await drain_queue(GROUP, servers, WARM_UP)
    for number in range(1, ROUNDS + 1):
        for competitor in (GROUP, TUNED):
            runs[competitor].append(await drain_queue(competitor, servers, MESSAGES))
        for peer in PEERS:
            if peer.name not in failures:
                try:
                    runs[peer.name].append(await _drain_by_peer(peer, servers))
                except PeerError as problem:
                    failures[peer.name] = str(problem)
                    runs.pop(peer.name, None)
        for name, each in runs.items():
            print(f"round {number}  {name:50} {each[-1].rate:8.0f}/s", flush=True)
    return PeerRuns(dict(runs), failures)


async def _drain_by_peer(peer: Peer, servers: Servers) -> Run:
    """From the first message that the next queue holds until it holds all of them."""
    async with _environment(servers) as variables:
        await _fill(peer, variables)
        async with (
            _start(peer.worker, variables) as worker,
            await aio_pika.connect(variables["PEER_AMQP"]) as connection,
        ):
            channel = await connection.channel()
            first = await _published(channel, 1, worker)
            cpu_time, began = servers.cpu_time(worker.child.pid), time.perf_counter()
            await _published(channel, MESSAGES, worker)
            return Run(MESSAGES - first, time.perf_counter() - began, cpu_time.used())


async def _published(channel: aio_pika.abc.AbstractChannel, expected: int, worker: _Worker) -> int:
    """Wait until the next queue holds as many messages; return how many it holds."""
    count, until = 0, time.perf_counter() + LONGEST
    while time.perf_counter() < until and worker.child.returncode is None:
        queue = await channel.declare_queue(NEXT_QUEUE, passive=True)
        before, count = count, queue.declaration_result.message_count or 0
        if count >= expected:
            return count
        if count > before:
            until = time.perf_counter() + LONGEST
        await asyncio.sleep(LOOK)
    raise PeerError(worker.last_words())


async def _fill(peer: Peer, variables: Mapping[str, str]) -> None:
    async with _start(("python", "-m", peer.module, "fill", str(MESSAGES)), variables) as filler:
        try:
            async with asyncio.timeout(LONGEST):
                await filler.child.wait()
        except TimeoutError:
            raise PeerError(filler.last_words()) from None
        if filler.child.returncode:
            raise PeerError(filler.last_words())


@asynccontextmanager
async def _environment(servers: Servers) -> AsyncIterator[dict[str, str]]:
    """Addresses of an empty vhost and database."""
    private = PrivateServers(servers.broker, servers.mongod)
    vhost, database = await private.vhost(), await private.database("peer")
    yield {
        **{name: value for name, value in os.environ.items() if not name.startswith("GREEN_")},
        "PEER_AMQP": private.amqp_url(vhost),
        "PEER_MONGO": database.url,
        "PEER_DATABASE": database.name,
        "PEER_QUEUE": QUEUE,
        "PEER_NEXT_QUEUE": NEXT_QUEUE,
    }
    await servers.broker.remove_vhost(vhost)
    await servers.mongod.remove_database(database.name)


@dataclass(frozen=True)
class _Worker:
    child: Child
    said: IO[bytes]

    def last_words(self) -> str:
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"no word for {LONGEST} s"


@asynccontextmanager
async def _start(command: Sequence[str], variables: Mapping[str, str]) -> AsyncIterator[_Worker]:
    """Run a command of the peers' environment in a group of its own, which ends with it."""
    with TemporaryFile() as said:
        child = await asyncio.create_subprocess_exec(
            *die_with_parent([str(ENVIRONMENT / command[0]), *command[1:]]),
            env=variables,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        try:
            yield _Worker(child, said)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
