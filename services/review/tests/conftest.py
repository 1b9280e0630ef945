"""Review behind its API, with nothing filed yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from chassis.clock import FixedClock
from devkit.api_harness import api_harness
from review.api import router
from review.store import AGGREGATES, INDEXES, Store

from .season import Season
from .story import OPENED, at


@pytest.fixture(scope="module")
async def served() -> AsyncIterator[Season]:
    clock = FixedClock(at(OPENED))
    async with api_harness("review", router(), Store, aggregates=AGGREGATES, clock=clock, indexes=INDEXES) as stand:
        yield Season(stand, clock)


@pytest.fixture
def season(served: Season) -> Season:
    """A new year with nothing filed yet."""
    served.stand.memory.collections, served.stand.memory.outbox = {}, []
    served.clock.move_to(at(OPENED))
    return served
