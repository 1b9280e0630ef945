"""The desk the handlers are tried at, and the API with three assessors on the register."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from assessor_quota import api
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.clock import FixedClock
from devkit import HandlerHarness
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from messages.values import Role

from .calls import OTHER_NUMBER, registration
from .kit import KEYS, NORTH, NOW, NUMBER, OTHER, SOUTH, desk


@pytest.fixture
async def bench() -> HandlerHarness[Store]:
    return await desk()


@pytest.fixture
async def office() -> AsyncIterator[ApiHarness[Any]]:
    async with api_harness(
        "assessor-quota",
        api.router(KEYS),
        Store,
        body_limits=api.BODY_LIMITS,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        clock=FixedClock(NOW),
    ) as office:
        yield office


@pytest.fixture
def region(office: ApiHarness[Any]) -> ApiClient:
    return office.client_as(Role.REGIONAL_OFFICER)


@pytest.fixture
async def registered(office: ApiHarness[Any], region: ApiClient) -> ApiHarness[Any]:
    """North and South with the same legal representative, Other with one of its own."""
    for uscc, number in ((NORTH, NUMBER), (SOUTH, NUMBER), (OTHER, OTHER_NUMBER)):
        assert (await region.post("/v1/assessors", json=registration(uscc, number))).status_code == 201
    return office
