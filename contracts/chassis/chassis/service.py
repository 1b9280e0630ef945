"""What a service is made of, and how its process runs."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import uvicorn
from fastapi import APIRouter

from chassis import logs
from chassis.bus import Hears
from chassis.http import Gate
from chassis.jobs import Job
from chassis.measures import Measure
from chassis.process import Process
from chassis.recorded import RECORD_INDEXES
from chassis.settings import Settings
from chassis.steps import Steps
from chassis.store import Index
from chassis.tracing import Tracing
from chassis.unit import Unit

GC_THRESHOLDS = (50_000, 20, 100)
"""A work makes many short-lived objects: collecting every 700 of them was measured to cost a sixth of the speed."""
ENDINGS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Service:
    """All wiring of one service, in one place: its main.py."""

    name: str
    settings: Settings
    store: Callable[[Unit], Any]
    aggregates: Mapping[str, str]
    indexes: Sequence[Index] = ()
    hears: Sequence[Hears] = ()
    router: Callable[[Gate], APIRouter] | None = None
    jobs: Sequence[Job] = ()
    measures: Sequence[Measure] = ()
    pings: Mapping[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)
    """Of resources that only this service has, for example its mail server."""
    steps: Steps | None = None
    """An observer that fault tests wire in."""
    tracing: Tracing | None = None
    """In place of the one that the settings ask for; tests wire it in."""

    @property
    def all_indexes(self) -> tuple[Index, ...]:
        return (*self.indexes, *RECORD_INDEXES)


def run(service: Service) -> None:
    """Run one process of ``service`` in the role its settings name, until SIGTERM or SIGINT."""
    logs.configure(service.name, service.settings.log_level)
    for number in ENDINGS:
        signal.signal(number, _leave)
    _tune_garbage_collection()
    asyncio.run(_serve(service))


async def _serve(service: Service) -> None:
    """HTTP goes first and the rest after it: who asked is answered before what answers is taken away."""
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
        timeout_graceful_shutdown=int(settings.stop_within_seconds),
    )
    async with process:
        await uvicorn.Server(config).serve()


def _leave(_number: int, _frame: FrameType | None) -> None:
    """End in order, and only once: a second signal must not interrupt what the first one began."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _tune_garbage_collection() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
