"""The handlers on a store in memory, the API with three assessors on the register, and its clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from assessor_quota.api import router
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.spreadsheets import WorkbookLimits, WorkbookReader
from devkit import HandlerHarness
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Role

from .api_calls import OTHER_NUMBER, registration
from .builders import KEYS, NORTH, NOW, NUMBER, OTHER, SOUTH
from .harness import handler_harness


@pytest.fixture
async def handlers() -> HandlerHarness[Store]:
    return await handler_harness()


@pytest.fixture
async def api() -> AsyncIterator[ApiHarness[Any]]:
    async with api_harness(
        "assessor-quota",
        router,
        Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        clock=FixedClock(NOW),
        state={"keys": KEYS, "workbooks": WorkbookReader(WorkbookLimits(at_once=20))},
    ) as opened:
        yield opened


@pytest.fixture
def regional_officer(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.REGIONAL_OFFICER)


@pytest.fixture
async def api_with_assessors(api: ApiHarness[Any], regional_officer: ApiClient) -> ApiHarness[Any]:
    """North and South with the same legal representative, Other with one of its own."""
    for uscc, number in ((NORTH, NUMBER), (SOUTH, NUMBER), (OTHER, OTHER_NUMBER)):
        assert (await regional_officer.post("/v1/assessors", json=registration(uscc, number))).status_code == 201
    return api
