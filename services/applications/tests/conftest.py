"""An API on a store in memory, with one unit on its prefecture's list, and those who call it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from applications import api
from applications.store import AGGREGATES, INDEXES, Store
from applications.vault import Vault
from chassis.clock import FixedClock
from chassis.testing.http import ApiStand, Caller, api_stand
from messages.values import Role

from .calls import KEYS
from .story import NOW, PARK, STEEL, keep_standing, standing


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[ApiStand]:
    routes = partial(api.router, vault=Vault(tmp_path), keys=KEYS)
    async with api_stand(
        "applications", routes, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW)
    ) as opened:
        await opened.perform(keep_standing, standing(), Store)
        yield opened


@pytest.fixture
def unit(served: ApiStand) -> Caller:
    return served.as_(Role.APPLICANT, organisation=STEEL.uscc, subject="li")


@pytest.fixture
def stranger(served: ApiStand) -> Caller:
    return served.as_(Role.APPLICANT, organisation=PARK.uscc, subject="ma")


@pytest.fixture
def officer(served: ApiStand) -> Caller:
    return served.as_(Role.PREFECTURE_OFFICER, prefecture=STEEL.prefecture, subject="officer-1")


@pytest.fixture
def elsewhere(served: ApiStand) -> Caller:
    return served.as_(Role.PREFECTURE_OFFICER, prefecture="150100", subject="officer-2")
