"""No callback of the event loop grows with the number of documents: what is long is cut, or leaves the loop."""

from __future__ import annotations

import asyncio
import time

import pytest
from chassis.persistence.mongo import Database
from devkit.private_servers import PrivateServers

from tests.bench import growth

pytestmark = [pytest.mark.connected, pytest.mark.timeout(900)]

FEW, MANY = 500, 4_000
ALLOWED = 3.0
"""Times that the longest callback may grow while the documents grow eightfold."""
SHORT = 0.01
"""CPU seconds of a callback below which growth says nothing."""
ATTEMPTS = 2
"""A callback that grows does so each time; one that another process or a collection of garbage disturbed, once."""


@pytest.mark.parametrize("part", growth.parts())
async def test_no_callback_grows_with_the_number_of_documents(part: str, servers: PrivateServers) -> None:
    measure = growth.parts()[part]
    ratios = [await ratios_of(measure, servers)]
    while any(ratio > ALLOWED for ratio in least(ratios).values()) and len(ratios) < ATTEMPTS:
        ratios.append(await ratios_of(measure, servers))
    assert {name: ratio for name, ratio in least(ratios).items() if ratio > ALLOWED} == {}


async def test_callback_that_grows_is_found(servers: PrivateServers) -> None:
    async def burn(size: int) -> None:
        until = time.thread_time() + 20e-6 * size
        while time.thread_time() < until:
            pass

    async def measure(size: int, _database: Database, probe: growth.Probe) -> None:
        async with probe("whole"):
            await asyncio.create_task(burn(size))
        async with probe("cut"):
            for _ in range(size // FEW):
                await asyncio.create_task(burn(FEW))

    ratios = await ratios_of(measure, servers)
    assert ratios["whole"] > ALLOWED > ratios["cut"]


async def ratios_of(measure: growth.Measure, servers: PrivateServers) -> dict[str, float]:
    """Longest callback with many documents ÷ with few, by act."""
    with growth._collected_as_in_a_service():
        rows = await growth._measure("part", measure, servers, (FEW, MANY))  # type: ignore[arg-type] # only its mongod
    longest = {(row.name, row.size): max(row.callback, SHORT) for row in rows}
    return {row.name: longest[row.name, MANY] / longest[row.name, FEW] for row in rows}


def least(ratios: list[dict[str, float]]) -> dict[str, float]:
    return {name: min(each[name] for each in ratios) for name in ratios[0]}
