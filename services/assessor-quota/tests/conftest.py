"""The desk the handlers are tried at."""

from __future__ import annotations

import pytest
from assessor_quota.store import Store
from chassis.testing import Bench

from .kit import desk


@pytest.fixture
async def bench() -> Bench[Store]:
    return await desk()
