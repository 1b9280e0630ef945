"""Runs a process of a service until it receives SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from types import FrameType

import uvicorn

from chassis.observability import logs
from chassis.runtime.process import Process
from chassis.runtime.service import ServiceDefinition

GC_THRESHOLDS = (50_000, 20, 100)
"""A work item creates many short-lived objects; collecting every 700 of them measured a sixth of the speed."""
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(service: ServiceDefinition) -> None:
    """Run one process of ``service`` in the role its settings name, until SIGTERM or SIGINT."""
    logs.configure(service.name, service.settings.log_level)
    for number in STOP_SIGNALS:
        signal.signal(number, _exit)
    _tune_garbage_collection()
    asyncio.run(_serve(service))


async def _serve(service: ServiceDefinition) -> None:
    """Serve; stop HTTP before the rest, so that open requests are answered."""
    process = Process(service)
    settings = service.settings
    config = uvicorn.Config(
        process.app,
        host=settings.host,
        port=settings.port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(settings.shutdown_timeout_seconds),
    )
    async with process:
        await uvicorn.Server(config).serve()


def _exit(_number: int, _frame: FrameType | None) -> None:
    """Exit in order, and only once: a second signal must not interrupt the shutdown."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _tune_garbage_collection() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
