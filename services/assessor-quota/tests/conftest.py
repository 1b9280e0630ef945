"""The desk the handlers are tried at, and the API with three assessors on the register."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from assessor_quota import api
from assessor_quota.store import AGGREGATES, INDEXES, Store
from chassis.clock import FixedClock
from chassis.testing import Bench
from chassis.testing.http import ApiStand, Caller, api_stand
from messages.values import Role

from .calls import OTHER_NUMBER, registration
from .kit import KEYS, NORTH, NOW, NUMBER, OTHER, SOUTH, desk


@pytest.fixture
async def bench() -> Bench[Store]:
    return await desk()


@pytest.fixture
async def office() -> AsyncIterator[ApiStand]:
    async with api_stand(
        "assessor-quota",
        lambda gate: api.router(gate, KEYS),
        aggregates=AGGREGATES,
        indexes=INDEXES,
        clock=FixedClock(NOW),
    ) as office:
        yield office


@pytest.fixture
def region(office: ApiStand) -> Caller:
    return office.as_(Role.REGIONAL_OFFICER)


@pytest.fixture
async def registered(office: ApiStand, region: Caller) -> ApiStand:
    """North and South with the same legal representative, Other with one of its own."""
    for uscc, number in ((NORTH, NUMBER), (SOUTH, NUMBER), (OTHER, OTHER_NUMBER)):
        assert (await region.post("/v1/assessors", json=registration(uscc, number))).status_code == 201
    return office
