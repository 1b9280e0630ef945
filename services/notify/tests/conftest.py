"""The handlers on a store in memory, and the API with a refused application, a registered assessor and its callers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from devkit import HandlerHarness
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Role
from notify.api import router
from notify.handlers.notifications import notify
from notify.store import AGGREGATES, INDEXES, Store

from .builders import AT, OTHER, REFUSED, REGISTERED, STEEL


@pytest.fixture
def handlers() -> HandlerHarness[Store]:
    return HandlerHarness(Store, AGGREGATES, INDEXES)


@pytest.fixture
async def api() -> AsyncIterator[ApiHarness[Store]]:
    clock = FixedClock(AT)
    async with api_harness("notify", router, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=clock) as api:
        await api.perform(notify, REFUSED)
        await api.perform(notify, REGISTERED)
        yield api


@pytest.fixture
def applicant(api: ApiHarness[Store]) -> ApiClient:
    """The unit whose application was refused, in Baotou."""
    return api.client_as(Role.APPLICANT, organisation=STEEL)


@pytest.fixture
def other_applicant(api: ApiHarness[Store]) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=OTHER)


@pytest.fixture
def officer(api: ApiHarness[Store]) -> ApiClient:
    """The department of the applicant's prefecture."""
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture="150200")


@pytest.fixture
def other_prefecture_officer(api: ApiHarness[Store]) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture="150300")


@pytest.fixture
def operator(api: ApiHarness[Store]) -> ApiClient:
    return api.client_as(Role.OPERATOR)
