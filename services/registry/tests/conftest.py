"""What most tests of the registry sit at: a desk, and an API with two cleared cases; a file may furnish its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from chassis.clock import FixedClock
from devkit.api_harness import ApiHarness, api_harness
from registry.api import router
from registry.handlers import cases
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.kit import CLOSING, DAIRY, STEEL, Office, at, cleared, unit


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(at(CLOSING))


@pytest.fixture
async def api(clock: FixedClock) -> AsyncIterator[ApiHarness[Any]]:
    async with api_harness("registry", router(), Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock) as api:
        await api.perform(cases.add_line, cleared("app-1", unit(STEEL)))
        await api.perform(cases.add_line, cleared("app-2", unit(DAIRY, name="=HYPERLINK(1)")), Store)
        yield api
