"""Fixtures of review: its handlers in memory, its API, and the people who use it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Prefecture, Role
from review.api import router
from review.store import AGGREGATES, INDEXES, Store

from .api_calls import HERE, Participants
from .builders import COPPER, OPENED, STEEL, at
from .harness import Deliver, ReviewHarness, deliver_once, deliver_repeatedly


@pytest.fixture
def handlers() -> ReviewHarness:
    """Return the handlers of review on an empty store."""
    return ReviewHarness()


@pytest.fixture(params=[deliver_once, deliver_repeatedly], ids=["once", "repeatedly"])
def deliver(request: pytest.FixtureRequest) -> Deliver:
    """Deliver messages to new handlers: each once, and in another run each three times."""
    told: Deliver = request.param
    return told


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    return FixedClock(at(OPENED))


@pytest.fixture(scope="module")
async def running_api(clock: FixedClock) -> AsyncIterator[ApiHarness[Store]]:
    async with api_harness("review", router, Store, aggregates=AGGREGATES, clock=clock, indexes=INDEXES) as running:
        yield running


@pytest.fixture
def api(running_api: ApiHarness[Store], clock: FixedClock) -> ApiHarness[Store]:
    """Return the API in a new year with nothing filed yet."""
    running_api.memory.collections, running_api.memory.outbox = {}, []
    clock.move_to(at(OPENED))
    return running_api


@pytest.fixture
def applicant(api: ApiHarness[Store]) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=STEEL)


@pytest.fixture
def other_applicant(api: ApiHarness[Store]) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=COPPER)


@pytest.fixture
def officer(api: ApiHarness[Store]) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture=HERE, subject="officer-1")


@pytest.fixture
def other_prefecture_officer(api: ApiHarness[Store]) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture=Prefecture.WUHAI, subject="officer-2")


@pytest.fixture
def participants(api: ApiHarness[Store], clock: FixedClock, applicant: ApiClient, officer: ApiClient) -> Participants:
    return Participants(api, clock, applicant, officer)
