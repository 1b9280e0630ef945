"""A contestant in a process of its own: comes up, waits for ``go``, does its work and says how long it took."""

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
from chassis.runtime.process import Process
from chassis.runtime.run import GC_THRESHOLDS
from devkit.servers import Broker, Mongod

from tests.bench.measure import CpuTime, Run

LONGEST = 120
T = TypeVar("T")


class Servers(NamedTuple):
    broker: Broker
    mongod: Mongod

    def processors(self, pid: int) -> CpuTime:
        return CpuTime({"service": pid, "mongod": self.mongod.process.pid, "broker": self.broker.process.pid})


@dataclass(frozen=True)
class Start:
    """Which of a module's contestants, and what it is told."""

    module: str
    name: str
    task: Mapping[str, object]
    environment: Mapping[str, str] = field(default_factory=dict)


# ---- from outside ----


@asynccontextmanager
async def start(launch: Start) -> AsyncIterator[Child]:
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


async def ready(child: Child) -> None:
    """Wait until it is up: what that costs is no part of any measurement."""
    await _line(child)


def go(child: Child) -> None:
    assert child.stdin is not None
    child.stdin.write(b"go\n")


async def seconds(child: Child) -> float:
    """What it took, when it is done."""
    async with asyncio.timeout(LONGEST):
        return float(await _line(child))


async def measured(launch: Start, servers: Servers, messages: int, fill: Callable[[], Awaitable[None]]) -> Run:
    """One run: the queue is filled while the contestant comes up."""
    async with start(launch) as child:
        await fill()
        await ready(child)
        processors = servers.processors(child.pid)
        go(child)
        took = await seconds(child)
        used = processors.used()
    return Run(messages, took, used)


async def _line(child: Child) -> bytes:
    assert child.stdout is not None
    line = await child.stdout.readline()
    if not line:
        raise RuntimeError("the contestant ended before it was done")
    return line


# ---- from inside ----


def run(contestants: Mapping[str, Callable[[T], Coroutine[Any, Any, float]]], task: Callable[..., T]) -> None:
    """Do what the command line says, under the same conditions for every contestant."""
    name, told = sys.argv[1], task(**json.loads(sys.argv[2]))
    logs.configure("bench", "ERROR")
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    print("ready", flush=True)
    sys.stdin.readline()
    print(asyncio.run(contestants[name](told)), flush=True)


async def drained(process: Process, messages: int) -> float:
    """Seconds from the first delivery until nothing of what ``messages`` led to is unsent, as for the floor."""
    began = 0.0
    receive = process.reception.dispatch

    async def watched(delivery: Delivery) -> bool:
        nonlocal began
        began = began or time.perf_counter()
        return await receive(delivery)

    process.reception.dispatch = watched  # type: ignore[method-assign]
    async with process:
        while process.metrics.relay_published._value.get() < messages or process.relay._lanes.held:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.002)
        return time.perf_counter() - began
