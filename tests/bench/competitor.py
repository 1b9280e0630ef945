"""Runs each competitor in its own process: it starts, waits for ``go``, says when it begins, and then its seconds.

So neither the time nor the CPU time holds its connecting or closing.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
from asyncio.subprocess import Process as Child
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from chassis.inbox.delivery import Delivery
from chassis.observability import logs
from chassis.runtime.entrypoint import GC_THRESHOLDS, LOOPS
from chassis.runtime.process import Process
from chassis.settings import Settings
from devkit.servers import Broker, Mongod
from devkit.servers.processes import wait_until_accepting

from tests.bench.measure import CpuTime, Run

LONGEST = 120
READY_WITHIN = 30
DEFAULT_LOOP = Settings.model_fields["event_loop"].default
T = TypeVar("T")


class Servers(NamedTuple):
    broker: Broker
    mongod: Mongod

    def cpu_time(self, pid: int) -> CpuTime:
        return CpuTime({"service": pid, "mongod": self.mongod.process.pid, "broker": self.broker.process.pid})


@dataclass(frozen=True)
class CompetitorStart:
    """One competitor of a module, with its task."""

    module: str
    name: str
    task: Mapping[str, object]
    environment: Mapping[str, str] = field(default_factory=dict)


# ---- the measuring process ----


@asynccontextmanager
async def start(launch: CompetitorStart) -> AsyncIterator[Child]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", launch.module, launch.name, json.dumps(launch.task),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env={**os.environ, **launch.environment},
    )  # fmt: skip
    try:
        yield child
        await child.wait()
    finally:
        if child.returncode is None:
            child.kill()


@asynccontextmanager
async def server_process(module: str, environment: Mapping[str, str]) -> AsyncIterator[Child]:
    """Run a service's module while it is measured; yields once its port accepts connections."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", module, env={**os.environ, **environment})
    try:
        await wait_until_accepting([int(environment["GREEN_MONITORING_PORT"])], within=READY_WITHIN)
        yield child
    finally:
        child.terminate()
        await child.wait()


async def wait_until_ready(child: Child) -> None:
    """Wait until it is up; the start is not measured."""
    await _read_line(child)


def send_go(child: Child) -> None:
    assert child.stdin is not None
    child.stdin.write(b"go\n")


async def wait_until_begun(child: Child) -> None:
    async with asyncio.timeout(LONGEST):
        await _read_line(child)


async def read_seconds(child: Child) -> float:
    """Wait for the end; return the seconds it took."""
    async with asyncio.timeout(LONGEST):
        return float(await _read_line(child))


async def measure_run(
    launch: CompetitorStart, servers: Servers, messages: int, fill: Callable[[], Awaitable[None]]
) -> Run:
    """Measure one run; the queue is filled while the competitor starts."""
    async with start(launch) as child:
        await fill()
        await wait_until_ready(child)
        send_go(child)
        await wait_until_begun(child)
        cpu_time = servers.cpu_time(child.pid)
        took = await read_seconds(child)
        used = cpu_time.used()
    return Run(messages, took, used)


async def _read_line(child: Child) -> bytes:
    assert child.stdout is not None
    line = await child.stdout.readline()
    if not line:
        raise RuntimeError("the competitor ended before it was done")
    return line


# ---- the measured process ----


def run(competitors: Mapping[str, Callable[[T], Coroutine[Any, Any, None]]], task: Callable[..., T]) -> None:
    """Run the competitor of the command line, under the same conditions for all."""
    name, parameters = sys.argv[1], task(**json.loads(sys.argv[2]))
    logs.configure("bench", "ERROR")
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    print("ready", flush=True)
    sys.stdin.readline()
    with asyncio.Runner(loop_factory=LOOPS[os.environ.get("GREEN_EVENT_LOOP", DEFAULT_LOOP)]) as runner:
        runner.run(competitors[name](parameters))


def begin() -> float:
    """Say that the first message is there; return the moment."""
    print("began", flush=True)
    return time.perf_counter()


def end(began: float) -> None:
    """Say the seconds since then."""
    print(time.perf_counter() - began, flush=True)


async def drain(process: Process, messages: int) -> None:
    """Work from the first delivery until every event of ``messages`` is published, as the baseline does."""
    began = 0.0
    receive = process.dispatcher.dispatch

    async def dispatch_first(delivery: Delivery) -> bool:
        nonlocal began
        began = begin()
        process.dispatcher.dispatch = receive  # type: ignore[method-assign]
        return await receive(delivery)

    process.dispatcher.dispatch = dispatch_first  # type: ignore[method-assign]
    async with process:
        while process.metrics.relay_published._value.get() < messages or process.relay._ordering.in_flight:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.002)
        end(began)
