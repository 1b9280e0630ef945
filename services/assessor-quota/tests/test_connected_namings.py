"""A word and a submission at the same moment, on the real database: neither passes the other unseen (Q5)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable

import pytest
from assessor_quota.domain.item import ItemState
from assessor_quota.handlers.application_progress import with_progress
from assessor_quota.handlers.items import release_item, reserve_item
from assessor_quota.handlers.namings import confirm_namings, deny_naming
from assessor_quota.handlers.register import register_assessor
from assessor_quota.store import AGGREGATES, INDEXES, Store
from devkit.clock import FixedClock
from devkit.committer_cluster import CommitterCluster, committer_cluster
from devkit.private_servers import PrivateServers
from messages.assessor_quota import NamingDenied, QuotaItemReleased, QuotaItemReserved

from .builders import LIMIT, NOW, assessor, registration, submitted, withdrawn
from .test_connected import SERVICE, invented, lines, person
from .words import confirmation, denial

pytestmark = pytest.mark.connected

PROCESSES, ASSESSORS = 4, 3
NAMES = [f"app-{number}" for number in range(LIMIT * ASSESSORS)]
"""As many as there are places: a place too few or too many would show."""
submit = with_progress(reserve_item)
"""As the subscription handles it."""


@pytest.fixture
async def four(servers: PrivateServers) -> AsyncIterator[CommitterCluster[Store]]:
    async with committer_cluster(
        servers, SERVICE, Store, aggregates=AGGREGATES, indexes=INDEXES, clock=FixedClock(NOW), count=PROCESSES
    ) as opened:
        for number in range(ASSESSORS):
            await opened.perform(0, register_assessor, registration(assessor(invented(number), person(number))))
        yield opened


def named(at: int) -> str:
    return invented(at % ASSESSORS)


async def after(turns: int, work: Awaitable[object]) -> object:
    await asyncio.sleep(turns % 5 * 0.002)
    return await work


async def states(four: CommitterCluster[Store]) -> Counter[ItemState]:
    return Counter(each.state for each in await four.read().items.find())


async def places(four: CommitterCluster[Store]) -> set[str]:
    return {each for number in range(ASSESSORS) for each in await lines(four.read(), person(number))}


@pytest.mark.rule("Q2", "Q5")
async def test_a_word_that_races_its_submission_always_takes_the_place(four: CommitterCluster[Store]) -> None:
    """Whichever commits first: none waits for a word that is there (write skew)."""
    await asyncio.gather(
        *(four.perform(at % 4, submit, submitted(each, named(at))) for at, each in enumerate(NAMES)),
        *(
            after(at, four.perform((at + 1) % 4, confirm_namings, confirmation(each, by=named(at))))
            for at, each in enumerate(NAMES)
        ),
    )
    assert await states(four) == {ItemState.RESERVED: len(NAMES)}
    assert await places(four) == set(NAMES)
    assert (await four.published())[QuotaItemReserved.type] == len(NAMES)


@pytest.mark.rule("Q2", "Q5")
async def test_a_denial_that_races_the_submission_or_a_withdrawal_leaves_no_place_taken(
    four: CommitterCluster[Store],
) -> None:
    for at, each in enumerate(NAMES):
        await four.perform(0, confirm_namings, confirmation(each, by=named(at)))
    leaving = NAMES[::3]
    await asyncio.gather(
        *(four.perform(at % 4, submit, submitted(each, named(at))) for at, each in enumerate(NAMES)),
        *(
            after(at, four.perform((at + 1) % 4, deny_naming, denial(each, by=named(at))))
            for at, each in enumerate(NAMES)
        ),
        *(after(at, four.perform((at + 2) % 4, release_item, withdrawn(each))) for at, each in enumerate(leaving)),
    )
    assert not (await states(four)).keys() & {ItemState.RESERVED, ItemState.AWAITING}
    assert await places(four) == set()
    said = await four.published()
    assert said[QuotaItemReleased.type] == said[QuotaItemReserved.type]
    assert said[NamingDenied.type] <= said[QuotaItemReserved.type]
