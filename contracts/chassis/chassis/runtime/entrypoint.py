"""Runs a process of a service until it receives SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from math import ceil
from types import FrameType

import uvicorn
import uvloop
from starlette.types import ASGIApp

from chassis.observability import logs
from chassis.runtime.connections import ApplicationsByPort, ConnectionLimits, listen, protocol_within
from chassis.runtime.process import Process
from chassis.runtime.service import ServiceDefinition

GC_THRESHOLDS = (10_000, 10, 100)
"""A work item creates many short-lived objects; collecting every 700 of them measured a sixth of the speed, every
50,000 holds the loop 60 ms at a time under load."""
LISTENERS = 8
"""Handles on the listening socket. libuv (since 1.45) accepts one connection for each handle in a pass of the loop: by
one handle, those who came in a burst waited a second for their 503."""
LOOPS: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.new_event_loop,
}
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(service: ServiceDefinition) -> None:
    """Run one process of ``service`` in the role its settings name, until SIGTERM or SIGINT."""
    logs.configure(service.name, service.settings.log_level)
    for number in STOP_SIGNALS:
        signal.signal(number, _exit)
    _tune_garbage_collection()
    with asyncio.Runner(loop_factory=LOOPS[service.settings.event_loop]) as runner:
        runner.run(_serve(service))


async def _serve(service: ServiceDefinition) -> None:
    """Serve; stop HTTP before the rest, so that open requests are answered."""
    process = Process(service)
    settings = service.settings
    applications: dict[int, ASGIApp] = {settings.monitoring_port: process.monitoring_app}
    if process.app is not None:
        applications[settings.port] = process.app
    config = uvicorn.Config(
        ApplicationsByPort(applications),
        lifespan="off",
        log_config=None,
        access_log=False,
        http=protocol_within(ConnectionLimits.of(settings)),
        ws="none",
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=ceil(settings.idle_timeout_seconds),
        timeout_graceful_shutdown=int(settings.shutdown_timeout_seconds),
    )
    async with process:
        with ExitStack() as sockets:
            listening = [sockets.enter_context(listen(settings.host, port)) for port in applications]
            # The public port last, and as often as the loop is to accept from it in one pass.
            again = [sockets.enter_context(listening[-1].dup()) for _ in range(LISTENERS - 1)]
            await uvicorn.Server(config).serve(sockets=[*listening, *again])


def _exit(_number: int, _frame: FrameType | None) -> None:
    """Exit in order, and only once: a second signal must not interrupt the shutdown."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _tune_garbage_collection() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
