"""OpenAPI: the HTTP interface of each service, from its own application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chassis.clock import Clock, SystemClock
from devkit.api_harness import ApiHarness, api_harness

from deploy.generate.documents.service_instances import instantiate
from deploy.services import SERVICES, Service


@asynccontextmanager
async def serve_api(service: Service, clock: Clock | None = None) -> AsyncIterator[ApiHarness[Any]]:
    """Serve the API of ``service`` in memory, built by its own main.py."""
    with TemporaryDirectory() as folder:
        made = instantiate(service, Path(folder))
        assert made.router is not None  # noqa: S101 - every service has an API
        async with api_harness(
            made.name,
            made.router,
            made.store,
            aggregates=made.aggregates,
            indexes=made.layout.indexes,
            clock=clock or SystemClock(),
            state=made.state,
        ) as harness:
            yield harness


async def openapi() -> dict[str, dict[str, Any]]:
    """Return service → document."""
    found = {}
    for service in SERVICES:
        async with serve_api(service) as harness:
            found[service.name] = harness.app.openapi()
    return found
