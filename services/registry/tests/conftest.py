"""The handlers on a store in memory, and the API with two cleared cases and its callers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Prefecture, Role
from registry.api import router
from registry.handlers import cases
from registry.store import AGGREGATES, INDEXES, Store

from services.registry.tests.builders import CLOSING, DAIRY, STEEL, at, case_cleared, unit
from services.registry.tests.harness import RegistryHandlers


@pytest.fixture
def handlers() -> RegistryHandlers:
    return RegistryHandlers()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(at(CLOSING))


@pytest.fixture
async def api(clock: FixedClock) -> AsyncIterator[ApiHarness[Any]]:
    async with api_harness("registry", router, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock) as api:
        await api.perform(cases.add_line, case_cleared("app-1", unit(STEEL)))
        await api.perform(cases.add_line, case_cleared("app-2", unit(DAIRY, name="=HYPERLINK(1)")))
        yield api


@pytest.fixture
def applicant(api: ApiHarness[Any]) -> ApiClient:
    """The unit of the first case, in Hohhot."""
    return api.client_as(Role.APPLICANT, organisation=STEEL)


@pytest.fixture
def other_applicant(api: ApiHarness[Any]) -> ApiClient:
    """The unit of the second case."""
    return api.client_as(Role.APPLICANT, organisation=DAIRY)


@pytest.fixture
def officer(api: ApiHarness[Any]) -> ApiClient:
    """The department of the prefecture in which both units are."""
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.HOHHOT)


@pytest.fixture
def other_prefecture_officer(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.BAOTOU)


@pytest.fixture
def regional_officer(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.REGIONAL_OFFICER, subject="officer-1")
