"""The handlers and the API on a store in memory, with one unit on its prefecture's list, and those who call it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from applications import api, handlers
from applications.file_store import FileStore
from applications.store import AGGREGATES, INDEXES, Store
from chassis.clock import FixedClock
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from messages.values import Role

from .calls import KEYS
from .neighbours import KEY
from .story import BY_ASSESSOR, NOW, PARK, STEEL, Desk, keep_standing, registered, standing


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[ApiHarness[Any]]:
    routes = partial(api.router, vault=FileStore(tmp_path), keys=KEYS)
    async with api_harness(
        "applications", routes(), Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW)
    ) as opened:
        await opened.perform(keep_standing, standing())
        yield opened


@pytest.fixture
def unit(served: ApiHarness[Any]) -> ApiClient:
    return served.client_as(Role.APPLICANT, organisation=STEEL.uscc, subject="li")


@pytest.fixture
def stranger(served: ApiHarness[Any]) -> ApiClient:
    return served.client_as(Role.APPLICANT, organisation=PARK.uscc, subject="ma")


@pytest.fixture
def officer(served: ApiHarness[Any]) -> ApiClient:
    return served.client_as(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, subject="officer-1")


@pytest.fixture
def elsewhere(served: ApiHarness[Any]) -> ApiClient:
    return served.client_as(Role.PREFECTURE_OFFICER, prefecture="150100", subject="officer-2")


@pytest.fixture
async def desk() -> Desk:
    return await Desk().prepared()


@pytest.fixture
async def waiting(desk: Desk) -> Desk:
    """An assessor's report was submitted and waits for its item."""
    await desk.bench.handle(handlers.record_assessor, registered(), NOW)
    await desk.drafted(evaluation=BY_ASSESSOR)
    await desk.submitted(KEY)
    return desk


@pytest.fixture
async def accepted(desk: Desk) -> Desk:
    await desk.drafted()
    await desk.submitted(KEY)
    return desk
