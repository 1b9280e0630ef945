"""The handlers and the API on a store in memory, with one unit on its prefecture's list, and clients of the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from applications.api import router
from applications.handlers import quota
from applications.store import AGGREGATES, INDEXES, Store
from chassis.spreadsheets import WorkbookLimits, WorkbookReader
from devkit.api_harness import ApiClient, ApiHarness, api_harness
from devkit.clock import FixedClock
from messages.values import Role

from .api_calls import KEYS
from .builders import BY_ASSESSOR, NOW, PARK, STEEL, assessor_registered, standing
from .builders_events import KEY
from .harness import ApplicationsHarness, save_standing


@pytest.fixture
async def api() -> AsyncIterator[ApiHarness[Any]]:
    async with api_harness(
        "applications",
        router,
        Store,
        aggregates=AGGREGATES,
        indexes=INDEXES,
        clock=FixedClock(NOW),
        state={"keys": KEYS, "workbooks": WorkbookReader(WorkbookLimits(at_once=20))},
    ) as opened:
        await opened.perform(save_standing, standing())
        yield opened


@pytest.fixture
def applicant(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=STEEL.uscc, subject="li")


@pytest.fixture
def other_applicant(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.APPLICANT, organisation=PARK.uscc, subject="ma")


@pytest.fixture
def officer(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, subject="officer-1")


@pytest.fixture
def other_prefecture_officer(api: ApiHarness[Any]) -> ApiClient:
    return api.client_as(Role.PREFECTURE_OFFICER, prefecture="150100", subject="officer-2")


@pytest.fixture
async def handlers() -> ApplicationsHarness:
    return await ApplicationsHarness().prepare()


@pytest.fixture
async def awaiting_item(handlers: ApplicationsHarness) -> ApplicationsHarness:
    """An assessor's report was submitted and waits for its item."""
    await handlers.handle(quota.record_assessor, assessor_registered(), NOW)
    await handlers.draft(evaluation=BY_ASSESSOR)
    await handlers.submit(KEY)
    return handlers


@pytest.fixture
async def in_review(handlers: ApplicationsHarness) -> ApplicationsHarness:
    """A complete application with a report of the unit's own was submitted and accepted."""
    await handlers.draft()
    await handlers.submit(KEY)
    return handlers
